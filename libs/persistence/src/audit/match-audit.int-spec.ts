import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent } from '@ambit/domain';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import type { AuditFilter } from './audit-filter.ts';
import { insertEvents } from './event-row.ts';
import { auditMatcher } from './match-audit.ts';
import { tailAudit } from './tail-audit.ts';
import { encodePlace } from '../queries/page.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const event = (id: number, more: Partial<AuditEvent>): AuditEvent => ({
  id: `e${id}`,
  time: '2026-01-01T00:00:00.000Z',
  type: 'grant.created',
  actor: { kind: 'token', name: 'token/ci' },
  message: 'Something was done',
  ...more,
});

const events: readonly AuditEvent[] = [
  event(1, { subjects: ['ada', 'ben'], grants: ['g1'], cluster: 'eu' }),
  event(2, { type: 'user.created', actor: { kind: 'agent', name: 'agent/eu' } }),
  event(3, { object: { kind: 'Grant', name: 'g1' }, message: '100%_SURE \\ done' }),
  event(4, { subjects: [], grants: ['g2', 'g1'], cluster: 'us' }),
];

const filters: readonly AuditFilter[] = [
  {},
  { types: ['user.created', 'grant.deleted'] },
  { types: [] },
  { actor: 'agent/eu' },
  { cluster: 'eu' },
  { cluster: 'e' },
  { objectKind: 'Grant', objectName: 'g1' },
  { subject: 'ben' },
  { subject: 'be' },
  { grant: 'g1' },
  { grant: 'g1', cluster: 'us' },
  { q: 'sOmEtHiNg' },
  { q: '%' },
  { q: '_s' },
  { q: '\\' },
  { q: '' },
  { since: 1_000_000 },
  { since: 1_000_001 },
  { until: 1_000_000 },
  { until: 1_000_001 },
];

test('a filter means the same in memory as in the database', async () => {
  await insertEvents(db.database, events, new Date(1_000_000));
  const start = encodePlace('tail', ['0', 0]);
  const all = (await tailAudit(db.database, start, 500)).events;
  expect(all).toHaveLength(events.length);
  for (const filter of filters) {
    const stored = (await tailAudit(db.database, start, 500, filter)).events;
    const matched = all.filter(auditMatcher(filter));
    const ids = (found: typeof all): string[] => found.map(({ event: { id } }) => id);
    expect({ filter, ids: ids(matched) }).toEqual({ filter, ids: ids(stored) });
  }
});
