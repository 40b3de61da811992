import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral } from './central.test-support.ts';
import { ReflectedClient } from './grpc.test-support.ts';
import { TestDirectory } from './scim.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let client: ReflectedClient;
let corp: TestDirectory;
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
});
beforeEach(async () => {
  client?.close();
  corp = await TestDirectory.of(central, `corp${++count}`);
  client = await ReflectedClient.of(central.running.grpcAddress ?? '', corp.token);
});
afterAll(async () => {
  client?.close();
  await central?.stop();
  await db.close();
});

/** Names of one test are those of no other. */
const named = (name: string): string => `${name}.t${count}@acme.io`;
const person = (name: string, more: object = {}): object => ({
  externalId: `id-${name}`,
  userName: named(name),
  ...more,
});
const team = (name: string, ...members: string[]): object => ({
  externalId: `g-${name}`,
  displayName: `${name} t${count}`,
  members: members.map((member) => `id-${member}`),
});
const people = (from: number, to: number): object[] =>
  Array.from({ length: to - from }, (_, at) => person(`p${from + at}`));

const userOf = async (name: string): Promise<{ status: number; active?: boolean }> => {
  const { status, body } = await central.get(`/users/${named(name)}`);
  return status === 200 ? { status, active: body.spec.active } : { status };
};
const membersOf = async (name: string): Promise<string[]> => {
  const { body } = await central.get(`/groups/${name}-t${count}/members`);
  return body.items.map((member: { user: string }) => member.user.split('.')[0]);
};

/** Every row of what a directory writes, with the transaction that wrote it: nothing can be written unseen. */
async function rowVersions(): Promise<unknown> {
  const tables = [
    ...['users', 'groups', 'group_members', 'given_memberships', 'directory_users'],
    ...['directory_groups', 'directory_removals', 'policy_changes', 'audit_events', 'policy_head'],
  ];
  const sums = tables.map(
    (table) =>
      `SELECT '${table}' AS name, count(*)::int AS rows, md5(coalesce(string_agg(t.xmin::text || t.ctid::text, ',' ORDER BY t.tableoid, t.ctid), '')) AS written FROM ${table} t`,
  );
  return db.database.query(sums.join(' UNION ALL '));
}

describe('a full sync', () => {
  test('makes people and groups, and a second one with no change writes no row', async () => {
    const pages = [
      { users: [person('ada', { displayName: 'Ada', emails: ['ada@acme.io'] }), person('bob')] },
      { groups: [team('dev', 'ada', 'bob'), team('ops')] },
    ];
    const sent = { users: 2, groups: 2 };
    expect(await client.syncAll('FULL', pages, { sent })).toMatchObject({
      users: { created: 2, changed: 0, unchanged: 0, removed: 0 },
      groups: { created: 2 },
      membersJoined: 2,
      refused: [],
    });
    expect(await membersOf('dev')).toEqual(['ada', 'bob']);
    const before = await rowVersions();
    const states = await central.metric('ambit_policy_revision');
    expect(await client.syncAll('FULL', pages, { sent })).toMatchObject({
      users: { created: 0, changed: 0, unchanged: 2, removed: 0 },
      groups: { created: 0, changed: 0, unchanged: 2, removed: 0 },
      membersJoined: 0,
      membersLeft: 0,
    });
    expect(await rowVersions()).toEqual(before);
    expect(await central.metric('ambit_policy_revision')).toBe(states);
  });

  test('says attributes, all that there are, and refuses what none can be with its place', async () => {
    const attributes = [
      { name: 'department', text: 'payments' },
      { name: 'level', number: 2.5 },
      { name: 'oncall', truth: true },
      { name: 'skills', texts: { values: ['db', 'js'] } },
    ];
    const attributesOf = async (name: string): Promise<unknown> =>
      (await central.get(`/users/${named(name)}`)).body.status.given;
    const sync = (...users: object[]): Promise<unknown> => client.syncAll('FULL', [{ users }]);
    await sync(person('ada', { attributes }), person('bob'));
    const said = { department: 'payments', level: 2.5, oncall: true, skills: ['db', 'js'] };
    expect(await attributesOf('ada')).toEqual([{ source: `scim:corp${count}`, attributes: said }]);
    const before = await rowVersions();
    await sync(person('ada', { attributes }), person('bob'));
    expect(await rowVersions()).toEqual(before);
    await sync(person('ada', { attributes: attributes.slice(0, 1) }), person('bob'));
    expect(await attributesOf('ada')).toMatchObject([{ attributes: { department: 'payments' } }]);
    for (const faulty of [
      [{ name: '1st', text: 'x' }],
      [{ name: 'none' }],
      [{ name: 'long', text: 'x'.repeat(257) }],
      [{ name: 'unseen', text: 'a\u200bb' }],
      [attributes[0], attributes[0]],
    ])
      await expect(sync(person('ada', { attributes: faulty }))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });

  test('takes away what is not said, and locks who is inactive', async () => {
    await client.syncAll('FULL', [
      { users: [person('ada'), person('bob'), person('eve')], groups: [team('dev', 'ada', 'bob')] },
    ]);
    const answer = await client.syncAll('FULL', [
      { users: [person('ada', { inactive: true }), person('eve')] },
      { groups: [team('dev')], joining: [{ group: 'g-dev', users: ['id-eve'] }] },
    ]);
    expect(answer).toMatchObject({
      users: { created: 0, changed: 1, unchanged: 1, removed: 1 },
      groups: { changed: 1 },
      membersJoined: 1,
    });
    expect(await userOf('ada')).toEqual({ status: 200, active: false });
    expect(await userOf('bob')).toEqual({ status: 404 });
    expect(await membersOf('dev')).toEqual(['eve']);
  });

  test('keeps who has another name, also when a name goes from one to another', async () => {
    await client.syncAll('FULL', [{ users: [person('ada'), person('bob')] }]);
    const uid = (await central.get(`/users/${named('ada')}`)).body.metadata.uid;
    const answer = await client.syncAll('FULL', [
      {
        users: [
          { externalId: 'id-bob', userName: named('ada') },
          { externalId: 'id-ada', userName: named('ada-new') },
        ],
      },
    ]);
    expect(answer).toMatchObject({ users: { changed: 2, removed: 0 }, refused: [] });
    expect((await central.get(`/users/${named('ada-new')}`)).body.metadata.uid).toBe(uid);
  });

  test('a dry run says what it would do and does nothing', async () => {
    const { stream, answer } = client.sync();
    stream.write({ begin: { mode: 'SYNC_MODE_FULL', dryRun: true } });
    stream.write({ page: { users: [person('ada')], groups: [team('dev', 'ada')] } });
    stream.write({ commit: {} });
    stream.end();
    expect(await answer).toMatchObject({ dryRun: true, users: { created: 1 }, membersJoined: 1 });
    expect(await userOf('ada')).toEqual({ status: 404 });
  });

  test('who is made here by hand is taken over by SCIM and gRPC alike: one directory, two ways', async () => {
    const made = await corp.user(named('ada'), { externalId: 'id-ada', active: true });
    const bob = await corp.user(named('bob'));
    await corp.group(`dev t${count}`, [made.id, bob.id]);
    expect(
      await client.syncAll('FULL', [
        { users: [person('ada'), person('bob')], groups: [team('dev', 'ada', 'bob')] },
      ]),
    ).toMatchObject({
      users: { created: 0, changed: 1, unchanged: 1, removed: 0 },
      groups: { created: 0, changed: 1, removed: 0 },
      membersJoined: 0,
      membersLeft: 0,
    });
    expect((await corp.get(`/Users/${bob.id}`)).body).toMatchObject({ externalId: 'id-bob' });
  });
});

const open = (count: number): Promise<void> =>
  eventually(async () =>
    expect(await central.metric('ambit_grpc_streams_open{service="DirectoryService"}')).toBe(count),
  );

describe('a stream that is cut', () => {
  test('in the middle of a full sync takes nothing away and gives nothing', async () => {
    await client.syncAll('FULL', [{ users: [person('ada'), person('bob')] }]);
    const before = await rowVersions();
    const { stream, answer } = client.sync();
    stream.write({ begin: { mode: 'SYNC_MODE_FULL' } });
    stream.write({ page: { users: [person('eve')] } });
    // Of a call that is taken back in the turn in which it began grpc-js tells central nothing: it ends by its silence.
    await open(1);
    stream.cancel();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    await open(0);
    expect(await rowVersions()).toEqual(before);
  });

  test('at any moment of its life, from before it was let in, is not counted open any more', async () => {
    for (let turns = 1; turns <= 40; turns++) {
      const { stream, answer } = client.sync();
      stream.write({ begin: { mode: 'SYNC_MODE_FULL' } });
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      stream.cancel();
      await answer.catch(() => undefined);
    }
    await eventually(async () =>
      expect(await client.syncAll('DELTA', [])).toMatchObject({ users: { created: 0 } }),
    );
    await open(0);
  });

  test('without its commit, or with a page that was lost, is refused', async () => {
    const { stream, answer } = client.sync();
    stream.write({ begin: { mode: 'SYNC_MODE_FULL' } });
    stream.write({ page: { users: [person('ada')] } });
    stream.end();
    await expect(answer).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(
      client.syncAll('FULL', [{ users: [person('ada')] }], { sent: { users: 2, groups: 0 } }),
    ).rejects.toMatchObject({
      message: '2 users and 0 groups were sent, and 1 users and 0 groups came.',
    });
    expect(await userOf('ada')).toEqual({ status: 404 });
  });
});

describe('a delta', () => {
  test('changes what it names and nothing else', async () => {
    await client.syncAll('FULL', [
      {
        users: [person('ada'), person('bob'), person('eve')],
        groups: [team('dev', 'ada', 'bob'), team('ops', 'eve')],
      },
    ]);
    const answer = await client.syncAll('DELTA', [
      {
        users: [person('dan')],
        removedUsers: ['id-eve', 'id-nobody'],
        joining: [{ group: 'g-dev', users: ['id-dan'] }],
        leaving: [{ group: 'g-dev', users: ['id-bob'] }],
        removedGroups: ['g-ops'],
      },
    ]);
    expect(answer).toMatchObject({
      users: { created: 1, removed: 1 },
      groups: { changed: 1, removed: 1 },
      membersJoined: 1,
      refused: [],
    });
    expect(await membersOf('dev')).toEqual(['ada', 'dan']);
    expect(await userOf('eve')).toEqual({ status: 404 });
    expect((await central.get(`/groups/ops-t${count}`)).status).toBe(404);
  });
});

describe('a sync of a client of another version', () => {
  test('an older one, which counts nothing and knows neither addresses nor deltas, goes on', async () => {
    await client.syncAll('FULL', [{ users: [{ externalId: 'id-ada', userName: named('ada') }] }]);
    expect(await userOf('ada')).toEqual({ status: 200, active: true });
  });

  test('a step that is not known is refused, for it could say that somebody stays', async () => {
    await client.syncAll('FULL', [{ users: [person('ada'), person('bob')] }]);
    const { stream, answer } = client.sync();
    stream.write({ begin: { mode: 'SYNC_MODE_FULL' } });
    stream.write({ page: { users: [person('ada')] } });
    stream.write({});
    stream.write({ commit: {} });
    stream.end();
    await expect(answer).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await userOf('bob')).toEqual({ status: 200, active: true });
  });
});

describe('what is refused', () => {
  test('names each faulty field, and nothing is stored', async () => {
    const users = [person('ada'), { externalId: '', userName: named('bob') }, person('a\u202eb')];
    await expect(client.syncAll('FULL', [{ users }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: {
        extras: {
          errors: [
            { pointer: 'users[1].external_id', message: 'externalId is needed.' },
            { pointer: 'users[2].external_id' },
            { pointer: 'users[2].user_name' },
          ],
        },
      },
    });
    expect(await userOf('ada')).toEqual({ status: 404 });
  });

  test.each([
    ['begins with no mode', [{ begin: {} }], 'begin.mode'],
    ['begins with a page', [{ page: {} }], 'step'],
    [
      'says deltas in a whole',
      [{ begin: { mode: 'SYNC_MODE_FULL' } }, { page: { removedUsers: ['x'] } }],
      'removed_users',
    ],
    [
      'says nobody',
      [{ begin: { mode: 'SYNC_MODE_FULL' } }, { commit: {} }],
      'commit.intentionally_empty',
    ],
  ])('a sync that %s', async (_, steps, field) => {
    const { stream, answer } = client.sync();
    for (const step of steps) stream.write(step);
    stream.end();
    await expect(answer).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: { extras: { errors: [{ pointer: field }] } },
    });
  });

  test('a whole one that knows of no group any more, unless it is meant so', async () => {
    const users = [person('ada')];
    await client.syncAll('FULL', [{ users }]);
    expect(await client.syncAll('FULL', [{ users }])).toMatchObject({ users: { unchanged: 1 } });
    await client.syncAll('FULL', [{ users, groups: [team('dev', 'ada')] }]);
    await expect(client.syncAll('FULL', [{ users }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: { extras: { errors: [{ pointer: 'commit.intentionally_empty' }] } },
    });
    expect(await membersOf('dev')).toEqual(['ada']);
    expect(await client.syncAll('FULL', [{ users }], { intentionallyEmpty: true })).toMatchObject({
      groups: { removed: 1 },
    });
  });

  test('one who cannot be taken is told, and all others are', async () => {
    await central.apply(document('User', named('local'), {}));
    await central.apply(document('User', `taken.t${count}@elsewhere.io`, {}));
    const answer = await client.syncAll('FULL', [
      {
        users: [
          person('ada'),
          { externalId: 'id-odd', userName: 'has spaces' },
          { externalId: 'id-taken', userName: `taken.t${count}@elsewhere.io` },
        ],
        groups: [team('dev', 'ada', 'odd', 'stranger')],
      },
    ]);
    expect(answer).toMatchObject({
      users: { created: 1 },
      groups: { created: 1 },
      membersJoined: 1,
      refusedTotal: 3,
    });
    const refused = answer.refused.map((each: Record<string, string>) => [
      each['kind'],
      each['externalId'],
      each['reason'],
    ]);
    expect(refused).toEqual([
      ['User', 'id-odd', 'invalid_request'],
      ['Group', 'g-dev', 'not_found'],
      ['User', 'id-taken', 'already_exists'],
    ]);
    expect(await membersOf('dev')).toEqual(['ada']);
  });

  test('a directory cannot put anybody into a group that gives rights in Ambit itself', async () => {
    await central.apply(
      document('Group', `admins-t${count}`, { members: [] }),
      document('Delegation', `admins-t${count}`, {
        subjects: [{ group: `admins-t${count}` }],
        role: 'admin',
      }),
    );
    const answer = await client.syncAll('FULL', [
      { users: [person('ada')], groups: [team('admins', 'ada'), team('dev', 'ada')] },
    ]);
    expect(answer).toMatchObject({
      groups: { created: 1 },
      refused: [{ kind: 'Group', externalId: 'g-admins', reason: 'group_closed' }],
    });
    expect(await membersOf('admins')).toEqual([]);
    expect(await membersOf('dev')).toEqual(['ada']);
  });

  test('who speaks for no directory', async () => {
    await expect(
      client.call('DirectoryService/ListDirectoryUsers', {}, { token: central.token }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', error: { code: 'permission_denied' } });
  });
});

describe('the removal guard', () => {
  /** Forty groups, of which so many have a member. */
  const teams = (many: number): object[] =>
    Array.from({ length: 40 }, (_, at) => team(`team${at}`, ...(at < many ? ['ada'] : [])));

  test('stops a sync that would take too many away before anything of it is written', async () => {
    await client.syncAll('FULL', [{ users: people(0, 60) }]);
    const fewer = [{ users: [...people(0, 30), person('new')] }];
    const revision = await central.metric('ambit_policy_revision');
    await expect(client.syncAll('FULL', fewer)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      error: { code: 'confirmation_required' },
    });
    expect(await central.metric('ambit_policy_revision')).toBe(revision);
    expect(await userOf('new')).toEqual({ status: 404 });
    const { body } = await central.get(`/directories/${corp.name}`);
    expect(body).toMatchObject({ state: 'stopped' });
    await central.call('POST', `/directories/${corp.name}/resume`);
    expect(await client.syncAll('FULL', fewer)).toMatchObject({
      users: { created: 1, removed: 30 },
    });
  });

  test('stops a sync that would empty many small groups, each of which is below the bound', async () => {
    const users = [person('ada')];
    await client.syncAll('FULL', [{ users, groups: teams(40) }]);
    const fewer = [{ users, groups: teams(19) }];
    await expect(client.syncAll('FULL', fewer)).rejects.toMatchObject({
      error: { code: 'confirmation_required' },
      message: `${corp.name} would have taken 21 of its 40 memberships away within ten minutes.`,
    });
    expect(await membersOf('team39')).toEqual(['ada']);
    await central.call('POST', `/directories/${corp.name}/resume`);
    expect(await client.syncAll('FULL', fewer)).toMatchObject({ membersLeft: 21 });
  });

  test('counts the memberships of small syncs together', async () => {
    const users = [person('ada')];
    for (const many of [40, 25]) await client.syncAll('FULL', [{ users, groups: teams(many) }]);
    await expect(client.syncAll('FULL', [{ users, groups: teams(19) }])).rejects.toMatchObject({
      message: `${corp.name} would have taken 21 of its 40 memberships away within ten minutes.`,
    });
  });

  test('counts small syncs together', async () => {
    await client.syncAll('FULL', [{ users: people(0, 60) }]);
    await client.syncAll('FULL', [{ users: people(0, 45) }]);
    await expect(client.syncAll('FULL', [{ users: people(0, 39) }])).rejects.toMatchObject({
      error: { code: 'confirmation_required' },
    });
    expect(await userOf('p44')).toEqual({ status: 200, active: true });
  });
});

describe('a directory that gathers a sync', () => {
  test('has no other at once, and takes the place of no other directory', async () => {
    const { stream, answer } = client.sync();
    stream.write({ begin: { mode: 'SYNC_MODE_DELTA' } });
    await open(1);
    for (const _ of [1, 2, 3, 4])
      await expect(client.syncAll('DELTA', [])).rejects.toMatchObject({
        error: { code: 'sync_running' },
      });
    const other = await TestDirectory.of(central, `other${count}`);
    const others = await ReflectedClient.of(central.running.grpcAddress ?? '', other.token);
    expect(await others.syncAll('DELTA', [])).toMatchObject({ users: { created: 0 } });
    others.close();
    stream.write({ commit: {} });
    stream.end();
    await answer;
    expect(await client.syncAll('DELTA', [])).toMatchObject({ users: { created: 0 } });
  });
});

describe('lists', () => {
  test('give people and groups page by page', async () => {
    await client.syncAll('FULL', [
      {
        users: [person('ada', { displayName: 'Ada' }), person('bob')],
        groups: [team('dev', 'bob')],
      },
    ]);
    const first = await client.call('DirectoryService/ListDirectoryUsers', { pageSize: 1 });
    const second = await client.call('DirectoryService/ListDirectoryUsers', {
      pageSize: 1,
      pageToken: first.nextPageToken,
    });
    expect([...first.users, ...second.users]).toMatchObject([
      { name: named('ada'), externalId: 'id-ada', displayName: 'Ada', active: true },
      { name: named('bob'), externalId: 'id-bob', displayName: '', active: true },
    ]);
    expect(second.nextPageToken).toBe('');
    const { groups } = await client.call('DirectoryService/ListDirectoryGroups', {});
    expect(groups).toMatchObject([{ name: `dev-t${count}`, members: [named('bob')] }]);
  });
});
