import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { comingIn, provider, TestSignIns } from './identities.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let signIns: TestSignIns;
let count = 0;

const rules = [
  { value: '/tenant-a/eng', group: 'eng' },
  { value: 'ops', group: 'ops' },
  { value: 'admins', group: 'admins' },
  { value: 'power', group: 'power' },
  { value: 'shut', group: 'shut' },
  { value: 'ghosts', group: 'ghosts' },
  { each: 'groups.filter(g, g.startsWith("team-"))', prefix: 'x-' },
];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    provider('corp', { groups: rules }),
    ...['eng', 'ops', 'admins', 'power', 'x-team-web'].map((name) => document('Group', name, {})),
    document('Group', 'shut', { closedTo: ['sync'] }),
    document('Delegation', 'admins', { role: 'operator', subjects: [{ group: 'admins' }] }),
    cluster('prod'),
    grant('eng-views', [{ group: 'eng' }], ['prod']),
    grant('power-all', [{ group: 'power' }], ['prod'], { role: 'admin' }),
  );
  signIns = await TestSignIns.on(db);
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  await db.close();
});

async function person(): Promise<string> {
  const name = `p${++count}@corp.example`;
  await central.apply(user(name));
  return name;
}

/** Comes in with these groups; undefined: without the claim. */
const comes = (name: string, groups: unknown, more: object = {}) =>
  signIns.admit(comingIn('corp', name, groups === undefined ? {} : { groups }, more));

const groupsOf = async (name: string): Promise<string[]> => {
  const rows = await db.database.query<{ name: string }>(
    `SELECT g.name FROM group_members m JOIN groups g ON g.uid = m.group_uid JOIN users u ON u.uid = m.user_uid
     WHERE u.name = $1 ORDER BY 1`,
    [name],
  );
  return rows.map((row) => row.name);
};
const stored = async (name: string): Promise<Reply['body']> =>
  (await central.get(`/groups/${name}`)).body;
const revision = async (): Promise<string> => {
  const [row] = await db.database.query<{ revision: string }>('SELECT revision FROM policy_head');
  return row?.revision ?? '';
};

describe('groups that claims give', () => {
  test('lead into teams by their rules, and into none with a role to take care of; the sign-in goes on', async () => {
    const name = await person();
    const match = '"ops" in user.groups';
    await central.apply(
      document('Team', 'harmless', { members: [{ match }] }),
      document('Team', 'mighty', { members: [{ match }] }),
      grant('mighty-all', [{ team: 'mighty' }], ['prod'], { role: 'admin' }),
    );
    await comes(name, ['ops']);
    expect(await groupsOf(name)).toEqual(['ops', 'team.harmless']);
    await comes(name, []);
    expect(await groupsOf(name)).toEqual([]);
    for (const team of ['harmless', 'mighty']) {
      await central.apply(document('Team', team, {}));
    }
  });

  test('are replaced at each sign-in, and what somebody wrote stays', async () => {
    const name = await person();
    await central.apply(group('ops', [name]));
    await comes(name, ['/tenant-a/eng', 'ops', 'team-web']);
    expect(await groupsOf(name)).toEqual(['eng', 'ops', 'x-team-web']);
    await comes(name, ['ops']);
    expect(await groupsOf(name)).toEqual(['ops']);
    await comes(name, []);
    expect(await groupsOf(name)).toEqual(['ops']);
    expect((await stored('ops')).spec.members).toEqual([name]);
    await central.apply(group('ops', []));
    expect(await groupsOf(name)).toEqual([]);
  });

  test('are told with their source, and a group that is written as it was printed stays as it is', async () => {
    const name = await person();
    await comes(name, ['/tenant-a/eng']);
    const printed = await stored('eng');
    expect(printed).toMatchObject({
      spec: { members: [] },
      status: { memberCount: 1, given: [{ source: 'claims:corp', members: [name] }] },
    });
    const again = await central.apply(printed);
    expect(again).toMatchObject({ changed: false });
    await eventually(async () => {
      const { body } = await central.get(`/users/${encodeURIComponent(name)}`);
      expect(body.status.groups).toEqual(['eng']);
    });
    await comes(name, []);
  });

  test('are listed for a person with every source, page by page', async () => {
    const name = await person();
    await central.apply(group('ops', [name]));
    await comes(name, ['/tenant-a/eng', 'ops']);
    const path = `/users/${encodeURIComponent(name)}/groups`;
    const told = (query = '') => central.get(`${path}${query}`).then(({ body }) => body);
    await eventually(async () =>
      expect((await told()).items).toEqual([
        { group: 'eng', uid: expect.any(String), sources: ['claims:corp'] },
        { group: 'ops', uid: expect.any(String), sources: ['local', 'claims:corp'] },
      ]),
    );
    const first = await told('?limit=1');
    expect([first.items.length, first.metadata.continue]).toEqual([1, 'eng']);
    const { items, metadata } = await told('?limit=1&continue=eng');
    expect([items[0].group, metadata.continue]).toEqual(['ops', undefined]);
    expect((await central.get('/users/nobody/groups')).status).toBe(404);
    await central.apply(group('ops', []));
    await comes(name, []);
  });

  test('stay when somebody takes the person out, and that is said', async () => {
    const name = await person();
    await central.apply(group('ops', [name]));
    await comes(name, ['ops']);
    const taken = await central.call('POST', '/groups/ops/members', { body: { remove: [name] } });
    expect(taken.body.warnings).toEqual([`${name} stays in group ops: claims:corp gives it`]);
    expect(await groupsOf(name)).toEqual(['ops']);
    await comes(name, []);
    const again = await central.call('PUT', '/groups/ops/members', { body: { members: [] } });
    expect(again.body).not.toHaveProperty('warnings');
  });

  test('make no revision as long as they stay as they were', async () => {
    const name = await person();
    await comes(name, ['/tenant-a/eng']);
    const before = await revision();
    await comes(name, ['/tenant-a/eng', 'something-else']);
    await comes(name, undefined);
    expect(await revision()).toBe(before);
  });

  test('a claim that is missing changes nothing and is told; a text is refused', async () => {
    const name = await person();
    await comes(name, ['/tenant-a/eng']);
    expect((await comes(name, undefined)).notes).toEqual([
      expect.stringContaining('sent no claim "groups"'),
    ]);
    await expect(comes(name, '/tenant-a/eng')).rejects.toMatchObject({ code: 'identity_refused' });
    await expect(comes(name, [], { groupsComplete: false })).rejects.toMatchObject({
      code: 'identity_refused',
      extras: { details: { reason: 'overage' } },
    });
    expect(await groupsOf(name)).toEqual(['eng']);
  });

  test('that are not there are not made, and are told', async () => {
    const name = await person();
    const { notes } = await comes(name, ['ghosts', 'team-none']);
    expect(notes).toEqual([
      'You are not put into group ghosts: there is no such group',
      'You are not put into group x-team-none: there is no such group',
    ]);
    expect((await central.get('/groups/ghosts')).status).toBe(404);
  });

  test.each([
    ['admins', /Delegation admins gives it the role operator/],
    ['power', /Grant power-all gives it the role admin/],
    ['shut', /closedTo names sync/],
  ])('nobody comes into %s, which is closed to those who sync people', async (closed, why) => {
    const name = await person();
    const { notes } = await comes(name, [closed, 'ops']);
    expect(await groupsOf(name)).toEqual(['ops']);
    expect(notes).toEqual([expect.stringMatching(why)]);
  });

  test('case 28: no name of Kubernetes comes through, whatever rule would let it', async () => {
    const name = await person();
    const { notes } = await comes(name, [
      'system:masters',
      'team-system:masters',
      'SYSTEM:masters',
    ]);
    expect(await groupsOf(name)).toEqual([]);
    expect(notes).toEqual([
      'Rule 6: "x-team-system:masters" cannot be the name of a group; a rule with "value" can name it',
    ]);
  });

  test('case b53: are exactly those that were meant: nothing of nested, same-named, renamed or deleted groups', async () => {
    const name = await person();
    await comes(name, ['/tenant-a/eng', 'team-web']);
    expect(await groupsOf(name)).toEqual(['eng', 'x-team-web']);
    await comes(name, ['/tenant-b/eng', '/tenant-a/eng/leads', 'eng', 'tenant-a/eng', 'Team-web']);
    expect(await groupsOf(name)).toEqual([]);
    await comes(name, ['team-web']);
    await central.call('DELETE', '/groups/x-team-web');
    await central.apply(document('Group', 'x-team-web', {}));
    expect(await groupsOf(name)).toEqual([]);
    await comes(name, ['team-web']);
    expect(await groupsOf(name)).toEqual(['x-team-web']);
  });

  test('of two providers go apart: each takes away only what it gave', async () => {
    const rule = [{ value: 'eng', group: 'eng' }];
    const domain = { domains: ['two.example'], groups: rule };
    const name = 'both@two.example';
    await central.apply(provider('two', domain), provider('next', { groups: rule }), user(name));
    const at = (of: string, groups: readonly string[]) =>
      signIns.admit(comingIn(of, name, { groups }));
    await at('two', ['eng']);
    // The domain moves to the provider that follows.
    await central.apply(provider('two', { domains: [], groups: rule }));
    await central.apply(provider('next', domain));
    await at('next', ['eng']);
    await at('two', []);
    expect(await groupsOf(name)).toEqual(['eng']);
    await at('next', []);
    expect(await groupsOf(name)).toEqual([]);
  });

  test('a Delegation that allows it lets them in', async () => {
    const name = await person();
    const spec = { role: 'operator', subjects: [{ group: 'admins' }] };
    await central.apply(document('Delegation', 'admins', { ...spec, allowDirectory: true }));
    await comes(name, ['admins']);
    expect(await groupsOf(name)).toEqual(['admins']);
    await central.apply(document('Delegation', 'admins', spec));
    await comes(name, ['admins']);
    expect(await groupsOf(name)).toEqual(['admins']);
    await comes(name, []);
    expect(await groupsOf(name)).toEqual([]);
  });

  test('are told in the trail once for each group', async () => {
    const name = await person();
    await comes(name, ['ops']);
    await comes(name, []);
    const own = await db.database.query<{ type: string; actor: string }>(
      `SELECT type, actor FROM audit_events WHERE event -> 'subjects' ? $1 ORDER BY event ->> 'id'`,
      [name],
    );
    const bySignIn = own.filter(({ actor }) => actor === 'system/sign-in');
    expect(bySignIn.map(({ type }) => type)).toEqual([
      'identity.linked',
      'group.member_added',
      'group.member_removed',
    ]);
  });
});

describe('the removal guard', () => {
  test('keeps people in groups that the provider suddenly no longer names, and says so', async () => {
    const groups = Array.from({ length: 30 }, (_, i) => `mass-${i}`);
    await central.apply(
      provider('mass', { groups: [{ value: 'all', group: 'mass-0' }] }),
      ...groups.map((name) => document('Group', name, {})),
      ...groups.map((_, i) => user(`m${i}@mass.example`)),
    );
    const mass = (i: number, named: readonly string[]) =>
      signIns.admit(comingIn('mass', `m${i}@mass.example`, { groups: named }));
    for (let i = 0; i < 30; i += 1) await mass(i, ['all']);
    // Whom sync brought within the day is no loss to it: these are there for longer.
    await db.database.query('DELETE FROM sync_removals');
    for (let i = 0; i < 20; i += 1) expect((await mass(i, [])).notes).toEqual([]);
    expect((await mass(20, [])).notes).toEqual([expect.stringContaining('you stay in them')]);
    expect(await groupsOf('m20@mass.example')).toEqual(['mass-0']);
    const { body } = await central.get('/audit/events?type=directory.guard_tripped&limit=5');
    expect(body.items).toMatchObject([{ subjects: ['m20@mass.example'] }]);
  });
});

describe('the end of what gave them', () => {
  test('another issuer takes the memberships that the former one gave', async () => {
    const groups = [{ value: 'ops', group: 'ops' }];
    const name = 'm@moved.example';
    await central.apply(provider('moved', { groups }), user(name));
    await signIns.admit(comingIn('moved', name, { groups: ['ops'] }));
    await central.apply(provider('moved', { groups, title: 'Moved' }));
    expect(await groupsOf(name)).toEqual(['ops']);
    await central.apply(provider('moved', { groups, issuer: 'https://new.moved.example' }));
    expect(await groupsOf(name)).toEqual([]);
  });

  test('deleting the provider takes its memberships, and the plan says whom it takes', async () => {
    await central.apply(
      provider('gone', { groups: [{ value: 'eng', group: 'eng' }] }),
      user('g@gone.example'),
    );
    await signIns.admit(comingIn('gone', 'g@gone.example', { groups: ['eng'] }));
    // Central follows what the sign-in committed elsewhere.
    await eventually(async () => {
      const plan = await central.call('DELETE', '/identityproviders/gone?dryRun=All');
      expect(plan.body.clusters).toMatchObject([{ name: 'prod', lose: ['g@gone.example'] }]);
    });
    expect(await groupsOf('g@gone.example')).toEqual(['eng']);
    expect((await central.call('DELETE', '/identityproviders/gone')).status).toBe(200);
    expect(await groupsOf('g@gone.example')).toEqual([]);
  });

  test('unlinking the account takes what the provider gave', async () => {
    const name = await person();
    await central.apply(group('ops', [name]));
    const { identity } = await comes(name, ['/tenant-a/eng', 'ops']);
    await central.call('DELETE', `/users/${encodeURIComponent(name)}/identities/${identity}`);
    expect(await groupsOf(name)).toEqual(['ops']);
    await central.apply(group('ops', []));
    expect(await groupsOf(name)).toEqual([]);
  });
});

describe('a preview', () => {
  test('says who it would be, which rule gives what, what comes and goes, and changes nothing', async () => {
    const name = await person();
    await comes(name, ['ops']);
    const before = await revision();
    const signIn = comingIn('corp', name, { groups: ['/tenant-a/eng', 'admins', 'ghosts'] });
    expect(await signIns.admission.preview(signIn)).toMatchObject({
      provider: 'corp',
      claims: signIn.claims,
      person: { name, how: 'Link', isNew: false },
      groups: [
        { group: 'admins', rules: [2], refused: expect.stringContaining('Delegation') },
        { group: 'eng', rules: [0] },
        { group: 'ghosts', rules: [5], refused: 'there is no such group' },
      ],
      joins: ['eng'],
      leaves: ['ops'],
      access: [{ grant: 'eng-views', role: 'view', group: 'eng' }],
    });
    expect([await revision(), await groupsOf(name)]).toEqual([before, ['ops']]);
  });

  test('of who would be new, and of who would be refused, links and makes nobody', async () => {
    await central.apply(provider('fresh', { provisioning: 'OnSignIn' }));
    const preview = (email: string) => signIns.admission.preview(comingIn('fresh', email));
    expect(await preview('n@fresh.example')).toMatchObject({
      person: { name: 'n@fresh.example', how: 'OnSignIn', isNew: true },
    });
    expect((await central.get('/users/n@fresh.example')).status).toBe(404);
    const stranger = await preview('n@evil.example');
    expect(stranger.refusal).toMatchObject({ extras: { details: { reason: 'foreign_domain' } } });
    expect(stranger).not.toHaveProperty('person');
    const { body } = await central.get('/audit/events?type=login.failed&limit=5');
    expect(JSON.stringify(body)).not.toContain('evil.example');
    await expect(
      signIns.admission.preview(comingIn('nowhere', 'x@y.example')),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});
