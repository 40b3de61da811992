import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { enrolAgent, tellInventory, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    user('ann'),
    user('ben'),
    user('cy'),
    user('dan'),
    user('eve'),
    group('payers', ['ben']),
  );
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

const team = (name: string, spec: object): object => document('Team', name, spec);
const apply = (...objects: object[]): Promise<Reply> =>
  central.call('POST', '/apply', { body: { objects } });
const ownedScope = (...names: string[]): object => ({
  clusters: { names },
  namespaces: { owned: true },
});
const ownedGrant = (name: string, teamName: string, ...clusters: string[]): object =>
  document('Grant', name, {
    subjects: [{ team: teamName }],
    role: 'view',
    scope: ownedScope(...clusters),
  });

async function connected(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = `kube-system-of-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  return agent;
}

const asked = { namespace: 'payments', verb: 'get', resource: 'pods' };
const check = async (name: string, where: string) => {
  const checks = [{ user: name, cluster: where, ...asked }];
  return (await central.call('POST', '/access/check', { body: { checks } })).body.items?.[0];
};

describe('a team that is granted something', () => {
  test('gives it to its people and groups; who comes and goes is told to the clusters it reaches alone', async () => {
    const [here, there] = [await connected('here'), await connected('there')];
    await central.apply(
      team('moving', { members: [{ user: 'ann' }, { group: 'payers' }] }),
      grant('to-moving', [{ team: 'moving' }], ['here']),
      grant('to-cy', [{ user: 'cy' }], ['there']),
    );
    await eventually(() => expect(here.subjects.toSorted()).toEqual(['ambit:ann', 'ambit:ben']));
    await eventually(() => expect(there.subjects).toEqual(['ambit:cy']));
    const before = there.revision;
    expect((await central.get('/grants/to-moving')).body).toMatchObject({
      spec: { subjects: [{ team: 'moving' }] },
      status: { state: 'Active', clusters: { reached: 1 } },
    });

    const { body } = await apply(team('moving', { members: [{ user: 'dan' }, { user: 'cy' }] }));
    expect(body.clusters).toEqual([
      expect.objectContaining({ name: 'here', gain: ['cy', 'dan'], lose: ['ann', 'ben'] }),
    ]);
    await eventually(() => expect(here.subjects.toSorted()).toEqual(['ambit:cy', 'ambit:dan']));
    expect(there.revision).toBe(before);
    const { body: trail } = await central.get('/audit/events?type=policy.updated&limit=1');
    expect(trail.items[0]).toMatchObject({
      message: 'Team moving was updated: dan, cy joined; ann, group/payers left',
    });
  });

  test('is named between a person and the grant, with the group that is in it', async () => {
    const agent = await connected('asked');
    tellInventory(agent);
    await central.apply(
      team('asking', { members: [{ user: 'ann' }, { user: 'ben' }, { group: 'payers' }] }),
      grant('to-asking', [{ team: 'asking' }, { user: 'ann' }], ['asked']),
    );
    const path = { grant: 'to-asking', role: 'view' };
    await eventually(async () =>
      expect((await check('ben', 'asked')).paths).toEqual([
        expect.objectContaining({ ...path, team: 'asking' }),
        expect.objectContaining({ ...path, group: 'payers', team: 'asking' }),
      ]),
    );
    const [direct, byTeam] = (await check('ann', 'asked')).paths;
    expect([direct.team, byTeam.team]).toEqual([undefined, 'asking']);
    const query = new URLSearchParams({ cluster: 'asked', ...asked });
    const { body } = await central.get(`/access/who-can?${query}`);
    expect(body.items.map((item: { user: string }) => item.user)).toEqual(['ann', 'ben']);
    expect(body.items[1].paths).toHaveLength(2);
    expect(await check('eve', 'asked')).toMatchObject({
      allowed: false,
      refusals: [{ message: 'No grant names eve or its groups and teams.' }],
    });
  });

  test('cannot be deleted, which says by whom it is named, until it is taken out', async () => {
    await central.apply(
      cluster('kept'),
      team('kept', { members: [{ user: 'ann' }] }),
      grant('to-kept', [{ team: 'kept' }, { user: 'ben' }], ['kept']),
    );
    const refused = await central.call('DELETE', '/teams/kept');
    expect([refused.status, refused.body]).toEqual([
      409,
      expect.objectContaining({
        code: 'in_use',
        detail: 'Team "kept" is named by grant "to-kept".',
        nextCommand: 'ambit revoke team/kept',
      }),
    ]);
    const body = { subject: { team: 'kept' } };
    const { body: revoked } = await central.call('POST', '/access/revoke', { body });
    expect(revoked.objects).toEqual([expect.objectContaining({ name: 'to-kept' })]);
    expect((await central.call('DELETE', '/teams/kept')).status).toBe(200);
  });

  test('is what somebody keeps access by whose own grants are taken', async () => {
    await central.apply(
      cluster('left'),
      team('leaving', { members: [{ user: 'ben' }, { group: 'payers' }] }),
      grant('to-leaving', [{ team: 'leaving' }], ['left']),
    );
    const body = { subject: { user: 'ben' }, dryRun: 'All' };
    const { body: told } = await central.call('POST', '/access/revoke', { body });
    const kept = {
      grant: 'to-leaving',
      team: 'leaving',
      nextCommand: 'ambit describe team leaving',
    };
    expect(
      told.remaining.filter(({ grant: by }: { grant: string }) => by === 'to-leaving'),
    ).toEqual([
      expect.objectContaining(kept),
      expect.objectContaining({ ...kept, group: 'payers' }),
    ]);
  });

  test('comes with its grant in one file, in any order, and alone it changes nobody', async () => {
    await central.apply(cluster('filed'));
    const given = [
      grant('to-filed', [{ team: 'filed' }], ['filed']),
      team('filed', { members: [{ user: 'cy' }] }),
    ];
    const { status, body } = await apply(...given);
    expect([status, body.warnings ?? []]).toEqual([200, []]);
    expect(body.clusters).toEqual([expect.objectContaining({ name: 'filed', gain: ['cy'] })]);
    const again = await apply(...given);
    expect(again.body).toMatchObject({ changed: false });
    const missing = await apply(grant('to-nobody', [{ team: 'filled' }], ['filed']));
    expect(missing.body.errors).toEqual([
      expect.objectContaining({
        pointer: '/spec/subjects/0/team',
        message: 'there is no Team filled; did you mean filed?',
      }),
    ]);
  });

  test('losing most of its people is stopped by the removal guard, as with a group', async () => {
    const names = Array.from({ length: 24 }, (_, at) => `crowd-${at}`);
    await central.apply(
      cluster('crowded'),
      ...names.map((name) => user(name)),
      team('crowd', { members: names.map((name) => ({ user: name })) }),
      grant('to-crowd', [{ team: 'crowd' }], ['crowded']),
    );
    const { status, body } = await apply(team('crowd', {}));
    expect([status, body.code]).toEqual([409, 'confirmation_required']);
    const confirmed = await central.call('POST', '/apply', {
      body: { objects: [team('crowd', {})], confirmRemovals: body.details.digest },
    });
    expect(confirmed.status).toBe(200);
  });
});

describe('what a team owns', () => {
  test('is a scope: each cluster gets the names, and follows the team', async () => {
    const [one, two] = [await connected('own-1'), await connected('own-2')];
    const owns = [
      { clusters: { names: ['own-1'] }, namespaces: ['ours-a', 'ours-b'] },
      { clusters: { names: ['own-2'] }, namespaces: ['ours-c'] },
    ];
    const spec = { members: [{ user: 'ann' }], owns };
    await central.apply(team('owner', spec), ownedGrant('on-owned', 'owner', 'own-1', 'own-2'));
    const namesIn = (agent: TestAgent): unknown => agent.boundNamespaces;
    await eventually(() => expect(namesIn(one)).toEqual([['ours-a', 'ours-b']]));
    await eventually(() => expect(namesIn(two)).toEqual([['ours-c']]));
    const { body } = await central.get('/grants/on-owned');
    expect(body.spec.scope.namespaces).toEqual({ owned: true });
    expect(body.status.clusters).toMatchObject({ reached: 2 });

    const before = two.revision;
    await central.apply(
      team('owner', { ...spec, owns: [{ ...owns[0], namespaces: ['ours-b'] }, owns[1]] }),
    );
    await eventually(() => expect(namesIn(one)).toEqual([['ours-b']]));
    expect([namesIn(two), two.revision]).toEqual([[['ours-c']], before]);
  });

  test('by how names begin is refused on both sides, and on other clusters it is none of its concern', async () => {
    await central.apply(cluster('open'), cluster('shut'));
    const owns = (where: string, name: string) => [
      { clusters: { names: [where] }, namespaces: [name] },
    ];
    await central.apply(team('prefixed', { owns: owns('open', 'begins-*') }));
    const refused = await apply(ownedGrant('no', 'prefixed', 'open'));
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [
        expect.objectContaining({
          pointer: '/spec/scope/namespaces/owned',
          message: expect.stringMatching(/^Team prefixed owns begins-\*, .*name them in the team/),
        }),
      ],
    ]);
    expect((await apply(ownedGrant('no', 'prefixed', 'shut'))).status).toBe(200);

    const both = [
      team('together', { owns: owns('open', 'together-*') }),
      ownedGrant('nor', 'together', 'open'),
    ];
    const together = await apply(...both);
    expect([together.status, together.body.errors]).toEqual([
      422,
      [
        expect.objectContaining({ document: 0, pointer: '/spec/owns/0/namespaces/0' }),
        expect.objectContaining({
          document: 1,
          message: expect.stringMatching(/^Team together owns together-\*/),
        }),
      ],
    ]);

    await central.apply(team('later', { owns: owns('open', 'later') }));
    await central.apply(ownedGrant('yes', 'later', 'open'));
    const widened = await apply(team('later', { owns: owns('open', 'later-*') }));
    expect([widened.status, widened.body.errors]).toEqual([
      422,
      [
        expect.objectContaining({
          pointer: '/spec/owns/0/namespaces/0',
          message: expect.stringMatching(/^later-\* says how names begin, and Grant yes gives/),
        }),
      ],
    ]);

    const named = [
      ownedGrant('nor', 'prefixed', 'open'),
      team('prefixed', { owns: owns('open', 'begins-here') }),
    ];
    expect((await apply(...named)).status).toBe(200);
  });

  test('is a scope for teams alone, and who gives it of a team that owns nothing is told', async () => {
    await central.apply(cluster('idle'), team('idle', {}));
    const mixed = document('Grant', 'mixed', {
      subjects: [{ team: 'idle' }, { user: 'ann' }],
      role: 'view',
      scope: ownedScope('idle'),
    });
    const refused = await apply(mixed);
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/spec/scope/namespaces/owned' })],
    ]);
    const { body } = await apply(ownedGrant('nothing', 'idle', 'idle'));
    expect(body.warnings).toEqual([
      'Grant nothing gives team idle what it owns, and it owns nothing: nobody holds anything by that.',
    ]);
  });
});
