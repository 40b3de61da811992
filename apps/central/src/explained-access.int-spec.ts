import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  openClusterSession,
  openDatabase,
  readPastPolicy,
  writeInventory,
} from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  grant,
  group,
  role,
  signIn,
  TestCentral,
  user,
} from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let owner: Database;
let central: TestCentral;
let writer: PolicyWriter;

const team = (name: string, spec: object): object => document('Team', name, spec);
const everywhere = { clusters: { all: true }, namespaces: { names: ['payments'] } };
const rules = (...verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }];

beforeAll(async () => {
  db = await testDatabase();
  owner = await openDatabase({ url: db.ownerUrl, logger: silentLogger });
  central = await TestCentral.start(db.url);
  writer = new PolicyWriter(db.database);
  await central.apply(
    cluster('prod', { env: 'prod' }),
    cluster('staging', { env: 'staging' }),
    cluster('silent'),
    ...['ann', 'ben', 'carl', 'dora', 'eve'].map((name) => user(name)),
    group('ops', ['ben']),
    team('payers', {
      members: [{ user: 'carl' }, { group: 'ops' }],
      owns: [{ clusters: { matchLabels: { env: 'prod' } }, namespaces: ['payments', 'pay-api'] }],
    }),
    role('pods', { rules: rules('get') }),
    grant('ann-direct', [{ user: 'ann' }], ['prod']),
    grant('ops-view', [{ group: 'ops' }], [], { role: 'edit', scope: everywhere }),
    grant('payers-own', [{ team: 'payers' }], [], {
      scope: { clusters: { all: true }, namespaces: { owned: true } },
    }),
    grant('dora-later', [{ user: 'dora' }], ['prod'], { notBefore: '2099-01-01T00:00:00Z' }),
    grant('dora-admin', [{ user: 'dora' }], ['staging'], { role: 'admin' }),
    grant('ann-short', [{ user: 'ann' }], ['staging'], { until: '2099-01-01T00:00:00Z' }),
    grant('ann-silent', [{ user: 'ann' }], ['silent']),
    grant('ann-web', [{ user: 'ann' }], ['prod'], {
      scope: { clusters: { names: ['prod'] }, namespaces: { names: ['web'] } },
    }),
  );
  await writer.change(async (tx) => {
    const [ops, ann] = [await tx.groups.find('ops'), await tx.users.find('ann')];
    await tx.members.giveTo(ops?.uid ?? '', 'scim:corp', [ann?.uid ?? '']);
  });
  for (const name of ['prod', 'staging']) await tell(name);
  await eventually(async () => expect((await explained('ann', 'prod')).ways).toHaveLength(4));
}, 60_000);
afterAll(async () => {
  await central?.stop();
  await owner?.close();
  await db.close();
});

/** What the agent of a cluster would tell. */
async function tell(name: string): Promise<void> {
  const { body } = await central.get(`/clusters/${name}`);
  const clusterUid: string = body.metadata.uid;
  const sessionEpoch = await openClusterSession(db.database, {
    clusterUid,
    replica: 'another',
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling: defaultCeiling,
    ceilingDigest: 'd',
    at: Date.now(),
  });
  await writeInventory(db.database, {
    clusterUid,
    sessionEpoch,
    complete: true,
    namespaces: ['payments', 'kube-system'].map((each) => ({
      name: each,
      labels: {},
      phase: 'Active',
    })),
    clusterRoles: [
      { name: 'view', rules: rules('get', 'list'), hash: 'v' },
      { name: 'edit', rules: rules('get', 'delete'), hash: 'e' },
    ],
    removedNamespaces: [],
    removedClusterRoles: [],
  });
}

interface Way {
  readonly grant: string;
  readonly group?: string;
  readonly team?: string;
  readonly sources?: string[];
  readonly state: string;
  readonly objects?: string[];
  readonly user: string;
  readonly cluster: string;
}

const ask = (path: string, query: Record<string, string>, token?: string): Promise<Reply> =>
  central.get(
    `/access/${path}?${new URLSearchParams(query)}`,
    token === undefined ? {} : { token },
  );
async function explained(name: string, scope: string, more: Record<string, string> = {}) {
  const { status, body } = await ask('explain', { user: name, scope, ...more });
  expect([status, body.detail]).toEqual([200, undefined]);
  return body as {
    allowed: boolean;
    ways: Way[];
    refusals: { reason: string }[];
    nextCommand?: string;
    hint?: string;
  };
}
const held = async (query: Record<string, string>) => (await ask('effective', query)).body;
const shortOf = ({ cluster: at, grant: by, group: g, team: t, sources, state }: Way): unknown[] => [
  at,
  by,
  g,
  t,
  sources,
  state,
];

describe('what somebody holds', () => {
  test('is told by cluster and way, with the source of each membership, in pages of any size', async () => {
    const expected = [
      ['prod', 'ann-direct', undefined, undefined, undefined, 'in_force'],
      ['prod', 'ann-web', undefined, undefined, undefined, 'namespace_missing'],
      ['prod', 'ops-view', 'ops', undefined, ['scim:corp'], 'in_force'],
      ['prod', 'payers-own', 'ops', 'payers', ['scim:corp'], 'in_force'],
      ['silent', 'ann-silent', undefined, undefined, undefined, 'agent_never_seen'],
      ['silent', 'ops-view', 'ops', undefined, ['scim:corp'], 'agent_never_seen'],
      ['staging', 'ops-view', 'ops', undefined, ['scim:corp'], 'in_force'],
      ['staging', 'ann-short', undefined, undefined, undefined, 'in_force'],
    ];
    const { items } = await held({ user: 'ann' });
    expect(items.map(shortOf)).toEqual(expected);
    expect(items[2].risks).toEqual(['reads secrets and runs pods']);
    for (const limit of [1, 3, 7]) {
      const rows: Way[] = [];
      let next: string | undefined = '';
      while (next !== undefined) {
        const more = { limit: String(limit), ...(next === '' ? {} : { continue: next }) };
        const page = await held({ user: 'ann', ...more });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        rows.push(...page.items);
        next = page.continue;
      }
      expect(rows.map(shortOf)).toEqual(expected);
    }
    const standing = await held({ user: 'ann', standing: 'true' });
    expect(standing.items.map(shortOf)).toEqual(expected.slice(0, -1));
  });

  test('is told of a team with its people, grants and namespaces', async () => {
    const body = await held({ team: 'payers' });
    expect(body.people).toEqual([
      { user: 'ann', group: 'ops', sources: ['scim:corp'] },
      { user: 'ben', group: 'ops', sources: ['local'] },
      { user: 'carl' },
    ]);
    expect(body.items.map(shortOf)).toEqual([
      ['prod', 'payers-own', undefined, 'payers', undefined, 'in_force'],
    ]);
    expect(body.owns).toEqual([{ cluster: 'prod', namespaces: ['pay-api', 'payments'] }]);
    const first = await held({ team: 'payers', limit: '2' });
    const second = await held({ team: 'payers', limit: '2', continue: first.continue });
    expect([...first.people, ...second.people]).toEqual(body.people);
    expect([second.items, second.continue]).toEqual([[], undefined]);
  });

  test('is told of a place by people', async () => {
    const of = async (scope: string) =>
      (await held({ scope })).items.map(
        (row: Way) => `${row.user} ${row.grant} ${row.group ?? ''}`,
      );
    expect(await of('prod/payments')).toEqual([
      'ann ann-direct ',
      'ann ops-view ops',
      'ann payers-own ops',
      'ben ops-view ops',
      'ben payers-own ops',
      'carl payers-own ',
    ]);
    expect(await of('prod/kube-system')).toEqual([]);
    expect(await of('staging')).toEqual(['ann ops-view ops', 'ann ann-short ', 'ben ops-view ops']);
    const first = await held({ scope: 'prod/payments', limit: '2' });
    expect([first.items.length, first.continue]).toEqual([5, 'ben']);
  });
});

describe('why', () => {
  test('somebody has access: the whole chain to the object in the cluster', async () => {
    const { allowed, ways } = await explained('ben', 'prod/payments');
    expect(allowed).toBe(true);
    expect(ways).toEqual([
      expect.objectContaining({
        grant: 'ops-view',
        group: 'ops',
        sources: ['local'],
        state: 'in_force',
        subject: 'ambit:ben',
        objects: [expect.stringMatching(/^RoleBinding\/payments\/ambit-edit-[a-z2-7]{12}$/)],
        applied: false,
      }),
      expect.objectContaining({
        grant: 'payers-own',
        group: 'ops',
        team: 'payers',
        objects: [expect.stringMatching(/^RoleBinding\/payments\/ambit-view-[a-z2-7]{12}$/)],
      }),
    ]);
  });

  test.each([
    ['eve', 'prod/payments', 'no_grant', 'ambit grant eve ROLE prod/payments'],
    ['dora', 'prod/payments', 'grant_pending', undefined],
    ['dora', 'staging/payments', 'ceiling_refused', undefined],
    ['carl', 'staging', 'other_cluster', 'ambit grant carl ROLE staging'],
    ['ann', 'silent', 'agent_never_seen', 'ambit cluster status silent'],
    ['ann', 'prod/kube-system', 'scope_elsewhere', 'ambit grant ann ROLE prod/kube-system'],
    ['ann', 'prod/web', 'namespace_missing', undefined],
  ])('%s has none in %s: %s', async (name, scope, reason, nextCommand) => {
    const { allowed, refusals, nextCommand: next } = await explained(name, scope);
    expect([allowed, refusals[0]?.reason, next]).toEqual([false, reason, nextCommand]);
  });

  test('somebody who is locked has none, and is told how to be unlocked', async () => {
    await central.apply(user('ben', { active: false }));
    const { allowed, refusals, ways, nextCommand } = await explained('ben', 'prod/payments');
    expect([allowed, refusals.map(({ reason }) => reason), nextCommand]).toEqual([
      false,
      ['user_inactive'],
      'ambit user unlock ben',
    ]);
    expect(new Set(ways.map(({ state }) => state))).toEqual(new Set(['user_inactive']));
    await central.apply(user('ben'));
  });
});

describe('who may ask', () => {
  test('everybody of the own access, who reads access of all, and others find nobody', async () => {
    const { token } = await signIn(writer, 'ann');
    expect((await ask('effective', {}, token)).body.items).toHaveLength(8);
    expect((await ask('effective', { user: 'ann' }, token)).status).toBe(200);
    expect((await ask('explain', { scope: 'prod' }, token)).body.user).toBe('ann');
    const refused: [string, Record<string, string>][] = [
      ['effective', { user: 'ben' }],
      ['effective', { user: 'nobody' }],
      ['effective', { service: 'ann' }],
      ['effective', { team: 'payers' }],
      ['effective', { scope: 'prod' }],
      ['explain', { user: 'ben', scope: 'prod' }],
      ['explain', { user: 'nobody', scope: 'prod' }],
    ];
    for (const [path, query] of refused)
      expect([query, (await ask(path, query, token)).status]).toEqual([query, 404]);
    await central.apply(
      document('Delegation', 'auditors', { role: 'auditor', subjects: [{ user: 'dora' }] }),
    );
    const auditor = await signIn(writer, 'dora');
    for (const [path, query] of refused.filter(
      ([, { user: u, service }]) => u !== 'nobody' && !service,
    ))
      expect([query, (await ask(path, query, auditor.token)).status]).toEqual([query, 200]);
  });

  test.each([
    ['effective', {}, 422],
    ['effective', { user: 'ann', team: 'payers' }, 422],
    ['effective', { scope: 'prod/a/b' }, 422],
    ['effective', { user: 'nobody' }, 404],
    ['explain', { user: 'ann', scope: 'nowhere' }, 404],
    ['explain', { user: 'ann', service: 'x', scope: 'prod' }, 422],
    ['explain', { user: 'ann', scope: 'prod', at: 'yesterday' }, 422],
    ['explain', { user: 'ann', scope: 'prod', at: '0' }, 422],
  ])('%s of %j answers %i', async (path, query, status) => {
    expect((await ask(path, query)).status).toBe(status);
  });
});

const target = { cluster: 'prod', namespace: 'payments', verb: 'get', resource: 'pods' };
const people = ['ann', 'ben', 'carl', 'dora', 'eve', 'fay'];

/** All that can be asked, without what is of now in every answer and what is advised to do. */
async function allAnswers(at?: string): Promise<unknown> {
  const when: Record<string, string> = at === undefined ? {} : { at };
  const checks = people.map((name) => ({ user: name, ...target }));
  const query = new URLSearchParams(when);
  const check = await central.call('POST', `/access/check?${query}`, { body: { checks } });
  const replies = [
    check,
    await ask('who-can', { ...target, ...when }),
    await ask('effective', { scope: 'prod/payments', ...when }),
    await ask('effective', { team: 'payers', ...when }),
  ];
  for (const name of people) {
    replies.push(await ask('effective', { user: name, ...when }));
    replies.push(await ask('explain', { user: name, scope: 'prod/payments', ...when }));
  }
  return replies.map(({ status, body }) => [status, withoutNow(body)]);
}

const ofNow = new Set([
  ...['asOf', 'sources', 'hint', 'nextCommand', 'objects', 'applied', 'evidence', 'requestId'],
  'instance',
]);
function withoutNow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNow);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !ofNow.has(name));
  return Object.fromEntries(fields.map(([name, each]) => [name, withoutNow(each)]));
}

/** What changes the answers, each in a way of its own. */
const changes: readonly (() => Promise<unknown>)[] = [
  () => central.apply(group('ops', ['ben', 'eve'])),
  () => central.apply(user('fay'), grant('fay-in', [{ user: 'fay' }], ['prod'])),
  () => central.apply(user('carl', { active: false })),
  () => central.apply(team('payers', { members: [{ group: 'ops' }, { user: 'fay' }], owns: [] })),
  () => central.call('DELETE', '/grants/ann-direct'),
  () => central.apply(cluster('prod', { env: 'gone' })),
  () => central.apply(user('carl'), group('ops', ['carl'])),
  () => central.call('DELETE', '/users/fay'),
  () => central.apply(user('fay'), grant('ann-direct', [{ user: 'fay' }], ['prod'])),
  () => central.apply(grant('ops-view', [{ group: 'ops' }], ['staging'])),
  () => central.call('DELETE', '/teams/payers'),
  () => central.call('DELETE', '/groups/ops'),
  () => central.apply(group('ops', ['dora']), grant('again', [{ group: 'ops' }], ['prod'])),
  () => central.apply(grant('again', [{ group: 'ops' }], ['prod'], { role: 'pods' })),
  () => central.apply(role('pods', { rules: rules('list') })),
];

describe('as it was', () => {
  test('nobody sees as the own what somebody else held who had the name before', async () => {
    await central.apply(user('gus'), grant('gus-in', [{ user: 'gus' }], ['prod']));
    const at = String((await central.get('/system')).body.revision);
    expect((await held({ user: 'gus', at })).items).toHaveLength(1);
    await central.call('DELETE', '/users/gus');
    await central.apply(user('gus'));
    await eventually(async () => expect((await held({ user: 'gus' })).items).toEqual([]));
    const { token } = await signIn(writer, 'gus');
    expect((await ask('effective', {}, token)).body.items).toEqual([]);
    expect((await ask('effective', { at }, token)).status).toBe(404);
    expect((await ask('explain', { scope: 'prod', at }, token)).status).toBe(404);
    expect((await held({ user: 'gus', at })).items).toHaveLength(1);
  });

  test('every answer at a past revision, and at any time while it was in force, is what was answered then', async () => {
    const recorded: { revision: number; time: string; answers: unknown }[] = [];
    for (const change of [() => Promise.resolve(), ...changes]) {
      await change();
      const { body } = await central.get('/system');
      // Revisions are told apart by time, to the millisecond.
      const time = new Date(Date.now() + 2).toISOString();
      await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(time) + 2));
      recorded.push({ revision: body.revision, time, answers: await allAnswers() });
    }
    expect(new Set(recorded.map(({ answers }) => JSON.stringify(answers))).size).toBeGreaterThan(
      10,
    );
    for (const [nth, { revision, time, answers }] of recorded.entries()) {
      const at = nth % 2 === 0 ? String(revision) : time;
      expect({ at, answers: await allAnswers(at) }).toEqual({ at, answers });
    }
    const [first] = recorded;
    const { body } = await ask('who-can', { ...target, at: first?.time ?? '' });
    expect(body.asOf).toEqual({ revision: first?.revision, time: first?.time, facts: 'now' });
  }, 120_000);

  test('of a cluster that is gone it is said that nobody knows what it had', async () => {
    const { body } = await central.get('/system');
    await central.call('POST', '/clusters/staging/remove', { body: { force: true } });
    await eventually(async () =>
      expect((await ask('explain', { user: 'ann', scope: 'staging' })).status).toBe(404),
    );
    const at = String(body.revision);
    const gone = await ask('explain', { user: 'ann', scope: 'staging', at });
    expect([gone.status, gone.body.why ?? gone.body.detail]).toEqual([
      404,
      expect.stringContaining('removed since'),
    ]);
    const { items } = await held({ user: 'ann', at });
    const there = items.filter((row: Way) => row.cluster === 'staging');
    expect(there.map(({ state }: Way) => state)).toEqual(['unknown']);
  });

  test('a question waits behind others about the past, and too many of one caller are refused', async () => {
    const { body } = await central.get('/system');
    const at = String(body.revision - 1);
    const replies = await owner
      .transaction(async (open) => {
        await open.query('LOCK TABLE policy_changes IN ACCESS EXCLUSIVE MODE');
        const asked = Array.from({ length: 6 }, () => ask('effective', { user: 'ann', at }));
        const refused = await Promise.race(asked);
        expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
        return asked;
      })
      .then((asked) => Promise.all(asked));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429]);
  });

  test('nothing more is read for a caller who is gone', async () => {
    const { body } = await central.get('/system');
    const gone = new Error('gone');
    const past = { revision: Number(body.revision), ended: AbortSignal.abort(gone) };
    const reading = readPastPolicy(db.database, { of: 'cluster', name: 'prod' }, past);
    await expect(reading).rejects.toMatchObject({ cause: gone });
  });

  test('before the history and after it nothing is told, and the oldest revision is named', async () => {
    const { body } = await central.get('/system');
    const late = await ask('effective', { user: 'ann', at: String(body.revision + 1) });
    expect([late.status, late.body.detail]).toEqual([422, expect.stringContaining('no revision')]);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect((await ask('effective', { user: 'ann', at: soon })).status).toBe(422);
    const early = await ask('effective', { user: 'ann', at: '2001-01-01T00:00:00Z' });
    expect([early.status, JSON.stringify(early.body)]).toEqual([
      422,
      expect.stringContaining('from revision 1 '),
    ]);
    await owner.query('DELETE FROM policy_changes WHERE revision < 3');
    const cut = await ask('effective', { user: 'ann', at: '2' });
    expect([cut.status, JSON.stringify(cut.body)]).toEqual([
      422,
      expect.stringContaining('Ask at 3 or later.'),
    ]);
    expect((await ask('who-can', { ...target, at: String(body.revision) })).status).toBe(200);
  });
});
