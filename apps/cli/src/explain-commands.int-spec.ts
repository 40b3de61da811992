import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { SmallCentral, type Received } from './small-central.test-support.ts';

let central: SmallCentral;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

function ambit(...args: string[]): Promise<Captured> {
  const env = {
    AMBIT_CONFIG_DIR: '/nonexistent',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(args, { env });
}

const evidence = { cluster: 'prod-eu', connected: true, ageSeconds: 3, appliedRevision: 419 };
const path = {
  grant: 'own',
  role: 'edit',
  scope: 'prod-eu/pay',
  reach: 'in namespace pay',
  group: 'sre',
  sources: ['local', 'scim:okta'],
  team: 'payments',
};
const row = { ...path, user: 'alice', cluster: 'prod-eu', state: 'in_force' };
const held = (more: object) => ({
  kind: 'EffectiveAccess',
  revision: 419,
  evidence: [evidence],
  items: [],
  ...more,
});
const asOf = { revision: 12, time: '2026-11-29T10:00:00.000Z', facts: 'now' };
const queryOf = (operation: string): Readonly<Record<string, unknown>> =>
  central.calls.findLast((call) => call.operation === operation)?.query ?? {};

describe('access', () => {
  test('tells each way of a user, on all pages', async () => {
    central.answers = {
      effectiveAccess: ({ query }) =>
        query['continue'] !== undefined
          ? held({ items: [{ ...row, grant: 'second', risks: ['reads secrets'] }] })
          : held({ items: [row], continue: 'prod-eu 1' }),
    };
    const run = await ambit('access', 'alice', '--standing', '-o', 'wide');
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out).toMatch(
      /alice +prod-eu +in namespace pay +edit +group\/sre \(local, scim:okta\) team\/payments grant\/own +standing +in force/,
    );
    expect(run.out).toMatch(/grant\/second.*reads secrets/);
    expect(queryOf('effectiveAccess')).toMatchObject({ user: 'alice', standing: 'true' });
  });

  test.each([
    ['team/payments', { team: 'payments' }],
    ['service/deploy', { service: 'deploy' }],
    ['prod-eu/pay', { scope: 'prod-eu/pay' }],
    ['prod-eu/*', { scope: 'prod-eu/*' }],
  ])('asks of %s at once', async (whom, query) => {
    central.answers = { effectiveAccess: () => held({}) };
    expect((await ambit('access', whom)).err).toContain('Nothing is granted there');
    expect(queryOf('effectiveAccess')).toEqual({ ...query, limit: 500 });
  });

  test('takes a bare name for a user, else for a team, else for a cluster', async () => {
    const there = (kind: string) => ({
      effectiveAccess: ({ query }: Pick<Received, 'query'>) => {
        if (query[kind] !== undefined) return held({ people: [{ user: 'ann', group: 'sre' }] });
        throw new AppError('not_found', `There is no ${Object.keys(query).join()}.`);
      },
    });
    central.answers = there('team');
    const run = await ambit('access', 'payments');
    expect(run.out).toMatch(/ann +group\/sre/);
    central.answers = there('scope');
    expect((await ambit('access', 'prod-eu')).code).toBe(0);
    central.answers = there('nothing');
    const missing = await ambit('access', 'nobody');
    expect([missing.code, missing.err]).toEqual([5, expect.stringContaining('There is no')]);
  });
});

describe('why', () => {
  const answer = (more: object) => ({
    kind: 'AccessExplanation',
    revision: 419,
    evidence,
    user: 'alice',
    cluster: 'prod-eu',
    namespace: 'pay',
    allowed: true,
    ways: [],
    refusals: [],
    ...more,
  });

  test('tells the chain from the group to the object, with code 0', async () => {
    const way = {
      ...path,
      state: 'in_force',
      subject: 'ambit:alice',
      objects: ['RoleBinding/pay/ambit-edit-abcdefghijkl'],
      applied: true,
    };
    central.answers = { explainAccess: () => answer({ ways: [way] }) };
    const run = await ambit('why', 'alice', 'prod-eu/pay');
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out.split('\n').map((line) => line.trim())).toEqual([
      'alice has access in prod-eu/pay',
      'alice',
      '-> group/sre (local, scim:okta)',
      '-> team/payments',
      '-> grant/own in prod-eu/pay, standing',
      '-> role/edit in namespace pay',
      '-> RoleBinding/pay/ambit-edit-abcdefghijkl names ambit:alice',
      '-> in force, applied by the agent',
      '',
    ]);
    expect(queryOf('explainAccess')).toEqual({ user: 'alice', scope: 'prod-eu/pay' });
  });

  test('says why not and what to do, with code 1', async () => {
    const refusals = [{ reason: 'user_inactive', message: 'User alice is not active.' }];
    const nextCommand = 'ambit user unlock alice';
    central.answers = { explainAccess: () => answer({ allowed: false, refusals, nextCommand }) };
    const run = await ambit('why', 'alice', 'prod-eu/pay');
    expect([run.code, run.out]).toEqual([1, 'alice has no access in prod-eu/pay\n']);
    expect(run.err).toBe('  why:  User alice is not active.\n  next: ambit user unlock alice\n');
  });

  test('a no of ours that others make a yes names their binding', async () => {
    const unmanaged = [
      {
        object: 'ClusterRoleBinding/old-admins',
        role: 'ClusterRole/cluster-admin',
        subjects: ['user ambit:alice'],
        users: ['alice'],
        owner: 'terraform',
        certain: true,
        system: false,
      },
    ];
    const refusals = [{ reason: 'no_grant', message: 'No grant names alice.' }];
    central.answers = { explainAccess: () => answer({ allowed: false, refusals, unmanaged }) };
    const run = await ambit('why', 'alice', 'prod-eu/pay');
    expect(run.code).toBe(1);
    expect(run.out.split('\n')).toEqual([
      'alice has no access in prod-eu/pay by what Ambit grants',
      '+ 1 binding not managed by ambit: ClusterRoleBinding/old-admins (user ambit:alice, which means alice, of terraform) — ambit cluster import-rbac prod-eu',
      '',
    ]);
  });

  test('is of a person or a program', async () => {
    expect(await ambit('why', 'team/payments', 'prod-eu')).toMatchObject({ code: 2, out: '' });
    expect((await ambit('why', 'group/sre', 'prod-eu')).err).toContain('ambit describe group sre');
  });
});

describe('--at', () => {
  test('is a revision, a time, or so long ago, and the answer says what is of now', async () => {
    central.answers = { effectiveAccess: () => held({ items: [row], asOf }) };
    const run = await ambit('access', 'alice', '--at', '12');
    expect(run.err).toContain('as of revision 12, 2026-11-29T10:00:00.000Z; namespaces');
    expect(queryOf('effectiveAccess')).toMatchObject({ at: '12' });
    await ambit('access', 'alice', '--at', '2026-11-29T10:00:00Z');
    expect(queryOf('effectiveAccess')).toMatchObject({ at: '2026-11-29T10:00:00.000Z' });
    await ambit('access', 'alice', '--at', '2h');
    expect(Date.now() - Date.parse(String(queryOf('effectiveAccess')['at']))).toBeGreaterThan(7e6);
  });

  test.each(['yesterday', '0', '1.5'])('%s is refused before anything is asked', async (at) => {
    for (const words of [
      ['access', 'alice'],
      ['why', 'alice', 'prod-eu'],
      ['can-i', 'get', 'pods', '--in', 'prod-eu', '--as', 'alice'],
      ['who-can', 'get', 'pods', '--in', 'prod-eu'],
    ])
      expect(await ambit(...words, '--at', at)).toMatchObject({ code: 2, out: '' });
    expect(central.calls).toEqual([]);
  });
});
