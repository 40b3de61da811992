import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import {
  aCluster,
  aGrant,
  anEffect,
  aList,
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

const problemOf = (reason: string, more: object = {}) => ({
  key: 'BINDING/x',
  reason,
  message: 'because',
  namespace: 'payments',
  object: 'RoleBinding/payments/ambit-1',
  grants: ['g'],
  effect: 'lacks',
  ...more,
});

/** The change touches the cluster `a`, which answers so. */
function answers(progress: object, effect: object = {}): void {
  central.answers = {
    apply: () => aResult({ clusters: [anEffect('a', effect)] }),
    revokeAccess: () => ({
      ...aResult({ clusters: [anEffect('a', effect)] }),
      kind: 'RevokeResult',
      remaining: [],
    }),
    getRevisionStatus: () => aRevision([aProgress('a', progress)]),
  };
}

const hindered = (...problems: object[]) => ({ inForce: false, problems });
const granting = ['grant', 'alice', 'view', 'a/payments'];

describe('a grant that is stored and not in force', () => {
  test.each([
    ['namespace_missing', 11, 'kubectl create namespace payments'],
    ['role_missing', 11, 'make the role in a'],
    ['foreign_object', 11, 'kubectl get rolebinding ambit-1 -n payments'],
    ['not_yet_active', 11, 'set the clock of the machine of the agent of a'],
    ['held', 11, 'ambit cluster release-gains a'],
    ['contended', 11, 'keeps changing RoleBinding/payments/ambit-1'],
    ['kubernetes_refused', 11, 'find out what refuses it in a'],
    ['ceiling_refused', 10, 'the owner of a can allow it'],
  ])('%s ends with %i and says where, why, for whom and what next', async (reason, code, next) => {
    answers(hindered(problemOf(reason, { subjects: ['ambit:alice'] })));
    const run = await ambit(...granting);
    expect(run.code).toBe(code);
    expect(run.err).toContain('revision 419 in force on 0/1 clusters');
    expect(run.err).toContain(
      `not in force in a: grant/g in payments (RoleBinding/payments/ambit-1) ${reason}: because; people: ambit:alice\n  next: `,
    );
    expect(run.err).toContain(next);
    expect(run.err).not.toContain('a: in force');
  });

  test('rights that the agent lacks are told by the command that prints them, without a dump of rules', async () => {
    const message =
      'user "agent" is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["po';
    answers(hindered(problemOf('kubernetes_refused', { message })));
    const run = await ambit(...granting);
    expect(run.err).toContain(
      'permissions not currently held\n  next: give the agent its rights: ambit-agent print-rbac',
    );
    expect(run.err).not.toMatch(/u000a|APIGroups/);
  });

  test('the shards of a grant say the same once', async () => {
    answers(
      hindered(problemOf('ceiling_refused'), problemOf('ceiling_refused', { key: 'BINDING/y' })),
    );
    expect((await ambit(...granting)).err.match(/because/g)).toHaveLength(1);
  });

  test('a ceiling and something else is more than a ceiling', async () => {
    answers(hindered(problemOf('ceiling_refused'), problemOf('foreign_object')));
    expect((await ambit(...granting)).code).toBe(11);
  });

  test('problems of others are not told and fail nothing', async () => {
    answers({ otherProblems: 3 });
    const run = await ambit(...granting);
    expect(run.code).toBe(0);
    expect(run.err).toMatch(/^a: in force\nrevision 419 in force on 1\/1 clusters after \d+ms\n$/);
  });

  test('an agent that has more problems than it lists: success is not claimed', async () => {
    answers({ inForce: false, moreProblems: 7 });
    const run = await ambit(...granting);
    expect(run.code).toBe(11);
    expect(run.err).toContain(
      'not known to be in force in a: its agent has 7 problems beyond those',
    );
  });

  test('what is tried again and not through is told with what hinders it', async () => {
    answers({ done: false, ...hindered(problemOf('retrying')) });
    const run = await ambit(...granting, '--wait', '1s');
    expect(run.code).toBe(11);
    expect(run.err).toContain('a is connected and not through yet');
  });
});

describe('a revocation that is not in force', () => {
  const stands = problemOf('kubernetes_refused', {
    key: 'OBJECT/RoleBinding/payments/ambit-1',
    effect: 'excess',
    grants: undefined,
    subjects: ['ambit:eve'],
    moreSubjects: 2,
  });

  test('ends with 12, and its first line says who keeps access, also with --quiet', async () => {
    answers(hindered(stands));
    const run = await ambit('revoke', 'eve', '--quiet');
    expect(run.code).toBe(12);
    expect(run.err).toBe(
      'NOT REVOKED in a: ambit:eve and 2 more keep access through RoleBinding/payments/ambit-1\n' +
        '  why:  kubernetes_refused: because\n' +
        '  next: find out what refuses it in a (admission, quota); it is tried again by itself\n',
    );
  });

  test('beside a grant that a ceiling refuses it comes first', async () => {
    answers(hindered(problemOf('ceiling_refused'), stands));
    const run = await ambit('revoke', 'eve');
    expect(run.code).toBe(12);
    expect(run.err.indexOf('NOT REVOKED')).toBeLessThan(run.err.indexOf('ceiling_refused'));
  });

  test('a removal that is held waits for the command that lets it through', async () => {
    answers(hindered({ ...stands, reason: 'held' }));
    expect((await ambit('revoke', 'eve')).err).toContain('next: ambit cluster release-removals a');
  });

  test('who loses access in a cluster that is offline keeps it there until it is back', async () => {
    const offline = { connected: false, done: false, inForce: false, appliedRevision: 400 };
    const lose = { gain: [], gainTotal: 0, lose: ['eve'], loseTotal: 1 };
    answers({ ...offline, lastSeenAt: '2026-01-01T00:00:00Z' }, lose);
    const run = await ambit('revoke', 'eve');
    expect(run.code).toBe(12);
    expect(run.err).toMatch(/^NOT REVOKED in a: eve keeps access; a is offline/m);
  });

  test('in a cluster that never had an agent nothing stands', async () => {
    const never = { connected: false, done: false, inForce: false, appliedRevision: undefined };
    answers(never, { lose: ['eve'], loseTotal: 1 });
    const run = await ambit('revoke', 'eve');
    expect(run.code).toBe(0);
    expect(run.err).toContain('a has no agent yet');
  });
});

describe('a grant in get and describe', () => {
  const clusters = { reached: 3, inForce: 1, waiting: 0, hindered: 2 };
  const conditions = [
    { type: 'InForce', status: 'False', reason: 'RoleMissing', message: 'not in 2 of 3 clusters' },
    {
      type: 'RoleMissing',
      status: 'True',
      reason: 'ReportedByAgent',
      message: 'a/payments: no\nrole',
    },
  ];

  test('is Active without a word only where it is in force everywhere', async () => {
    const hinderedOne = aGrant('g', { state: 'Active', clusters, conditions });
    const good = { reached: 3, inForce: 3, waiting: 0, hindered: 0 };
    const waits = { reached: 1, inForce: 0, waiting: 1, hindered: 0 };
    central.answers = {
      listGrants: () =>
        aList('Grant', [
          hinderedOne,
          aGrant('h', { state: 'Active', clusters: good, conditions: [] }),
          aGrant('i', { state: 'Active', clusters: waits, conditions: [] }),
        ]),
      getGrant: () => hinderedOne,
    };
    const { out } = await ambit('get', 'grants', '-o', 'wide');
    expect(out).toMatch(/^g .* Active 1\/3 {2,}standing/m);
    expect(out).toMatch(/^h .* Active {2,}standing/m);
    expect(out).toMatch(/^i .* Active 0\/1 {2,}standing/m);
    const described = await ambit('describe', 'grant', 'g');
    expect(described.out).toMatch(/^State: +Active, not in 2 of 3 clusters$/m);
    expect(described.out).toMatch(/^Source: +api$/m);
    expect(described.out).toMatch(/RoleMissing=True \(ReportedByAgent\): a\/payments: no role$/m);
  });
});

test.each([
  ['row B.2: a removal that was refused', 'kubernetes_refused', 'quota "q" denied it', ['g']],
  ['row B.6: what a stranger gives', 'foreign_object', 'it is not ours', []],
])(
  'outside %s stands in describe of the cluster, with its object and the people who have access',
  async (_what, reason, message, grants) => {
    const excess = { effect: 'excess', subjects: ['ambit:eve', 'mallory'], moreSubjects: 3 };
    const problem = problemOf(reason, { message, grants, ...excess });
    central.answers = { getCluster: () => aCluster('a', { problems: [problem] }) };
    const { code, out } = await ambit('describe', 'cluster', 'a');
    expect(code).toBe(0);
    const whose = grants.map((name) => `grant/${name} `).join('');
    expect(out).toContain(
      `${whose}in payments (RoleBinding/payments/ambit-1) still grants: ${reason}: ${message}; people: ambit:eve, mallory and 3 more`,
    );
    expect(out).toMatch(/^Problems: /m);
  },
);

test('a dry run tells objects as they will be written', async () => {
  const objects = { added: 3, changed: 1, removed: 2 };
  central.answers = {
    apply: () => aResult({ dryRun: true, clusters: [anEffect('a', { objects })] }),
  };
  const run = await ambit(...granting, '--dry-run=server');
  expect(run.out).toContain('a  objects: +3 ~1 -2  +1 bindings  -0  gain: alice');
});

describe('a grant that is applied again', () => {
  const again = (reason: string, hindered = 1) => {
    const name = 'g';
    const object = { kind: 'Grant', name, action: 'unchanged' };
    const clusters = { reached: 2, inForce: 2 - hindered, waiting: 0, hindered };
    const conditions = [
      { type: 'InForce', status: hindered === 0 ? 'True' : 'False', reason },
      ...(hindered === 0
        ? []
        : [{ type: reason, status: 'True', reason: 'ReportedByAgent', message: 'a: no' }]),
    ];
    central.answers = {
      apply: () => aResult({ changed: false, objects: [object] }),
      getGrant: () => aGrant(name, { state: 'Active', clusters, conditions }),
    };
  };

  test.each([
    ['CeilingRefused', 10],
    ['ForeignObject', 11],
  ])(
    'and stays out of force by %s ends as it did the first time: with %i',
    async (reason, code) => {
      again(reason);
      const run = await ambit(...granting);
      expect(run.code).toBe(code);
      expect(run.err).toBe(
        `grant/g is unchanged, and not in force in 1 of 2 clusters\n  ${reason}: a: no\n`,
      );
    },
  );

  test('and is in force ends with 0 and no more words', async () => {
    again('Everywhere', 0);
    expect(await ambit(...granting)).toEqual({ code: 0, out: 'grant/g unchanged\n', err: '' });
  });
});
