import { describe, expect, test } from '@jest/globals';
import { accessAdvice } from './access-advice.ts';

const asked = { user: 'ann', cluster: 'eu', namespace: 'pay' };
const anyRole = { possible: true, roles: ['view', 'edit'] } as const;

describe('what is advised after a no', () => {
  test.each([
    ['user_inactive', 'ambit user unlock ann'],
    ['agent_never_seen', 'ambit cluster status eu'],
    ['no_grant', 'ambit grant ann ROLE eu/pay'],
    ['scope_elsewhere', 'ambit grant ann ROLE eu/pay'],
    ['grant_pending', undefined],
    ['namespace_missing', undefined],
  ] as const)('%s: %s', (reason, nextCommand) => {
    expect(accessAdvice([{ reason }], asked, anyRole).nextCommand).toBe(nextCommand);
  });

  test('roles that would do are named', () => {
    expect(accessAdvice([{ reason: 'no_grant' }], asked, anyRole).hint).toBe(
      'An administrator can grant it; these roles would do: view, edit.',
    );
  });

  test('no grant is advised that the ceiling would refuse', () => {
    const refused = { possible: false, message: 'namespace "pay" is protected' } as const;
    for (const reason of ['no_grant', 'ceiling_refused', 'rules_insufficient'] as const) {
      const advice = accessAdvice([{ reason }], asked, refused);
      expect(advice.nextCommand).toBeUndefined();
      expect(advice.hint).toContain(
        'the ceiling of eu belongs to its owner, and namespace "pay" is',
      );
    }
  });
});
