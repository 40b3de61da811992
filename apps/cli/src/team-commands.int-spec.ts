import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aCluster, aList, anEffect, aResult, SmallCentral } from './small-central.test-support.ts';

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

const path = { grant: 'sre-prod', role: 'ops', scope: 'prod-eu', group: 'sre' };
const evidence = { cluster: 'prod-eu', connected: true, ageSeconds: 3, appliedRevision: 419 };
const checkResult = (item: object) => ({
  kind: 'AccessCheckResult',
  revision: 419,
  evidence: [evidence],
  items: [{ paths: [], refusals: [], ...item }],
});

describe('a way through a team', () => {
  const byTeam = { ...path, team: 'payments' };
  const { group: _, ...named } = byTeam;

  test('is told by can-i and who-can in the order in which it leads to the grant', async () => {
    central.answers = {
      checkAccess: () => checkResult({ allowed: true, paths: [byTeam, named] }),
      whoCan: () => ({
        kind: 'WhoCanResult',
        revision: 419,
        evidence,
        items: [{ user: 'alice', paths: [byTeam] }],
      }),
    };
    const can = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu/pay', '--as', 'alice');
    expect(can.err).toBe(
      '  by grant/sre-prod (ops) through group/sre team/payments\n' +
        '  by grant/sre-prod (ops) through team/payments\n',
    );
    const who = await ambit('who-can', 'get', 'pods', '--in', 'prod-eu/pay');
    expect(who.out).toContain('group/sre team/payments grant/sre-prod');
  });

  test('is what revoke says remains, and a team is granted and revoked as team/NAME', async () => {
    central.answers = {
      revokeAccess: () => ({
        ...aResult({ changed: false }),
        kind: 'RevokeResult',
        remaining: [{ ...named, nextCommand: 'ambit describe team payments' }],
      }),
      apply: () => aResult({ changed: false }),
    };
    const run = await ambit('revoke', 'team/payments');
    expect(run.err).toContain('ops in prod-eu through team/payments (grant/sre-prod)');
    expect(central.bodyOf('revokeAccess')).toEqual({ subject: { team: 'payments' } });
    await ambit('grant', 'team/payments', 'view', 'prod-eu');
    expect(central.bodyOf('apply')).toMatchObject({
      objects: [{ spec: { subjects: [{ team: 'payments' }] } }],
    });
    central.calls.length = 0;
    await ambit('grant', 'team/payments', 'edit', '*/(owned)');
    expect(central.bodyOf('apply')).toMatchObject({
      objects: [{ spec: { scope: { clusters: { all: true }, namespaces: { owned: true } } } }],
    });
    const asked = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu', '--as', 'team/payments');
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('team/payments')]);
  });
});

describe('who is in a team', () => {
  const stored = (resourceVersion: string) => ({
    apiVersion: 'ambit.dev/v1',
    kind: 'Team',
    metadata: {
      name: 'payments',
      uid: '01a22827-a1d7-7586-840c-7e248ad8daee',
      generation: 1,
      resourceVersion,
      creationTimestamp: '2026-11-29T10:00:00Z',
      labels: { unit: 'money' },
      annotations: {},
    },
    spec: {
      members: [{ user: 'alice' }, { group: 'sre' }],
      approvers: [],
      owns: [],
      delegableRoles: ['view'],
    },
    status: { conditions: [] },
  });

  test('is changed by add-member and rm-member, and all else is sent back as it was', async () => {
    central.answers = {
      getTeam: () => stored('7'),
      apply: () => aResult({ changed: false }),
    };
    const sent = async (...words: string[]): Promise<unknown> => {
      central.calls.length = 0;
      expect((await ambit('team', ...words, '--wait', 'none')).code).toBe(0);
      const { objects } = central.bodyOf('apply') as { objects: { spec: { members: unknown } }[] };
      const [{ spec: { members = [], ...rest } = {}, ...object } = {}] = objects as never[];
      expect([object, rest]).toEqual([
        {
          apiVersion: 'ambit.dev/v1',
          kind: 'Team',
          metadata: {
            name: 'payments',
            labels: { unit: 'money' },
            annotations: {},
            resourceVersion: '7',
          },
        },
        { approvers: [], owns: [], delegableRoles: ['view'] },
      ]);
      return members;
    };
    expect(await sent('add-member', 'payments', 'bob', 'group/sre', 'group/ops')).toEqual([
      { user: 'alice' },
      { group: 'sre' },
      { user: 'bob' },
      { group: 'ops' },
    ]);
    expect(await sent('rm-member', 'payments', 'alice', 'nobody')).toEqual([{ group: 'sre' }]);
  });

  test('is looked at again when somebody else wrote the team meanwhile', async () => {
    let version = 7;
    let refusals = 2;
    central.answers = {
      getTeam: () => stored(String(version)),
      apply: () => {
        version++;
        if (refusals-- > 0) throw new AppError('stale_resource', 'It has changed.');
        return aResult({ changed: false });
      },
    };
    expect((await ambit('team', 'add-member', 'payments', 'bob', '--wait', 'none')).code).toBe(0);
    expect(central.operations().filter((each) => each === 'apply')).toHaveLength(3);
    version = 7;
    refusals = 100;
    const run = await ambit('team', 'add-member', 'payments', 'bob', '--wait', 'none');
    expect([run.code, run.err]).toEqual([6, expect.stringContaining('It has changed.')]);
  });

  test('is users and groups: neither a service identity nor a team', async () => {
    for (const member of ['service/deploy', 'team/other', 'king/bob'])
      expect((await ambit('team', 'add-member', 'payments', member)).code).toBe(2);
    expect(central.operations()).toEqual([]);
  });

  test('whoever may not see clusters is told that the change is made, and it counts as made', async () => {
    central.answers = {
      getTeam: () => stored('7'),
      apply: () => aResult({ clusters: [anEffect('prod-eu')] }),
      getRevisionStatus: () => {
        throw new AppError('permission_denied', 'No.');
      },
    };
    const run = await ambit('team', 'add-member', 'payments', 'bob');
    expect([run.code, run.err]).toEqual([0, expect.stringContaining('is not for you to see')]);
  });
});

describe('what is told of a team', () => {
  const meta = aCluster('pay').metadata;
  const team = {
    apiVersion: 'ambit.dev/v1',
    kind: 'Team',
    metadata: meta,
    spec: { members: [{ group: 'eng' }], approvers: [], owns: [], delegableRoles: [] },
    status: {
      unkept: [
        {
          cluster: 'b',
          namespace: 'pay-api',
          reason: 'not_understood',
          message: 'it knows no NAMESPACE',
          hint: 'Update it.',
        },
      ],
      conditions: [],
    },
  };
  const access = {
    kind: 'EffectiveAccess',
    revision: 419,
    evidence: [evidence],
    items: [{ ...path, user: 'team/pay', team: 'pay', cluster: 'prod-eu', state: 'in_force' }],
    people: [{ user: 'ann', group: 'eng', sources: ['local', 'scim:okta'] }, { user: 'bob' }],
  };

  test('says who is in it and by which source, what it holds, and where its namespaces are not kept', async () => {
    central.answers = { getTeam: () => team, effectiveAccess: () => access };
    const { out } = await ambit('describe', 'team', 'pay');
    expect(out).toMatch(/People: +ann: group\/eng \(local, scim:okta\)\n +bob: the team names it/);
    expect(out).toMatch(/Grants: +grant\/sre-prod: ops in prod-eu, prod-eu, standing, in force/);
    expect(out).toMatch(/Not kept: +b\/pay-api: it knows no NAMESPACE\. Update it\./);
  });

  test('is told without what it holds to whoever may not see that', async () => {
    const effectiveAccess = (): never => {
      throw new AppError('permission_denied', 'You may not.');
    };
    central.answers = { getTeam: () => team, effectiveAccess };
    const run = await ambit('describe', 'team', 'pay');
    expect([run.code, run.out.includes('People:')]).toEqual([0, false]);
  });
});

describe('what is told of a person', () => {
  const user = {
    apiVersion: 'ambit.dev/v1',
    kind: 'User',
    metadata: aCluster('ann').metadata,
    spec: { active: true },
    status: { groups: ['eng', 'ops'], conditions: [] },
  };

  test('says by which source somebody is in each group', async () => {
    const items = [
      { group: 'eng', uid: user.metadata.uid, sources: ['scim:okta'] },
      { group: 'ops', uid: user.metadata.uid, sources: ['local', 'claims:corp'] },
    ];
    central.answers = { getUser: () => user, listUserGroups: () => aList('UserGroup', items) };
    const { out } = await ambit('describe', 'user', 'ann');
    expect(out).toMatch(/Groups: +eng \(scim:okta\)\n +ops \(local, claims:corp\)/);
  });

  test('names the groups alone by a central that does not tell', async () => {
    const listUserGroups = (): never => {
      throw new AppError('not_found', 'There is no such path.');
    };
    central.answers = { getUser: () => user, listUserGroups };
    const { code, out } = await ambit('describe', 'user', 'ann');
    expect([code, /Groups: +eng\n +ops\n/.test(out)]).toEqual([0, true]);
  });
});

describe('team release-namespace', () => {
  type Owns = readonly { readonly clusters: object; readonly namespaces: readonly string[] }[];
  const team = (owns: Owns) => ({
    apiVersion: 'ambit.dev/v1',
    kind: 'Team',
    metadata: { ...aCluster('pay').metadata, resourceVersion: '7' },
    spec: { members: [{ user: 'ann' }], approvers: [], owns, delegableRoles: [] },
    status: { conditions: [] },
  });
  const clusterList = (...names: string[]) =>
    aList(
      'Cluster',
      names.map((name) => aCluster(name)),
    );
  const release = (namespace: string): Promise<Captured> =>
    ambit('team', 'release-namespace', 'pay', namespace, '--cluster', 'b', '--wait', 'none');
  const sentOwns = (): unknown =>
    (central.bodyOf('apply') as { objects: { spec: { owns: unknown } }[] }).objects[0]?.spec.owns;

  const byLabel = { matchLabels: { env: 'prod' }, matchExpressions: [] };

  test.each<[string, Owns, Owns]>([
    [
      'out of a line of named clusters, in that cluster alone',
      [{ clusters: { names: ['a', 'b'] }, namespaces: ['api', 'jobs'] }],
      [
        { clusters: { names: ['a', 'b'] }, namespaces: ['api'] },
        { clusters: { names: ['a'] }, namespaces: ['jobs'] },
      ],
    ],
    [
      'out of a line about it alone, which goes',
      [
        { clusters: { names: ['b'] }, namespaces: ['jobs'] },
        { clusters: { names: ['c'] }, namespaces: ['jobs'] },
      ],
      [{ clusters: { names: ['c'] }, namespaces: ['jobs'] }],
    ],
    [
      'out of clusters by labels, whose others are named then',
      [{ clusters: byLabel, namespaces: ['api', 'jobs'] }],
      [
        { clusters: byLabel, namespaces: ['api'] },
        { clusters: { names: ['a', 'c'] }, namespaces: ['jobs'] },
      ],
    ],
  ])('takes it %s', async (_what, owns, rest) => {
    central.answers = {
      getTeam: () => team(owns),
      listClusters: () => clusterList('a', 'b', 'c'),
      apply: () => aResult({ changed: true }),
    };
    const run = await release('jobs');
    expect([run.code, sentOwns()]).toEqual([0, rest]);
    expect(run.err).toContain('pay owns b/jobs no more');
    const isByLabel = 'matchLabels' in (owns[0]?.clusters ?? {});
    expect(run.err.includes('no longer given in clusters that come later')).toBe(isByLabel);
    if (isByLabel)
      expect(
        central.calls.find(({ operation }) => operation === 'listClusters')?.query,
      ).toMatchObject({
        labelSelector: 'env=prod',
      });
  });

  test('is refused for what is owned by how names begin, and for what is not owned', async () => {
    const owns = [{ clusters: { names: ['a', 'b'] }, namespaces: ['pay-*'] }];
    central.answers = { getTeam: () => team(owns) };
    const begun = await release('pay-jobs');
    expect([begun.code, begun.err]).toEqual([2, expect.stringContaining('begins as pay-*')]);
    const stranger = await release('shop');
    expect([stranger.code, stranger.err]).toEqual([
      5,
      expect.stringContaining('Team pay does not own shop in b.'),
    ]);
    expect(central.calls.map(({ operation }) => operation)).not.toContain('apply');
  });
});
