import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
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
import { patch, TestDirectory } from './scim.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    cluster('c1', { env: 'prod' }),
    cluster('c2'),
    user('ada'),
    user('ben'),
    group('payers', ['ben']),
  );
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const team = (name: string, spec: object): object => document('Team', name, spec);
const put = (name: string, spec: object, token?: string): Promise<Reply> =>
  central.call('PUT', `/teams/${name}`, {
    body: team(name, spec),
    ...(token === undefined ? {} : { token }),
  });
const owns = (clusters: object, ...namespaces: string[]): object => ({
  owns: [{ clusters, namespaces }],
});
const all = { all: true };

test('a team is answered as it was written', async () => {
  const spec = {
    description: 'Whoever moves money',
    members: [{ user: 'ada' }, { group: 'payers' }],
    approvers: [{ user: 'ben' }],
    owns: [
      { clusters: { names: ['c1', 'c2'] }, namespaces: ['written', 'written-*'] },
      { clusters: { matchLabels: { env: 'dev' } }, namespaces: ['written-dev'] },
    ],
    delegableRoles: ['view', 'edit'],
    contact: { slack: '#pay' },
  };
  expect((await put('written', spec)).status).toBe(201);
  const { body } = await central.get('/teams/written');
  expect(body.spec).toEqual(spec);
  const again = await central.call('PUT', '/teams/written', { body });
  expect([again.status, again.body.metadata.generation]).toEqual([200, 1]);
});

test('what a team names and what is gone is left out, and who comes back under the name is not in it', async () => {
  await central.apply(user('eve'), cluster('c3'), role('pay', { clusterRole: 'pay' }));
  await put('left', {
    members: [{ user: 'eve' }, { user: 'ada' }],
    delegableRoles: ['pay', 'view'],
    ...owns({ names: ['c3'] }, 'left'),
  });
  for (const path of ['/users/eve', '/clusters/c3', '/roles/pay'])
    expect((await central.call('DELETE', path)).status).toBe(200);
  await central.apply(user('eve'), cluster('c3'), role('pay', { clusterRole: 'pay' }));
  expect((await central.get('/teams/left')).body.spec).toMatchObject({
    members: [{ user: 'ada' }],
    owns: [],
    delegableRoles: ['view'],
  });
});

describe('a namespace has one team on a cluster', () => {
  const refused = (reply: Reply): unknown[] => [reply.status, reply.body.errors?.[0]];

  test('another team is refused with both names and the place', async () => {
    await put('owner', owns(all, 'owned-*'));
    const reply = await put('rival', {
      owns: [
        { clusters: all, namespaces: ['mine'] },
        { clusters: { names: ['c1'] }, namespaces: ['fine', 'owned-eu'] },
      ],
    });
    expect(refused(reply)).toEqual([
      422,
      expect.objectContaining({
        pointer: '/spec/owns/1/namespaces/1',
        message: expect.stringMatching(/^owned-eu belongs to Team owner, which owns owned-\*/),
      }),
    ]);
    expect((await central.get('/teams/rival')).status).toBe(404);
    expect((await put('owner', owns(all, 'owned-*', 'owned-eu'))).status).toBe(200);
  });

  test('on other clusters both may have it, and once it is given up anybody', async () => {
    expect((await put('first', owns({ names: ['c1'] }, 'moved'))).status).toBe(201);
    expect((await put('second', owns({ names: ['c2'] }, 'moved'))).status).toBe(201);
    expect((await put('second', owns(all, 'moved'))).status).toBe(422);
    await central.call('DELETE', '/teams/first');
    expect((await put('second', owns(all, 'moved'))).status).toBe(200);
  });

  test('two teams in one file are looked at together, and nothing of them is stored', async () => {
    const objects = [
      cluster('c-new'),
      team('twin-a', owns({ names: ['c-new'] }, 'twins')),
      team('twin-b', owns({ names: ['c-new'] }, 'tw*')),
    ];
    const reply = await central.call('POST', '/apply', { body: { objects } });
    expect(reply.status).toBe(422);
    expect(reply.body.errors).toEqual([
      expect.objectContaining({
        document: 1,
        message: expect.stringMatching(/^twins belongs to Team twin-b, which owns tw\*/),
      }),
      expect.objectContaining({
        document: 2,
        message: expect.stringMatching(/^tw\* belongs to Team twin-a, which owns twins/),
      }),
    ]);
    for (const path of ['/teams/twin-a', '/clusters/c-new'])
      expect((await central.get(path)).status).toBe(404);
  });

  test.each([
    ['mover-a', 'mover-b'],
    ['mover-b', 'mover-a'],
  ])('it moves from %s to %s in one file, and not while the other keeps it', async (from, to) => {
    const apply = (...objects: object[]): Promise<Reply> =>
      central.call('POST', '/apply', { body: { objects } });
    const [kept, given] = [owns(all, 'kept', 'carried'), owns(all, 'carried')];
    expect((await apply(team(from, kept), team(to, owns(all, 'other')))).status).toBe(200);
    expect((await apply(team(from, kept), team(to, given))).status).toBe(422);
    expect((await apply(team(to, given), team(from, owns(all, 'kept')))).status).toBe(200);
    expect((await central.get(`/teams/${to}`)).body.spec).toMatchObject(given);
  });

  test('of teams that are written at the same time one alone gets it', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `racer-${i}`);
    const replies = await Promise.all(names.map((name) => put(name, owns(all, 'raced'))));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(422)]);
  });
});

test('the trail says what a team owns now and what no more, cluster by cluster', async () => {
  const told = async (type: string): Promise<object> =>
    (await central.get(`/audit/events?type=policy.${type}&limit=1`)).body.items[0];
  const line = (clusters: object, ...namespaces: string[]) => ({ clusters, namespaces });
  await put('told', { owns: [line({ names: ['c1', 'c2'] }, 'told-a', 'told-b')] });
  expect(await told('created')).toMatchObject({
    message: 'Team told was created: owns c1/told-a, c1/told-b, c2/told-a, c2/told-b now',
    details: { joined: 0, left: 0, gained: 4, lost: 0 },
  });
  await put('told', {
    members: [{ user: 'ada' }],
    owns: [
      line({ names: ['c2'] }, 'told-b'),
      line({ names: ['c1'] }, 'told-a'),
      line({ matchLabels: { env: 'dev' } }, 'told-c', 'told-d-*'),
    ],
  });
  expect(await told('updated')).toMatchObject({
    message:
      'Team told was updated: ada joined; owns {env=dev}/told-c, {env=dev}/told-d-* now; owns c1/told-b, c2/told-a no more',
    details: { joined: 1, left: 0, gained: 2, lost: 2 },
  });
  await put('told', {
    members: [{ user: 'ada' }],
    owns: [line(all, ...Array.from({ length: 100 }, (_, at) => `told-${at + 100}`))],
  });
  expect(await told('updated')).toMatchObject({
    message:
      'Team told was updated: owns */told-100, */told-101, */told-102 and 97 more now; owns c2/told-b, c1/told-a, {env=dev}/told-c, {env=dev}/told-d-* no more',
  });
});

test('more namespaces than a grant can list are refused, in however many lines, and where', async () => {
  const names = Array.from({ length: 501 }, (_, at) => `many-${at}`);
  const lines = [0, 100, 200, 300, 400, 500].map((from) => ({
    clusters: all,
    namespaces: names.slice(from, from + 100),
  }));
  const { status, body } = await put('many', { owns: lines });
  expect([status, body.errors]).toEqual([
    422,
    [
      expect.objectContaining({
        pointer: '/spec/owns/0/namespaces',
        message: expect.stringMatching(/^the team owns 501 namespaces .* at most 500/),
      }),
    ],
  ]);
  expect((await put('many', { owns: lines.slice(0, 5) })).status).toBe(201);
});

test.each([
  [{ members: [{ user: 'nobody' }] }, '/spec/members/0/user'],
  [{ approvers: [{ group: 'none' }] }, '/spec/approvers/0/group'],
  [{ delegableRoles: ['king'] }, '/spec/delegableRoles/0'],
  [owns({ names: ['c1', 'c9'] }, 'a'), '/spec/owns/0/clusters/names/1'],
  [owns({}, 'a'), '/spec/owns/0/clusters'],
  [owns(all, 'kube-system'), '/spec/owns/0/namespaces/0'],
  [owns(all, '*'), '/spec/owns/0/namespaces/0'],
  [{ members: [{ user: 'ada', group: 'payers' }] }, '/spec/members/0'],
])('%j is refused where it stands', async (spec, pointer) => {
  const { status, body } = await put('faulty', spec);
  expect([status, body.errors.map((error: { pointer: string }) => error.pointer)]).toEqual([
    422,
    [pointer],
  ]);
});

test('who may not write teams writes none: a viewer, an operator, a member of the team', async () => {
  await central.apply(
    document('Delegation', 'operators', { role: 'operator', subjects: [{ user: 'ben' }] }),
  );
  await put('closed', { members: [{ user: 'ada' }], delegableRoles: ['view'] });
  const policy = new PolicyWriter(db.database);
  const viewer = await central.call('POST', '/tokens', { body: { name: 'v', role: 'viewer' } });
  const tokens = [
    viewer.body.token,
    (await signIn(policy, 'ada')).token,
    (await signIn(policy, 'ben')).token,
  ];
  for (const token of tokens) {
    expect((await put('closed', { delegableRoles: ['admin'] }, token)).status).toBe(403);
    expect((await central.call('DELETE', '/teams/closed', { token })).status).toBe(403);
  }
  expect((await central.get('/teams/closed')).body.spec.delegableRoles).toEqual(['view']);
});

test('a team that no grant names gives nobody access', async () => {
  await put('idle', { members: [{ user: 'ada' }], ...owns(all, 'idle') });
  const { body } = await central.get('/grants');
  expect(body.items).toEqual([]);
});

describe('a rule of a team', () => {
  const person = (name: string, attributes: object, more: object = {}): object =>
    user(name, { attributes, ...more });
  const rule = 'user.attributes.department == "payments" && "eng" in user.groups';
  const membersOfRule = async (name: string): Promise<string[]> =>
    ((await central.get(`/groups/team.${name}`)).body.status.given ?? []).flatMap(
      (each: { readonly members: readonly string[] }) => each.members,
    );

  beforeAll(async () => {
    await central.apply(
      person('rita', { department: 'payments', level: 3 }),
      person('rolf', { department: 'law' }),
      user('rosa'),
      group('eng', ['rita', 'rolf', 'rosa']),
    );
  });

  test('has whom it matches, is answered as it was written, and says how many that are', async () => {
    const spec = { members: [{ user: 'ada' }, { match: rule }] };
    expect((await put('ruled', spec)).status).toBe(201);
    const { body } = await central.get('/teams/ruled');
    expect(body.spec.members).toEqual(spec.members);
    expect(body.status).toEqual({
      rules: [{ match: rule, people: 1 }],
      conditions: [{ type: 'RulesEvaluated', status: 'True', reason: 'AllEvaluated' }],
    });
    expect((await central.call('PUT', '/teams/ruled', { body })).body).toMatchObject({
      metadata: body.metadata,
    });
    const { body: ruled } = await central.get('/groups/team.ruled');
    expect(ruled.status.given).toEqual([{ source: `rule:${rule}`, members: ['rita'] }]);
    expect((await central.get('/users/rita')).body).toMatchObject({
      spec: { attributes: { department: 'payments', level: 3 } },
      status: { groups: ['eng', 'team.ruled'], attributes: { department: 'payments', level: 3 } },
    });
  });

  test('takes in and lets go as attributes and groups change; a document without attributes changes none', async () => {
    await central.apply(person('rosa', { department: 'payments' }));
    expect(await membersOfRule('ruled')).toEqual(['rita', 'rosa']);
    await central.apply(user('rosa', { displayName: 'Rosa' }));
    expect(await membersOfRule('ruled')).toEqual(['rita', 'rosa']);
    await central.call('POST', '/groups/eng/members', { body: { remove: ['rosa'] } });
    expect(await membersOfRule('ruled')).toEqual(['rita']);
    await central.apply(group('eng', ['rita', 'rolf', 'rosa']), user('rita', { active: false }));
    expect(await membersOfRule('ruled')).toEqual(['rosa']);
    await central.apply(user('rita'), person('rosa', {}));
    expect(await membersOfRule('ruled')).toEqual(['rita']);
  });

  test('gives the access that the team has, and a dry run tells who comes and goes', async () => {
    await put('granted', { members: [{ match: 'user.attributes.level >= 3' }] });
    await central.apply(grant('to-granted', [{ team: 'granted' }], ['c1'], { role: 'view' }));
    const tried = await central.call('POST', '/apply', {
      body: {
        objects: [person('rolf', { level: 4 }), person('rita', { department: 'payments' })],
        dryRun: 'All',
      },
    });
    expect(tried.body.warnings).toEqual([
      'by its rules rita would leave team granted',
      'by its rules rolf would join team granted',
    ]);
    expect(tried.body.clusters).toMatchObject([{ name: 'c1', gain: ['rolf'], lose: ['rita'] }]);
    expect(await membersOfRule('granted')).toEqual(['rita']);
  });

  test.each([
    ['user.attributes.department ==', /Unexpected token.*at character/],
    ['user.email == "x"', /user has no "email".*at character 1/],
    ['user.groups.all(a, user.groups.all(b, a == b))', /cannot stand/],
    ['user.attributes.a.matches("(a+)+b")', /"matches" cannot be used/],
  ])('that cannot be is refused where it stands: %s', async (match, says) => {
    const { status, body } = await put('refused', { members: [{ user: 'ada' }, { match }] });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { document: 0, pointer: '/spec/members/1/match', message: expect.stringMatching(says) },
    ]);
  });

  test('that fails for somebody does not match, and the team says so', async () => {
    await put('failing', { members: [{ match: 'user.attributes.level > "a"' }] });
    const { status } = (await central.get('/teams/failing')).body;
    expect(status.rules).toEqual([{ match: 'user.attributes.level > "a"', people: 0 }]);
    expect(status.conditions).toMatchObject([
      { type: 'RulesEvaluated', status: 'False', reason: 'RuleFailed' },
    ]);
    expect(status.conditions[0].message).toMatch(/1 person, such as rita.*no such overload/);
    await central.apply(person('rita', { department: 'payments' }));
    expect((await central.get('/teams/failing')).body.status.conditions[0].status).toBe('True');
  });

  test('moves nobody into or out of a team with a dangerous role by the hand of those who sync people', async () => {
    await put('rooted', { members: [{ match: 'user.attributes.root || "roots" in user.groups' }] });
    await central.apply(
      group('roots', []),
      person('ruth', { root: true }),
      user('mallory'),
      grant('to-rooted', [{ team: 'rooted' }], ['c1'], { role: 'admin' }),
    );
    expect(await membersOfRule('rooted')).toEqual(['ruth']);
    const { token } = (
      await central.call('POST', '/tokens', { body: { name: 'rule-sync', role: 'sync' } })
    ).body;
    const refused = {
      status: 403,
      body: { code: 'group_closed', details: { group: 'team.rooted' } },
    };
    const change = (name: string, spec: object): Promise<Reply> =>
      central.call('PUT', `/users/${name}`, { token, body: user(name, spec) });
    expect(await change('mallory', { attributes: { root: true } })).toMatchObject(refused);
    expect(await change('ruth', { attributes: {} })).toMatchObject(refused);
    expect(await change('made-for-it', { attributes: { root: true } })).toMatchObject(refused);
    const join = { token, body: { add: ['mallory'] } };
    expect(await central.call('POST', '/groups/roots/members', join)).toMatchObject(refused);
    expect(await membersOfRule('rooted')).toEqual(['ruth']);
    expect((await change('mallory', { attributes: { shoe: 42 } })).status).toBe(200);
    // All access may always end.
    expect((await change('ruth', { active: false })).status).toBe(200);
    expect(await membersOfRule('rooted')).toEqual([]);
    expect(await change('ruth', { active: true })).toMatchObject(refused);
  });

  test('sees what a directory says, whose source is told, until it says so no more', async () => {
    const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
    const corp = await TestDirectory.of(central, 'corp');
    await put('billing', {
      members: [
        { match: 'user.attributes.department == "billing" || user.attributes.country == "DE"' },
        { match: 'user.attributes.roles.exists(r, r == "payer")' },
      ],
    });
    const { id } = await corp.user('sue@corp.example', {
      title: 'Lead',
      roles: [{ value: 'payer' }],
      addresses: [{ country: 'FR' }, { country: 'DE', primary: true, streetAddress: 'no' }],
      [enterprise]: { department: 'billing', employeeNumber: '7' },
    });
    const sue = async (): Promise<Reply['body']> =>
      (await central.get('/users/sue@corp.example')).body;
    const said = {
      title: 'Lead',
      roles: ['payer'],
      country: 'DE',
      department: 'billing',
      employeeNumber: '7',
    };
    expect((await sue()).status).toMatchObject({
      groups: ['team.billing'],
      attributes: said,
      given: [{ source: 'scim:corp', attributes: said }],
    });
    expect((await central.get('/teams/billing')).body.status.rules).toMatchObject([
      { people: 1 },
      { people: 1 },
    ]);
    const replace = (...Operations: object[]): Promise<Reply> =>
      corp.call('PATCH', `/Users/${id}`, { body: patch(...Operations) });
    const revision = (await sue()).metadata.resourceVersion;
    await replace({ op: 'replace', path: 'title', value: 'Lead' });
    expect((await sue()).metadata.resourceVersion).toBe(revision);
    await replace(
      { op: 'replace', path: `${enterprise}:department`, value: 'law' },
      { op: 'remove', path: 'addresses' },
    );
    expect((await sue()).status.groups).toEqual(['team.billing']);
    // What somebody writes counts before what the directory says, and stays when that says otherwise.
    await central.apply(person('sue@corp.example', { roles: ['none'] }));
    expect((await sue()).status.groups).toEqual([]);
    await replace({ op: 'add', path: 'roles', value: [{ value: 'boss' }] });
    expect((await sue()).status.attributes.roles).toEqual(['none']);
    await central.apply(person('sue@corp.example', {}));
    expect((await sue()).status.groups).toEqual(['team.billing']);
    await central.call('DELETE', '/identityproviders/corp');
    expect((await sue()).status).toMatchObject({ groups: [] });
    expect((await sue()).status).not.toHaveProperty('attributes');
  });

  test('fills a group that nobody else changes, and takes it along', async () => {
    const add = { body: { add: ['ada'] } };
    const say = (reply: Reply): unknown => [reply.status, reply.body.code];
    expect(say(await central.call('POST', '/groups/team.ruled/members', add))).toEqual([
      422,
      'invalid_policy',
    ]);
    expect(say(await central.call('DELETE', '/groups/team.ruled'))).toEqual([
      422,
      'invalid_policy',
    ]);
    expect((await put('ruled', { members: [{ user: 'ada' }] })).status).toBe(200);
    expect((await central.get('/groups/team.ruled')).status).toBe(404);
    expect((await central.call('DELETE', '/teams/failing')).status).toBe(200);
    expect((await central.get('/groups/team.failing')).status).toBe(404);
  });
});
