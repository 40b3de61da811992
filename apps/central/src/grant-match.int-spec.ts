import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { patch, TestDirectory } from './scim.test-support.ts';
import { enrolAgent, tellInventory, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let eu: TestAgent;
let us: TestAgent;
const agents: TestAgent[] = [];

async function connected(name: string, labels: Record<string, string>): Promise<TestAgent> {
  await central.apply(cluster(name, labels));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = `kube-system-of-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  tellInventory(agent);
  return agent;
}

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  eu = await connected('c-eu', { region: 'eu', env: 'prod' });
  us = await connected('c-us', { region: 'us', env: 'dev' });
  await central.apply(
    person('ada', { region: 'eu' }),
    person('ben', { region: 'us' }),
    person('cy'),
    user('dan'),
    group('eng', ['ada', 'ben', 'cy']),
  );
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

function person(name: string, attributes: object = {}): object {
  return user(name, { attributes });
}
const spec = (match: string, more: object = {}) => ({
  subjects: [{ group: 'eng' }],
  role: 'view',
  scope: { clusters: { names: ['c-eu', 'c-us'] }, namespaces: { names: ['payments'] } },
  when: { match },
  ...more,
});
const conditional = (name: string, match: string, more: object = {}): object =>
  document('Grant', name, spec(match, more));
const apply = (...objects: object[]): Promise<Reply> =>
  central.call('POST', '/apply', { body: { objects } });
const people = (agent: TestAgent): string[] =>
  [...new Set(agent.subjects.map((subject) => subject.replace('ambit:', '')))].sort();
const bound = (agent: TestAgent, ...names: string[]): Promise<void> =>
  eventually(() => expect(people(agent)).toEqual(names));

const asked = { namespace: 'payments', verb: 'get', resource: 'pods' };
const check = async (name: string, where: string) => {
  const checks = [{ user: name, cluster: where, ...asked }];
  return (await central.call('POST', '/access/check', { body: { checks } })).body.items?.[0];
};

const sameRegion = 'user.attributes.region == cluster.labels.region';

describe('a grant with a condition', () => {
  test('is answered as it was written, says how many it holds for, and applied again changes nothing', async () => {
    expect((await apply(conditional('by-region', sameRegion))).status).toBe(200);
    const { body } = await central.get('/grants/by-region');
    expect(body.spec).toEqual(spec(sameRegion));
    expect(body.status).toMatchObject({ state: 'Active', matched: 2 });
    expect(body.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'MatchEvaluated', status: 'True' }),
    );
    expect((await apply(conditional('by-region', sameRegion))).body).toMatchObject({
      changed: false,
    });
  });

  test('gives its role to those for whom it holds, where it does, and follows people by REST', async () => {
    await bound(eu, 'ada');
    await bound(us, 'ben');
    await central.apply(person('cy', { region: 'eu' }));
    await bound(eu, 'ada', 'cy');
    await central.apply(person('ada', { region: 'us' }), person('cy'));
    await bound(us, 'ada', 'ben');
    await bound(eu);
    expect((await check('cy', 'c-eu')).allowed).toBe(false);
  });

  test('follows the groups of people, and gives nothing to whom it does not name', async () => {
    await central.apply(person('ada', { region: 'eu' }), person('dan', { region: 'eu' }));
    await bound(eu, 'ada');
    await central.call('POST', '/groups/eng/members', { body: { add: ['dan'] } });
    await bound(eu, 'ada', 'dan');
    await central.call('POST', '/groups/eng/members', { body: { remove: ['dan'] } });
    await bound(eu, 'ada');
  });

  test('follows labels of clusters and a cluster that comes', async () => {
    await central.apply(cluster('c-us', { region: 'eu', env: 'dev' }));
    await bound(us, 'ada');
    await central.apply(cluster('c-us', { env: 'dev' }));
    await bound(us);
    await central.apply(cluster('c-us', { region: 'us', env: 'dev' }));
    await bound(us, 'ben');
    const everywhere = {
      scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
    };
    await central.apply(conditional('by-region', sameRegion, everywhere));
    const asia = await connected('c-asia', { region: 'asia' });
    await central.apply(person('cy', { region: 'asia' }));
    await bound(asia, 'cy');
    await central.apply(person('cy'), conditional('by-region', sameRegion));
    await bound(asia);
  });

  test('follows a team that it names, the rules of the team before itself', async () => {
    await central.apply(
      document('Team', 'oncall', { members: [{ match: 'user.attributes.oncall' }] }),
      conditional('of-team', 'user.attributes.level >= 2', { subjects: [{ team: 'oncall' }] }),
    );
    // Rule, and condition, by one change.
    await central.apply(person('dan', { oncall: true, level: 2 }));
    await bound(eu, 'ada', 'dan');
    expect((await check('dan', 'c-eu')).paths).toMatchObject([
      {
        grant: 'of-team',
        group: 'team.oncall',
        team: 'oncall',
        match: 'user.attributes.level >= 2',
      },
    ]);
    await central.apply(document('Team', 'oncall', { members: [{ user: 'cy' }] }));
    await bound(eu, 'ada');
    await central.call('DELETE', '/grants/of-team');
  });

  test('to what a team owns reaches that alone', async () => {
    await central.apply(
      document('Team', 'owner', {
        members: [{ group: 'eng' }],
        owns: [{ clusters: { matchLabels: { env: 'prod' } }, namespaces: ['payments'] }],
      }),
      conditional('on-owned', '!has(user.attributes.region)', {
        subjects: [{ team: 'owner' }],
        scope: { clusters: { names: ['c-eu', 'c-us'] }, namespaces: { owned: true } },
      }),
    );
    await bound(eu, 'ada', 'cy');
    await bound(us, 'ben');
    await central.call('DELETE', '/grants/on-owned');
    await bound(eu, 'ada');
  });

  test('without its condition is one to everybody, and with another one is judged anew', async () => {
    const { when: _when, ...plain } = spec(sameRegion);
    await central.apply(document('Grant', 'by-region', plain));
    await bound(eu, 'ada', 'ben', 'cy');
    expect((await central.get('/groups?q=when.')).body.items).toEqual([]);
    await central.apply(conditional('by-region', 'user.attributes.region == "us"'));
    await bound(eu, 'ben');
    expect((await central.get('/groups?q=when.')).body.items).toMatchObject([
      { metadata: { name: 'when.by-region' } },
    ]);
    await central.apply(conditional('by-region', sameRegion));
    await bound(eu, 'ada');
  });
});

describe('answers about a condition', () => {
  test('say that it holds, and by what somebody is a subject', async () => {
    expect((await check('ada', 'c-eu')).paths).toMatchObject([
      { grant: 'by-region', group: 'eng', match: sameRegion },
    ]);
    const { body } = await central.get('/access/explain?user=ada&scope=c-eu/payments');
    expect(body).toMatchObject({
      allowed: true,
      ways: [{ grant: 'by-region', group: 'eng', match: sameRegion, state: 'in_force' }],
    });
    const query = new URLSearchParams({ cluster: 'c-eu', ...asked });
    const { body: who } = await central.get(`/access/who-can?${query}`);
    expect(who.items).toMatchObject([{ user: 'ada', paths: [{ group: 'eng' }] }]);
  });

  test('say to whom it does not apply what it read, and only to who is a subject', async () => {
    const text = (values: string): string =>
      `Grant by-region names group eng, but its condition does not hold: ${sameRegion} (${values})`;
    const [ben, cy] = [await check('ben', 'c-eu'), await check('cy', 'c-eu')];
    expect(ben.refusals).toMatchObject([
      {
        reason: 'condition_not_met',
        grant: 'by-region',
        group: 'eng',
        message: text('region is "us", cluster.labels.region is "eu"'),
      },
    ]);
    expect(cy.refusals[0].message).toBe(text('region is not set, cluster.labels.region is "eu"'));
    expect((await check('dan', 'c-eu')).refusals).toMatchObject([{ reason: 'no_grant' }]);
    const { body } = await central.get('/access/explain?user=cy&scope=c-eu/payments');
    expect(body.refusals).toMatchObject([{ message: cy.refusals[0].message }]);
    const held = (await central.get('/access/effective?user=cy')).body.items;
    expect(held).toMatchObject([
      { cluster: 'c-eu', state: 'condition_not_met', message: cy.refusals[0].message },
      { cluster: 'c-us', state: 'condition_not_met' },
    ]);
  });

  test('about the past are of then', async () => {
    const { revision } = (await central.get('/system')).body;
    await central.apply(person('ada'));
    const before = await central.get(`/access/explain?user=ada&scope=c-eu/payments&at=${revision}`);
    expect(before.body).toMatchObject({ allowed: true, ways: [{ group: 'eng' }] });
    const query = new URLSearchParams({ cluster: 'c-eu', ...asked, at: String(revision) });
    const { body: who } = await central.get(`/access/who-can?${query}`);
    expect(who.items).toMatchObject([{ user: 'ada', paths: [{ group: 'eng' }] }]);
    expect((await check('ada', 'c-eu')).allowed).toBe(false);
    await central.apply(person('ada', { region: 'eu' }));
  });

  test('before a change of attributes tell who gains and who loses', async () => {
    const tried = await central.call('POST', '/apply', {
      body: { objects: [person('ada'), person('cy', { region: 'eu' })], dryRun: 'All' },
    });
    expect(tried.body.clusters).toMatchObject([{ name: 'c-eu', gain: ['cy'], lose: ['ada'] }]);
    expect(tried.body.warnings).toEqual([
      'the condition of grant by-region would hold no more for ada',
      'the condition of grant by-region would hold for cy',
    ]);
    await bound(eu, 'ada');
  });

  test('in the trail say who meets it since, and who does no more', async () => {
    await central.apply(person('ada'));
    const { body } = await central.get('/audit/events?type=group.member_removed&limit=1');
    expect(body.items[0]).toMatchObject({
      message: 'The condition of grant by-region holds no more for ada',
      details: { grant: 'by-region' },
    });
    await central.apply(person('ada', { region: 'eu' }));
  });
});

describe('a condition is refused', () => {
  test.each([
    ['user.attributes.region ==', {}, '/spec/when/match', /Unexpected token.*at character/],
    ['cluster.name == "x"', {}, '/spec/when/match', /cluster has no "name".*at character 1/],
    [
      'user.attributes.a == "x"',
      { subjects: [{ group: 'eng' }, { service: 'robot' }] },
      '/spec/subjects/1/service',
      /a service identity has no attributes/,
    ],
    [
      'user.attributes.a == "x"',
      {
        subjects: [{ team: 'owner' }, { team: 'oncall' }],
        scope: { clusters: { all: true }, namespaces: { owned: true } },
      },
      '/spec/when/match',
      /names one team/,
    ],
  ])('where it stands: %s', async (match, more, pointer, says) => {
    await central.apply(document('ServiceIdentity', 'robot', { description: 'r' }));
    const { status, body } = await apply(conditional('refused', match, more));
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      expect.objectContaining({ pointer, message: expect.stringMatching(says) }),
    ]);
  });

  test('that reads labels of too many values; one that came to do so says where it holds for nobody', async () => {
    const many = Array.from({ length: 201 }, (_, at) => cluster(`many-${at}`, { cell: `${at}` }));
    await central.apply(...many.slice(0, 200));
    const scope = {
      scope: {
        clusters: { matchExpressions: [{ key: 'cell', operator: 'Exists' }] },
        namespaces: { names: ['payments'] },
      },
    };
    const celled = conditional('celled', 'cluster.labels.cell == user.attributes.cell', scope);
    expect((await apply(celled)).status).toBe(200);
    expect((await apply(...many.slice(200))).status).toBe(200);
    expect((await central.get('/grants/celled')).body.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'MatchEvaluated',
        status: 'False',
        reason: 'TooManyLabelValues',
        message: expect.stringMatching(/nobody on many-200$/),
      }),
    );
    await central.call('DELETE', '/grants/celled');
    const { status, body } = await apply(celled);
    expect([status, body.errors?.[0]]).toEqual([
      422,
      expect.objectContaining({
        pointer: '/spec/when/match',
        message: expect.stringMatching(/^the labels that it reads have 201 combinations/),
      }),
    ]);
  }, 60_000);

  test('for somebody for whom it cannot be evaluated, and the grant says so', async () => {
    await central.apply(conditional('failing', 'user.attributes.region > 3'));
    const { status } = (await central.get('/grants/failing')).body;
    expect(status).toMatchObject({ matched: 0 });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'MatchEvaluated',
        status: 'False',
        reason: 'MatchFailed',
        message: expect.stringMatching(/2 people, such as ada.*no such overload/),
      }),
    );
    await central.call('DELETE', '/grants/failing');
  });

  test('as a way for those who sync people into what is dangerous, also for who is a subject already', async () => {
    await central.apply(
      conditional('rooted', 'user.attributes.root', { role: 'admin' }),
      person('ben', { region: 'us', root: true }),
    );
    const { token } = (
      await central.call('POST', '/tokens', { body: { name: 'when-sync', role: 'sync' } })
    ).body;
    const change = (name: string, attributes: object, more: object = {}): Promise<Reply> =>
      central.call('PUT', `/users/${name}`, { token, body: user(name, { attributes, ...more }) });
    const refused = {
      status: 403,
      body: { code: 'group_closed', details: { group: 'when.rooted' } },
    };
    expect(await change('cy', { root: true })).toMatchObject(refused);
    expect(await change('ben', { region: 'us' })).toMatchObject(refused);
    // Who is no subject gets nothing by it, and what opens no dangerous role is theirs to say.
    expect((await change('dan', { root: true })).status).toBe(200);
    expect((await change('cy', { region: 'eu' })).status).toBe(200);
    await bound(eu, 'ada', 'ben', 'cy');
    // All access may always end.
    expect((await change('ben', { region: 'us' }, { active: false })).status).toBe(200);
    await bound(eu, 'ada', 'cy');
    await central.call('DELETE', '/grants/rooted');
    await central.apply(person('ben', { region: 'us' }), person('cy'));
  });
});

test('keeps its condition when somebody is taken out of it', async () => {
  const both = { subjects: [{ user: 'ben' }, { user: 'dan' }] };
  await central.apply(conditional('kept', 'user.attributes.root', both));
  await central.call('POST', '/access/revoke', { body: { subject: { user: 'dan' } } });
  expect((await central.get('/grants/kept')).body.spec).toEqual(
    spec('user.attributes.root', { subjects: [{ user: 'ben' }] }),
  );
  await bound(eu, 'ada');
  await central.call('DELETE', '/grants/kept');
});

test('a directory that says another attribute opens and closes access', async () => {
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  const corp = await TestDirectory.of(central, 'corp');
  const { id } = await corp.user('sue@corp.example', { [enterprise]: { department: 'pay' } });
  await central.apply(
    conditional('by-department', 'user.attributes.department == "pay"', {
      subjects: [{ user: 'sue@corp.example' }],
    }),
  );
  await bound(eu, 'ada', 'sue@corp.example');
  const say = (value: string): Promise<Reply> =>
    corp.call('PATCH', `/Users/${id}`, {
      body: patch({ op: 'replace', path: `${enterprise}:department`, value }),
    });
  await say('law');
  await bound(eu, 'ada');
  await say('pay');
  await bound(eu, 'ada', 'sue@corp.example');
});

test('the group of a condition is changed by nobody, and goes with the grant', async () => {
  const [{ metadata }] = (await central.get('/groups?q=when.by-region')).body.items;
  const add = { body: { add: ['dan'] } };
  const reply = await central.call('POST', `/groups/${metadata.name}/members`, add);
  expect([reply.status, reply.body.code]).toEqual([422, 'invalid_policy']);
  await central.call('DELETE', '/grants/by-region');
  expect((await central.get('/groups?q=when.by-region')).body.items).toEqual([]);
});

test('a replica that starts anew compiles the same', async () => {
  await central.apply(
    grant('to-dan', [{ user: 'dan' }], ['c-eu']),
    conditional('again', sameRegion),
  );
  await bound(eu, 'ada', 'dan', 'sue@corp.example');
  const { dataDir, token } = central;
  await central.stop(true);
  central = await TestCentral.start(db.url, { dataDir });
  central.token = token;
  expect((await check('ada', 'c-eu')).allowed).toBe(true);
  expect((await check('ben', 'c-eu')).allowed).toBe(false);
  await central.apply(person('cy', { region: 'eu' }));
  expect((await check('cy', 'c-eu')).allowed).toBe(true);
});
