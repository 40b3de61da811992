import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  group,
  role,
  signIn,
  TestCentral,
  user,
} from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { ReflectedClient } from './grpc.test-support.ts';
import type { RpcEnd } from './grpc.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let grpc: ReflectedClient;
let policy: PolicyWriter;
/** Of `ada`, who looks after `pay`. */
let token: string;

const pay = {
  members: [{ user: 'ben' }, { group: 'payers' }],
  owns: [
    { clusters: { names: ['c1'] }, namespaces: ['pay', 'pay-*'] },
    { clusters: { matchLabels: { env: 'dev' } }, namespaces: ['pay'] },
  ],
  delegableRoles: ['view', 'edit'],
};
const lookedAfter = (name: string, subjects: readonly object[], team: string): object =>
  document('Delegation', name, { role: 'team-admin', team, subjects });

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
  policy = new PolicyWriter(db.database);
  await central.apply(
    cluster('c1', { env: 'prod' }),
    cluster('c2', { env: 'dev' }),
    role('pay-ops', { clusterRole: 'pay-ops' }),
    ...['ada', 'ben', 'cleo', 'mallory'].map((name) => user(name)),
    group('payers', ['cleo']),
    group('others', ['mallory']),
    document('Team', 'pay', pay),
    document('Team', 'rivals', { members: [{ user: 'mallory' }] }),
    lookedAfter('pay-admins', [{ user: 'ada' }], 'pay'),
  );
  token = (await signIn(policy, 'ada')).token;
  grpc = await ReflectedClient.of(central.running.grpcAddress ?? '', token);
});
afterAll(async () => {
  grpc?.close();
  await central?.stop();
  await db.close();
});
beforeEach(async () => {
  await central.apply(document('Team', 'pay', pay));
});
afterEach(async () => {
  const { body } = await central.get('/grants');
  for (const { metadata } of body.items) await central.call('DELETE', `/grants/${metadata.name}`);
});

type Spec = Readonly<Record<string, unknown>>;

const toTeam: Spec = {
  subjects: [{ team: 'pay' }],
  role: 'edit',
  scope: { clusters: { names: ['c1'] }, namespaces: { names: ['pay'] } },
};
const put = (name: string, spec: Spec, by = token): Promise<Reply> =>
  central.call('PUT', `/grants/${name}`, { token: by, body: document('Grant', name, spec) });
const putTeam = (spec: Spec, by = token): Promise<Reply> =>
  central.call('PUT', '/teams/pay', { token: by, body: document('Team', 'pay', spec) });
const scope = (clusters: object, namespaces: object): Spec => ({
  ...toTeam,
  scope: { clusters, namespaces },
});
const names = (...named: string[]): object => ({ names: named });
const pointerOf = ({ status, body }: Reply): unknown => [status, body.errors?.[0]?.pointer];

describe('a grant by who looks after a team', () => {
  test.each([
    ['to the team', toTeam],
    ['to a member', { ...toTeam, subjects: [{ user: 'ben' }] }],
    ['to a member of a group in it', { ...toTeam, subjects: [{ user: 'cleo' }] }],
    ['to a group in it', { ...toTeam, subjects: [{ group: 'payers' }, { team: 'pay' }] }],
    ['of another role', { ...toTeam, role: 'view' }],
    ['of a name that begins so', scope(names('c1'), names('pay-eu', 'pay'))],
    ['where the team says by labels', scope({ matchLabels: { env: 'dev' } }, names('pay'))],
    [
      'where narrower labels say',
      scope({ matchLabels: { env: 'dev', region: 'eu' } }, names('pay')),
    ],
  ])('%s is made, and says by whom', async (_, spec) => {
    const made = await put('theirs', spec);
    expect([made.status, made.body.metadata?.source]).toEqual([201, 'team/pay']);
    expect((await central.call('DELETE', '/grants/theirs', { token })).status).toBe(200);
  });

  test('can mean what the team owns', async () => {
    const named = { ...pay, owns: [{ clusters: names('c1'), namespaces: ['pay'] }] };
    await central.apply(document('Team', 'pay', named));
    expect((await put('owned', scope({ all: true }, { owned: true }))).status).toBe(201);
    expect((await central.call('DELETE', '/grants/owned', { token })).status).toBe(200);
  });

  test.each([
    ['to somebody else', { ...toTeam, subjects: [{ user: 'mallory' }] }, '/spec/subjects/0'],
    ['to another team', { ...toTeam, subjects: [{ team: 'rivals' }] }, '/spec/subjects/0'],
    [
      'to another team beside',
      { ...toTeam, subjects: [{ team: 'pay' }, { team: 'rivals' }] },
      '/spec/subjects/1',
    ],
    [
      'to a group beside',
      { ...toTeam, subjects: [{ user: 'ben' }, { group: 'others' }] },
      '/spec/subjects/1',
    ],
    ['to themselves', { ...toTeam, subjects: [{ user: 'ada' }] }, '/spec/subjects/0'],
    ['of a role that is not theirs', { ...toTeam, role: 'pay-ops' }, '/spec/role'],
    ['in another namespace', scope(names('c1'), names('pay', 'bank')), '/spec/scope'],
    ['on another cluster', scope(names('c1', 'c2'), names('pay-eu')), '/spec/scope'],
    ['by name where labels say', scope(names('c2'), names('pay')), '/spec/scope'],
    [
      'where fewer labels say',
      scope({ matchLabels: { region: 'eu' } }, names('pay')),
      '/spec/scope',
    ],
    ['where all are meant', scope({ all: true }, names('pay')), '/spec/scope'],
    ['in all namespaces', scope(names('c1'), { all: true }), '/spec/scope'],
    [
      'by labels of namespaces',
      scope(names('c1'), { matchLabels: { team: 'pay' } }),
      '/spec/scope',
    ],
    [
      'cluster-wide',
      { ...toTeam, scope: { clusters: names('c1'), clusterWide: true } },
      '/spec/scope',
    ],
  ])('%s is refused, made or changed', async (_, spec, pointer) => {
    expect(pointerOf(await put('beyond', spec))).toEqual([403, pointer]);
    expect((await central.get('/grants/beyond')).status).toBe(404);
    await put('kept', toTeam);
    expect(pointerOf(await put('kept', spec))).toEqual([403, pointer]);
    expect((await central.get('/grants/kept')).body.spec).toEqual(toTeam);
  });

  test('of others is neither changed nor deleted, and what they do not see is not there', async () => {
    const wide = { ...toTeam, scope: { clusters: names('c1'), clusterWide: true } };
    const toBen = { ...toTeam, subjects: [{ user: 'ben' }] };
    await central.apply(document('Grant', 'wide', wide), document('Grant', 'to-ben', toBen));
    const remove = (name: string): Promise<Reply> =>
      central.call('DELETE', `/grants/${name}`, { token });
    expect([(await put('wide', toTeam)).status, (await remove('wide')).status]).toEqual([403, 403]);
    expect(await put('to-ben', toTeam)).toMatchObject({
      status: 409,
      body: { code: 'already_exists', detail: 'The name to-ben is taken by another grant.' },
    });
    expect((await remove('to-ben')).status).toBe(404);
    expect((await remove('none')).status).toBe(404);
    expect((await central.get('/grants/wide')).body.spec).toEqual(wide);
    expect((await central.get('/grants/to-ben')).body.spec).toEqual(toBen);
  });

  test('stays theirs to take back when its subject has left, and no longer once an administrator wrote it', async () => {
    const toBen = { ...toTeam, subjects: [{ user: 'ben' }] };
    for (const name of ['left-1', 'left-2']) await put(name, toBen);
    await putTeam({ ...pay, members: [{ group: 'payers' }] });
    expect(pointerOf(await put('left-1', toBen))).toEqual([403, '/spec/subjects/0']);
    expect((await central.call('DELETE', '/grants/left-1', { token })).status).toBe(200);
    await central.apply(document('Grant', 'left-2', toBen));
    expect((await central.call('DELETE', '/grants/left-2', { token })).status).toBe(404);
  });
});

describe('a team, to who looks after it', () => {
  const joined = { ...pay, members: [...pay.members, { user: 'mallory' }] };

  test('is who is in it and who approves for it, and nothing else', async () => {
    const approvers = [{ user: 'ben' }];
    expect((await putTeam({ ...joined, approvers })).status).toBe(200);
    expect((await central.get('/teams/pay')).body.spec).toMatchObject({ ...joined, approvers });
    for (const [field, value] of Object.entries({
      owns: [...pay.owns, { clusters: names('c1'), namespaces: ['bank'] }],
      delegableRoles: ['view', 'edit', 'pay-ops'],
      description: 'mine',
      contact: { slack: '#mine' },
    }))
      expect(pointerOf(await putTeam({ ...joined, approvers, [field]: value }))).toEqual([
        403,
        `/spec/${field}`,
      ]);
    const labelled = {
      ...document('Team', 'pay', joined),
      metadata: { name: 'pay', labels: { a: 'b' } },
    };
    const reply = await central.call('PUT', '/teams/pay', { token, body: labelled });
    expect(pointerOf(reply)).toEqual([403, '/metadata/labels']);
  });

  test('is theirs as it is read, also when something that it names is gone', async () => {
    await central.apply(cluster('c-gone'), role('r-gone', { clusterRole: 'r' }));
    const owns = [
      { clusters: names('c1', 'c-gone'), namespaces: ['pay', 'pay-*'] },
      { clusters: names('c-gone'), namespaces: ['gone'] },
    ];
    await central.apply(
      document('Team', 'pay', { ...pay, owns, delegableRoles: ['r-gone', 'view', 'edit'] }),
    );
    for (const path of ['/clusters/c-gone', '/roles/r-gone'])
      expect((await central.call('DELETE', path)).status).toBe(200);
    const { body } = await central.get('/teams/pay', { token });
    expect((await putTeam({ ...body.spec, members: joined.members })).status).toBe(200);
    const more = { ...body.spec, delegableRoles: ['view', 'edit', 'pay-ops'] };
    expect(pointerOf(await putTeam(more))).toEqual([403, '/spec/delegableRoles']);
  });

  test('is neither deleted nor made, and others are not there', async () => {
    const by = { token };
    expect((await central.call('DELETE', '/teams/pay', by)).status).toBe(403);
    expect((await central.call('DELETE', '/teams/rivals', by)).status).toBe(404);
    const mine = { ...by, body: document('Team', 'mine', {}) };
    expect((await central.call('PUT', '/teams/mine', mine)).status).toBe(403);
    const theirs = { ...by, body: document('Team', 'rivals', {}) };
    expect((await central.call('PUT', '/teams/rivals', theirs)).status).toBe(404);
  });

  test('is joined by nobody while it has more than they may give; leaving is open', async () => {
    const refused = async (why: RegExp): Promise<void> => {
      const reply = await putTeam(joined);
      expect(pointerOf(reply)).toEqual([403, '/spec/members']);
      expect(reply.body.why).toMatch(why);
      expect((await putTeam({ ...pay, members: [{ user: 'ben' }] })).status).toBe(200);
      await central.apply(document('Team', 'pay', pay));
    };
    await central.apply(
      document('Grant', 'more', { ...toTeam, role: 'pay-ops' }),
      document('Grant', 'fine', toTeam),
    );
    await refused(/^Whoever joins Team pay has what Grant more gives/);
    await central.call('DELETE', '/grants/more');
    await central.apply(
      document('Delegation', 'team-reads', { role: 'auditor', subjects: [{ team: 'pay' }] }),
    );
    await refused(/^Whoever joins Team pay has the role auditor in Ambit itself by Delegation/);
    await central.call('DELETE', '/delegations/team-reads');
    expect((await putTeam(joined)).status).toBe(200);
  });

  test('may be looked after by all who are in it', async () => {
    await central.apply(lookedAfter('all-of-pay', [{ team: 'pay' }], 'pay'));
    const cleo = (await signIn(policy, 'cleo')).token;
    expect((await central.get('/me', { token: cleo })).body.teams).toEqual(['pay']);
    expect((await putTeam(joined, cleo)).status).toBe(200);
    await central.apply(group('payers', []));
    expect((await putTeam(pay, cleo)).status).toBe(403);
    await central.apply(group('payers', ['cleo']));
    await central.call('DELETE', '/delegations/all-of-pay');
  });

  test('goes only when nobody looks after it and nothing is left of what they gave', async () => {
    const going = {
      members: [{ user: 'ben' }],
      owns: [{ clusters: names('c1'), namespaces: ['going'] }],
      delegableRoles: ['view'],
    };
    await central.apply(document('Team', 'going', going));
    await central.apply(lookedAfter('going-admins', [{ user: 'ada' }], 'going'));
    const spec = {
      subjects: [{ user: 'ben' }],
      role: 'view',
      scope: { clusters: names('c1'), namespaces: names('going') },
    };
    expect((await put('given', spec)).body.metadata.source).toBe('team/going');
    const remove = (): Promise<Reply> => central.call('DELETE', '/teams/going');
    expect((await remove()).body.detail).toBe(
      'Delegation "going-admins" says who looks after Team "going".',
    );
    await central.call('DELETE', '/delegations/going-admins');
    expect((await remove()).body.detail).toBe(
      'Those who look after Team "going" made grant "given".',
    );
    await central.call('DELETE', '/grants/given');
    expect((await remove()).status).toBe(200);
  });
});

describe('who looks after a team sees', () => {
  const listed = async (plural: string, more = ''): Promise<string[]> =>
    (await central.get(`/${plural}${more}`, { token })).body.items.map(
      ({ metadata }: { metadata: { name: string } }) => metadata.name,
    );

  test('it, its people and its grants, page by page, and nothing else', async () => {
    await central.apply(
      document('Grant', 'a-wide', { ...toTeam, role: 'admin' }),
      document('Grant', 'b-other', { ...toTeam, subjects: [{ user: 'ben' }] }),
    );
    await put('c-theirs', { ...toTeam, subjects: [{ user: 'ben' }] });
    expect(await listed('teams')).toEqual(['pay']);
    expect(await listed('users')).toEqual(['ben', 'cleo']);
    expect(await listed('groups')).toEqual(['payers']);
    expect(await listed('grants')).toEqual(['a-wide', 'c-theirs']);
    expect(await listed('users', '?q=mal')).toEqual([]);
    const page = await central.get('/grants?limit=1', { token });
    const { continue: next } = page.body.metadata;
    expect(await listed('grants', `?limit=1&continue=${next}`)).toEqual(['c-theirs']);
    const statuses: Record<string, number> = {};
    for (const path of [
      'teams/pay',
      'teams/rivals',
      'users/cleo',
      'users/ada',
      'groups/payers',
      'groups/others',
      'grants/a-wide',
      'grants/b-other',
    ])
      statuses[path] = (await central.get(`/${path}`, { token })).status;
    expect(statuses).toEqual({
      'teams/pay': 200,
      'teams/rivals': 404,
      'users/cleo': 200,
      'users/ada': 404,
      'groups/payers': 200,
      'groups/others': 404,
      'grants/a-wide': 200,
      'grants/b-other': 404,
    });
    for (const path of [
      'clusters',
      'roles',
      'delegations',
      'services',
      'audit/events',
      'tokens',
      'sessions',
    ])
      expect([path, (await central.get(`/${path}`, { token })).status]).not.toEqual([path, 200]);
  });

  test('no names of others beside a name that is not there', async () => {
    const reply = await put('near', { ...toTeam, subjects: [{ user: 'mallori' }] });
    expect(reply.body.errors).toEqual([
      { document: 0, pointer: '/spec/subjects/0/user', message: 'there is no User mallori' },
    ]);
  });
});

describe('by every interface', () => {
  const inTeam = document('Grant', 'by-all', toTeam);
  const joins = document('Team', 'pay', { ...pay, members: [...pay.members, { user: 'mallory' }] });
  const toMallory = document('Grant', 'to-mallory', { ...toTeam, subjects: [{ user: 'mallory' }] });

  test('apply writes a set that is theirs, judged by what it is together, and nothing of one that is not', async () => {
    const apply = (objects: readonly object[], dryRun = {}): Promise<Reply> =>
      central.call('POST', '/apply', { token, body: { objects, ...dryRun } });
    expect(pointerOf(await apply([inTeam, toMallory]))).toEqual([403, '/spec/subjects/0']);
    for (const other of [
      user('new'),
      cluster('new'),
      group('new', []),
      role('new', { clusterRole: 'view' }),
      document('Delegation', 'mine', { role: 'admin', subjects: [{ user: 'ada' }] }),
    ])
      expect((await apply([inTeam, other])).status).toBe(403);
    expect((await central.get('/grants/by-all')).status).toBe(404);
    expect((await apply([toMallory, joins], { dryRun: 'All' })).status).toBe(200);
    expect((await apply([toMallory, joins])).status).toBe(200);
    expect((await central.get('/grants/to-mallory')).body.spec.subjects).toEqual([
      { user: 'mallory' },
    ]);
  });

  test('gRPC answers as REST does', async () => {
    const apply = (...objects: object[]): Promise<{ effect: { changed: boolean } }> =>
      grpc.call('PolicyService/ApplyPolicy', {
        documents: objects.map((each) => JSON.stringify(each)),
      });
    const failure = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => 'answered',
        (end: RpcEnd) => end.error?.code ?? end.code,
      );
    expect((await apply(inTeam)).effect.changed).toBe(true);
    expect(await failure(apply(toMallory))).toBe('permission_denied');
    expect(await failure(apply(user('new')))).toBe('permission_denied');
    const plan = { documents: [JSON.stringify(toMallory)] };
    expect(await failure(grpc.call('PolicyService/PlanPolicy', plan))).toBe('permission_denied');
    const { objects } = await grpc.call('PolicyService/ListPolicyObjects', { kind: 'Grant' });
    expect(objects.map((text: string) => JSON.parse(text).metadata.name)).toEqual(['by-all']);
    const get = (kind: string, name: string): Promise<string> =>
      failure(grpc.call('PolicyService/GetPolicyObject', { kind, name }));
    expect(await get('Team', 'pay')).toBe('answered');
    expect(await get('Team', 'rivals')).toBe('not_found');
    expect(await get('Cluster', 'c1')).toBe('permission_denied');
  });

  test('who looked after it until a moment ago writes nothing any more', async () => {
    await central.apply(lookedAfter('pay-admins', [{ user: 'ben' }], 'pay'));
    expect((await put('late', toTeam)).status).toBe(403);
    expect((await putTeam(pay)).status).toBe(403);
    expect((await central.get('/teams', { token })).status).toBe(403);
    await central.apply(lookedAfter('pay-admins', [{ user: 'ada' }], 'pay'));
  });
});

describe('rights in Ambit itself by a team', () => {
  test('close the groups and people in it to those who sync people', async () => {
    const { body } = await central.call('POST', '/tokens', { body: { name: 'hr', role: 'sync' } });
    const sync = { token: body.token as string };
    await central.apply(
      document('Delegation', 'rivals-audit', { role: 'auditor', subjects: [{ team: 'rivals' }] }),
      document('Team', 'rivals', { members: [{ user: 'mallory' }, { group: 'others' }] }),
    );
    const add = { ...sync, body: { add: ['ben'] } };
    expect((await central.call('POST', '/groups/others/members', add)).body).toMatchObject({
      code: 'group_closed',
      why: 'Delegation rivals-audit gives it the role auditor in Ambit itself.',
    });
    const setMallory = (active: boolean): Promise<Reply> =>
      central.call('PUT', '/users/mallory', { ...sync, body: user('mallory', { active }) });
    expect((await setMallory(false)).status).toBe(200);
    expect((await setMallory(true)).body.code).toBe('group_closed');
    await central.apply(user('mallory'));
    // Those who look after a team are named by a Delegation too.
    const setAda = (active: boolean): Promise<Reply> =>
      central.call('PUT', '/users/ada', { ...sync, body: user('ada', { active }) });
    expect((await setAda(false)).status).toBe(200);
    expect((await setAda(true)).body.why).toBe(
      'Delegation pay-admins gives ada the role team-admin in Ambit itself.',
    );
    await central.apply(user('ada'));
    await central.call('DELETE', '/delegations/rivals-audit');
  });

  test.each([
    [{ role: 'team-admin', subjects: [{ user: 'ada' }] }],
    [{ role: 'admin', team: 'pay', subjects: [{ user: 'ada' }] }],
    [{ role: 'team-admin', team: 'none', subjects: [{ user: 'ada' }] }],
  ])('%j is refused where it says the team', async (spec) => {
    const body = document('Delegation', 'faulty', spec);
    const { status, body: problem } = await central.call('PUT', '/delegations/faulty', { body });
    expect([status, problem.errors[0].pointer]).toEqual([422, '/spec/team']);
  });
});
