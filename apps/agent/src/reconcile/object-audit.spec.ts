import { describe, expect, test } from '@jest/globals';
import type { ObjectKey } from '@ambit/rbac';
import { driftEvent } from './object-audit.ts';
import type { LiveObject } from './observed-objects.ts';

const key = 'RoleBinding/payments/ambit-view-abc' as ObjectKey;
const live = (...managedFields: { manager: string; time: string }[]): LiveObject =>
  ({
    kind: 'RoleBinding',
    metadata: { name: 'ambit-view-abc', namespace: 'payments', uid: 'u', managedFields },
  }) as unknown as LiveObject;
const ours = { manager: 'ambit-agent', time: '2026-01-01T00:00:02Z' };

describe('drift', () => {
  test('names the program that wrote last', () => {
    const event = driftEvent(
      key,
      'changed',
      live({ manager: 'kubectl-edit', time: '2026-01-01T00:00:03Z' }, ours),
    );
    expect(event.message).toContain('was changed by kubectl-edit');
    expect(event.details).toEqual({ observedManager: 'kubectl-edit' });
  });

  test('is never said to be our own doing', () => {
    const event = driftEvent(
      key,
      'changed',
      live({ manager: 'kubectl-create', time: '2026-01-01T00:00:01Z' }, ours),
    );
    expect(event.message).toContain('was changed by somebody');
    expect(event).not.toHaveProperty('details');
  });

  test.each(['unknown', ''])(
    'outside row B.8: a writer that calls itself %j is nobody',
    (manager) => {
      const event = driftEvent(
        key,
        'changed',
        live(ours, { manager, time: '2026-01-01T00:00:03Z' }),
      );
      expect(event.message).toContain('was changed by somebody');
      expect(event).not.toHaveProperty('details');
    },
  );

  test('of a deleted object names nobody', () => {
    expect(driftEvent(key, 'deleted', undefined).message).toContain('was deleted by somebody');
  });
});
