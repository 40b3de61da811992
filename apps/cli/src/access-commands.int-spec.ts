import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import {
  aCluster,
  aList,
  anEffect,
  aProgress,
  aResult,
  aRevision,
  SmallCentral,
} from './small-central.test-support.ts';

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
const checkResult = (item: object, more: object = {}) => ({
  kind: 'AccessCheckResult',
  revision: 419,
  evidence: [{ ...evidence, ...more }],
  items: [{ paths: [], refusals: [], ...item }],
});

describe('can-i', () => {
  test('says yes with code 0, and by which grant', async () => {
    central.answers = { checkAccess: () => checkResult({ allowed: true, paths: [path] }) };
    const run = await ambit('can-i', 'delete', 'pods/exec', '--in', 'prod-eu/pay', '--as', 'alice');
    expect(run).toEqual({
      code: 0,
      out: 'yes\n',
      err: '  by grant/sre-prod (ops) through group/sre\n',
    });
    expect(central.bodyOf('checkAccess')).toEqual({
      checks: [
        {
          user: 'alice',
          cluster: 'prod-eu',
          namespace: 'pay',
          verb: 'delete',
          resource: 'pods/exec',
        },
      ],
    });
  });

  test('asks about a service identity by its name, and of a group nothing', async () => {
    central.answers = { checkAccess: () => checkResult({ allowed: true, paths: [path] }) };
    const ask = (as: string) => ambit('can-i', 'get', 'pods', '--in', 'prod-eu', '--as', as);
    expect((await ask('service/deploy')).code).toBe(0);
    expect(central.bodyOf('checkAccess')).toEqual({
      checks: [{ service: 'deploy', cluster: 'prod-eu', verb: 'get', resource: 'pods' }],
    });
    expect((await ask('group/sre')).err).toContain('--as takes a user or service/NAME');
    expect((await ask('service/Deploy')).err).toContain('did you mean deploy?');
  });

  test('case U14: says no with code 1, why, and what to do next', async () => {
    const refusals = [
      { reason: 'scope_elsewhere', message: 'None of 3 grants covers "pay".', grant: 'g' },
    ];
    const nextCommand = 'ambit grant alice ops prod-eu/pay';
    central.answers = { checkAccess: () => checkResult({ allowed: false, refusals, nextCommand }) };
    const run = await ambit('can-i', 'get', 'deploy', '--in', 'prod-eu/*', '--as', 'alice');
    expect(run).toMatchObject({ code: 1, out: 'no\n' });
    expect(run.err).toContain('why:  None of 3 grants covers "pay".');
    expect(run.err).toContain(`next: ${nextCommand}`);
    const { checks } = central.bodyOf('checkAccess') as { checks: object[] };
    expect(checks[0]).toMatchObject({ resource: 'deploy' });
    expect(checks[0]).not.toHaveProperty('namespace');
  });

  test('case 45: an answer that rests on an offline cluster says how old it is', async () => {
    const answer = checkResult(
      { allowed: true, paths: [path] },
      { connected: false, ageSeconds: 7200 },
    );
    central.answers = { checkAccess: () => answer };
    const run = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu', '--as', 'alice');
    expect(run.err).toContain('prod-eu is offline; the answer rests on what it told 2h ago');
  });

  test('a token is nobody: without --as it is wrong usage, and never a yes', async () => {
    const run = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu');
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('--as USER');
    expect(central.calls).toEqual([]);
  });

  test('a person who does not exist is a name to correct, not a no', async () => {
    const refusals = [{ reason: 'user_unknown', message: 'There is no user alise.' }];
    central.answers = { checkAccess: () => checkResult({ allowed: false, refusals }) };
    const run = await ambit('can-i', 'get', 'pods', '--in', 'prod-eu', '--as', 'alise');
    expect(run).toMatchObject({ code: 5, out: '' });
    expect(run.err).toContain('next: ambit get users');
  });

  test('a fault is told from a no by its code', async () => {
    expect(await ambit('can-i', 'get', 'pods', '--in', 'x', '--as', 'a')).toMatchObject({
      code: 5,
      out: '',
    });
    await central.stop();
    expect(await ambit('can-i', 'get', 'pods', '--in', 'x', '--as', 'a')).toMatchObject({
      code: 9,
      out: '',
    });
  });
});

describe('who-can', () => {
  test('lists people and ways, from all pages', async () => {
    const soon = new Date(Date.now() + 42.5 * 60_000).toISOString();
    central.answers = {
      whoCan: ({ query }) => ({
        kind: 'WhoCanResult',
        revision: 419,
        evidence,
        ...(query['continue'] === undefined
          ? {
              items: [{ user: 'alice', paths: [{ ...path, reach: 'cluster-wide' }] }],
              continue: 'p2',
            }
          : {
              items: [
                { user: 'bob', paths: [{ grant: 'g', role: 'edit', scope: 'x', until: soon }] },
              ],
            }),
      }),
    };
    const run = await ambit('who-can', 'delete', 'pods', '--in', 'prod-eu/payments');
    expect(run.out).toBe(
      'SUBJECT  THROUGH                   ROLE  WHERE         UNTIL\n' +
        'alice    group/sre grant/sre-prod  ops   cluster-wide  standing\n' +
        'bob      grant/g                   edit  x             in 42m\n',
    );
    expect(central.calls[0]?.query).toMatchObject({ cluster: 'prod-eu', namespace: 'payments' });
  });
});

describe('who-can, of what stands and nobody granted', () => {
  const standing = [
    {
      object: 'RoleBinding/payments/ambit-1',
      reason: 'foreign_object',
      subjects: ['ambit:eve', 'mallory'],
      moreSubjects: 3,
      role: 'ClusterRole/edit',
      certain: true,
    },
    {
      object: 'ClusterRoleBinding/ambit-2',
      reason: 'kubernetes_refused',
      subjects: ['ambit:ben'],
      certain: false,
    },
  ];
  const answer = (items: object[]) => ({
    kind: 'WhoCanResult',
    revision: 419,
    evidence,
    items,
    standing,
  });

  test('outside row B.6: people of objects that are not wanted are named with a mark, beside those of grants and alone', async () => {
    const item = { user: 'alice', paths: [{ ...path, reach: 'cluster-wide' }] };
    central.answers = { whoCan: () => answer([item]) };
    const run = await ambit('who-can', 'delete', 'pods', '--in', 'prod-eu/payments');
    expect(run.out).toBe(
      'SUBJECT    THROUGH                         ROLE              WHERE                  UNTIL\n' +
        'alice      group/sre grant/sre-prod        ops               cluster-wide           standing\n' +
        'ambit:eve  ! RoleBinding/payments/ambit-1  ClusterRole/edit  in namespace payments  not wanted\n' +
        'mallory    ! RoleBinding/payments/ambit-1  ClusterRole/edit  in namespace payments  not wanted\n' +
        'ambit:ben  ! ClusterRoleBinding/ambit-2    unknown?          cluster-wide           not wanted\n',
    );
    expect(run.err).toContain(
      '! RoleBinding/payments/ambit-1 gives access that nobody granted and that is not wanted (foreign_object); 3 more people are bound by it\n',
    );
    expect(run.err).toContain('(kubernetes_refused); what its role gives is not known\n');
    central.answers = { whoCan: () => answer([]) };
    const alone = await ambit('who-can', 'delete', 'pods', '--in', 'prod-eu/payments');
    expect(alone.err).not.toContain('Nobody may');
    expect(alone.out).toContain('ambit:eve');
  });
});

describe('questions that do not say where', () => {
  const clusters = (...names: string[]) => ({
    listClusters: () =>
      aList(
        'Cluster',
        names.map((name) => aCluster(name)),
      ),
    checkAccess: () => checkResult({ allowed: true, paths: [path] }),
    whoCan: () => ({ kind: 'WhoCanResult', revision: 419, evidence, items: [] }),
  });

  test('are asked of the one cluster there is, and refused where there are others or none', async () => {
    central.answers = clusters('prod-eu');
    expect((await ambit('can-i', 'get', 'pods', '--as', 'alice')).code).toBe(0);
    expect(central.bodyOf('checkAccess')).toMatchObject({ checks: [{ cluster: 'prod-eu' }] });
    expect((await ambit('who-can', 'get', 'pods')).err).toContain('get pods in prod-eu');
    central.answers = clusters('prod-eu', 'staging-eu');
    const several = await ambit('who-can', 'get', 'pods');
    expect(several).toMatchObject({ code: 2, out: '' });
    expect(several.err).toContain('several clusters');
    central.answers = clusters();
    expect((await ambit('who-can', 'get', 'pods')).err).toContain('next: ambit cluster add NAME');
  });
});

describe('names of resources', () => {
  const asked = {
    text: 'deployments.apps',
    apiGroup: 'apps',
    resource: 'deployments',
    scope: 'in namespace pay',
    basis: 'served',
  };
  const nobody = (more: object) => ({
    kind: 'WhoCanResult',
    revision: 419,
    evidence,
    items: [],
    ...more,
  });

  test('outside case 06: they go to central as they stand, and the answer says what they were taken for, and where', async () => {
    central.answers = {
      checkAccess: () =>
        checkResult({
          allowed: true,
          paths: [{ ...path, reach: 'in namespace pay' }],
          asked,
          notes: ['prod-eu serves no verb "gte" of deployments.apps; did you mean get?'],
        }),
      whoCan: () => nobody({ asked, notes: [] }),
    };
    const can = await ambit('can-i', 'gte', 'Deploy', '--in', 'prod-eu/pay', '--as', 'alice');
    expect(can).toEqual({
      code: 0,
      out: 'yes\n',
      err:
        '  asked: gte deployments.apps in namespace pay of prod-eu\n' +
        '  note: prod-eu serves no verb "gte" of deployments.apps; did you mean get?\n' +
        '  by grant/sre-prod (ops) in namespace pay through group/sre\n',
    });
    const who = await ambit('who-can', 'get', 'deployments.v1.apps/web', '--in', 'prod-eu/pay');
    expect(who).toMatchObject({
      code: 0,
      err: 'Nobody may get deployments.apps in namespace pay of prod-eu by what Ambit grants.\n',
    });
    expect(central.calls[1]?.query).toMatchObject({ resource: 'deployments.v1.apps/web' });
    expect(central.calls[1]?.query).not.toHaveProperty('apiGroup');
  });

  test('outside case 06: what no cluster serves is a fault with what may have been meant, and no no', async () => {
    const answer = () => {
      throw new AppError('unknown_resource', 'prod-eu serves no resource "ingresss".', {
        hint: 'Did you mean ingress, or ingresses?',
      });
    };
    central.answers = { checkAccess: answer, whoCan: answer };
    for (const command of [['who-can'], ['can-i', '--as', 'alice']]) {
      const run = await ambit(...command, 'get', 'ingresss', '--in', 'prod-eu/pay');
      expect(run).toMatchObject({ code: 5, out: '' });
      expect(run.err).toContain('error: prod-eu serves no resource "ingresss".');
      expect(run.err).toContain('Did you mean ingress, or ingresses?');
    }
  });

  test('outside case 06: what could not be checked is unknown, neither nobody nor no', async () => {
    const unchecked = { ...asked, text: 'gadgets', basis: 'unknown' };
    const notes = ['Whether prod-eu serves "gadgets" could not be checked: …'];
    const refusals = [{ reason: 'resource_unchecked', message: 'not checked' }];
    central.answers = {
      checkAccess: () => checkResult({ allowed: false, refusals, asked: unchecked, notes }),
      whoCan: () => nobody({ asked: unchecked, notes }),
    };
    const can = await ambit('can-i', 'get', 'gadgets', '--in', 'prod-eu/pay', '--as', 'alice');
    expect(can).toMatchObject({ code: 9, out: 'unknown\n' });
    const who = await ambit('who-can', 'get', 'gadgets', '--in', 'prod-eu/pay');
    expect(who).toMatchObject({ code: 9 });
    expect(who.err).not.toContain('Nobody');
    expect(who.err).toContain(
      'Who may get gadgets in namespace pay of prod-eu is not known.\nnote: Whether prod-eu',
    );
    const json = await ambit('who-can', 'get', 'gadgets', '--in', 'prod-eu/pay', '-o', 'json');
    expect(json.code).toBe(9);
    expect(JSON.parse(json.out)).toMatchObject({ asked: { basis: 'unknown' }, items: [] });
  });

  test('a question that central refuses as wrong has no exit code that says no', async () => {
    central.answers = {
      checkAccess: () => {
        throw new AppError('invalid_request', '"po ds" is not a resource.');
      },
    };
    const run = await ambit('can-i', 'get', 'po ds', '--in', 'prod-eu', '--as', 'alice');
    expect(run).toMatchObject({ code: 2, out: '' });
  });

  test('subresource and name may be options', async () => {
    central.answers = { whoCan: () => nobody({ asked, notes: [] }) };
    await ambit(
      ...['who-can', 'get', 'pods', '--in', 'prod-eu', '--subresource', 'log', '--name', 'web-0'],
    );
    expect(central.calls[0]?.query).toMatchObject({ subresource: 'log', name: 'web-0' });
  });
});

describe('grant', () => {
  test('gives a service identity a grant of its own, which is none of the person of that name', async () => {
    central.answers = {
      apply: () => aResult({ clusters: [anEffect('prod-eu')] }),
      getRevisionStatus: () => aRevision([aProgress('prod-eu')]),
    };
    for (const subject of ['service/deploy', 'deploy'])
      expect((await ambit('grant', subject, 'view', 'prod-eu/pay')).code).toBe(0);
    const [service, person] = central.calls
      .filter(({ operation }) => operation === 'apply')
      .map(
        ({ body }) =>
          (body as { objects: { metadata: { name: string }; spec: { subjects: object[] } }[] })
            .objects[0],
      );
    expect(service?.spec.subjects).toEqual([{ service: 'deploy' }]);
    expect(person?.spec.subjects).toEqual([{ user: 'deploy' }]);
    expect(service?.metadata.name).not.toBe(person?.metadata.name);
  });

  test('makes one grant whose name comes from subject, role and scope', async () => {
    central.answers = {
      apply: () => aResult({ clusters: [anEffect('prod-eu')] }),
      getRevisionStatus: () => aRevision([aProgress('prod-eu')]),
    };
    const before = Date.now();
    expect(
      (await ambit('grant', 'group/sre', 'view', 'prod-eu/*', '--for', '8h', '--reason', 'INC-1'))
        .code,
    ).toBe(0);
    await ambit('grant', 'group/sre', 'view', 'prod-eu/*');
    const sent = central.calls.filter(({ operation }) => operation === 'apply');
    const [first, second] = sent.map(
      ({ body }) =>
        (body as { objects: { metadata: { name: string }; spec: Record<string, unknown> }[] })
          .objects[0],
    );
    expect(first?.spec).toMatchObject({
      subjects: [{ group: 'sre' }],
      role: 'view',
      scope: { clusters: { names: ['prod-eu'] }, namespaces: { all: true } },
      reason: 'INC-1',
    });
    const end = Date.parse(String(first?.spec['until']));
    expect(end - before).toBeGreaterThanOrEqual(8 * 3_600_000);
    expect(second?.metadata.name).toBe(first?.metadata.name);
    expect(second?.spec).not.toHaveProperty('until');
  });

  test('outside case 06: what central warns of is told, and is no failure', async () => {
    central.answers = {
      apply: () => aResult({ changed: false, warnings: ['Grant g gives nothing of role ops.'] }),
    };
    const run = await ambit('grant', 'alice', 'ops', 'prod-eu/pay');
    expect(run.code).toBe(0);
    expect(run.err).toContain('warning: Grant g gives nothing of role ops.\n');
  });

  test.each([
    [['alice', 'view', 'prod-eu', '--for', '0h'], 'not a duration'],
    [['alice', 'view', 'prod-eu', '--until', '2020-01-01'], 'in the past'],
    [['alice', 'view', 'prod-eu', '--until', '18:00', '--for', '1h'], 'exclude'],
    [['Alice', 'view', 'prod-eu'], 'cannot name a User'],
    [['alice', 'View', 'prod-eu'], 'not a role'],
  ])('%j is refused before anything is sent', async (args, message) => {
    const run = await ambit('grant', ...args);
    expect(run.code).toBe(2);
    expect(run.err).toContain(message);
    expect(central.calls).toEqual([]);
  });
});

describe('a grant that names what does not exist', () => {
  const refusing = (...messages: string[]) => ({
    apply: () => {
      const errors = messages.map((message) => ({ document: 0, pointer: '/spec', message }));
      throw new AppError('invalid_policy', messages[0] ?? '', { errors });
    },
  });

  test.each(['User', 'Group', 'Role', 'Cluster'])(
    '%s: ends with 5 and says where to look',
    async (kind) => {
      central.answers = refusing(`there is no ${kind} nosuch`);
      const run = await ambit('grant', 'alice', 'view', 'prod-eu');
      expect(run.code).toBe(5);
      expect(run.err).toContain(`error: there is no ${kind} nosuch\n`);
      expect(run.err).toContain(`next: ambit get ${kind.toLowerCase()}s`);
    },
  );

  test('what is wrong otherwise stays an error', async () => {
    central.answers = refusing('there is no Role nosuch', 'the end is already past');
    expect((await ambit('grant', 'alice', 'view', 'prod-eu')).code).toBe(1);
  });
});

describe('revoke', () => {
  test('case b7: takes direct grants away, waits, and names what remains and how to end it', async () => {
    central.answers = {
      revokeAccess: () => ({
        ...aResult({
          objects: [{ kind: 'Grant', name: 'alice-edit', action: 'deleted' }],
          clusters: [anEffect('prod-eu')],
        }),
        kind: 'RevokeResult',
        remaining: [
          {
            grant: 'sre-prod',
            role: 'ops',
            scope: 'prod-eu',
            group: 'sre',
            nextCommand: 'ambit group rm-member sre alice',
          },
        ],
      }),
      getRevisionStatus: () => aRevision([aProgress('prod-eu')]),
    };
    const run = await ambit('revoke', 'alice');
    expect(run).toMatchObject({ code: 0, out: 'grant/alice-edit deleted\n' });
    expect(run.err).toContain('revision 419 in force on 1/1 clusters');
    expect(run.err).toContain(
      'alice still has:\n  ops in prod-eu through group/sre (grant/sre-prod)\n',
    );
    expect(run.err).toContain('to end it: ambit group rm-member sre alice');
    expect(central.bodyOf('revokeAccess')).toEqual({ subject: { user: 'alice' } });
  });

  test('a role and a scope narrow it', async () => {
    central.answers = {
      revokeAccess: () => ({ ...aResult({ changed: false }), kind: 'RevokeResult', remaining: [] }),
    };
    const run = await ambit('revoke', 'group/sre', 'edit', 'prod-eu/pay');
    expect(run.err).toContain('group/sre has no direct grant that fits');
    expect(central.bodyOf('revokeAccess')).toEqual({
      subject: { group: 'sre' },
      role: 'edit',
      scope: 'prod-eu/pay',
    });
  });
});
