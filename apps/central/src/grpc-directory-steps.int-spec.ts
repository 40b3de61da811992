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

/** Does something while a sync that takes somebody away is planned and not yet begun. */
// oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
async function whilePlanned(sync: () => Promise<unknown>, work: () => Promise<void>): Promise<any> {
  const gate = db.database.dedicatedClient();
  await gate.connect();
  try {
    // What the sync would take away is summed up once it is planned.
    await gate.query('BEGIN');
    await gate.query('LOCK TABLE directory_removals IN ACCESS EXCLUSIVE MODE');
    const answer = sync();
    answer.catch(() => undefined);
    await eventually(async () => {
      const waiting = await db.database.query(
        `SELECT 1 FROM pg_locks WHERE relation = 'directory_removals'::regclass AND NOT granted`,
      );
      expect(waiting).toHaveLength(1);
    });
    await work();
    await gate.query('COMMIT');
    return await answer;
  } finally {
    await gate.end();
  }
}

describe('two clients that sync at once', () => {
  test('the second is told to come again, and is heard once the first is done', async () => {
    await client.syncAll('FULL', [{ users: people(0, 3) }]);
    const first = (): Promise<unknown> => client.syncAll('FULL', [{ users: people(0, 2) }]);
    const answer = await whilePlanned(first, async () => {
      await expect(client.syncAll('FULL', [{ users: people(0, 4) }])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        error: { code: 'sync_running', extras: { details: { retryAfterSeconds: 5 } } },
      });
    });
    expect(answer).toMatchObject({ users: { removed: 1 } });
    await eventually(async () => {
      expect(await client.syncAll('FULL', [{ users: people(0, 4) }])).toMatchObject({
        users: { created: 2 },
      });
    });
  });
});

describe('a plan that is overtaken', () => {
  test('takes nobody away who has the name of somebody who was to go', async () => {
    const bob = await corp.user(named('bob'), { externalId: 'id-bob' });
    await client.syncAll('FULL', [{ users: [person('ada'), person('bob'), person('eve')] }]);
    const sync = (): Promise<unknown> => client.syncAll('FULL', [{ users: [person('ada')] }]);
    const answer = await whilePlanned(sync, async () => {
      await corp.call('PUT', `/Users/${bob.id}`, {
        body: { userName: named('bob2'), externalId: 'id-bob', active: true },
      });
      await corp.user(named('bob'), { externalId: 'id-other' });
    });
    expect(answer).toMatchObject({ users: { removed: 1 }, refused: [] });
    expect(await userOf('bob')).toEqual({ status: 200, active: true });
    expect(await userOf('bob2')).toEqual({ status: 200, active: true });
    expect(await userOf('eve')).toEqual({ status: 404 });
  });

  test('deletes no group that has the name of one that was to go', async () => {
    const groups = [team('ops', 'ada')];
    await client.syncAll('FULL', [{ users: [person('ada'), person('eve')], groups }]);
    const { id } = await corp.group(`dev t${count}`);
    const sync = (): Promise<unknown> =>
      client.syncAll('FULL', [{ users: [person('ada')], groups }]);
    const answer = await whilePlanned(sync, async () => {
      await corp.call('DELETE', `/Groups/${id}`);
      await corp.group(`dev t${count}`);
    });
    expect(answer).toMatchObject({ users: { removed: 1 }, groups: { removed: 0 }, refused: [] });
    expect(await membersOf('dev')).toEqual([]);
  });

  test('lets into a group and out of it, though one who was to join is gone', async () => {
    const users = ['ada', 'bob', 'dan', 'eve'].map((name) => person(name));
    await client.syncAll('FULL', [{ users, groups: [team('dev', 'ada')] }]);
    const pages = [{ users, groups: [team('dev', 'bob', 'dan')] }];
    const answer = await whilePlanned(
      () => client.syncAll('FULL', pages),
      async () => void (await central.call('DELETE', `/users/${named('bob')}`)),
    );
    expect(answer).toMatchObject({ groups: { changed: 1 }, membersLeft: 1, refused: [] });
    expect(await membersOf('dev')).toEqual(['dan']);
  });
});

describe('who cannot be taken away or let in', () => {
  test('nobody stays in a group that is closed to who would join', async () => {
    const users = [person('ada'), person('bob')];
    await client.syncAll('FULL', [{ users, groups: [team('dev', 'ada')] }]);
    const closed = { members: [], closedTo: ['sync'] };
    await central.apply(document('Group', `dev-t${count}`, closed));
    const answer = await client.syncAll('FULL', [{ users, groups: [team('dev', 'bob')] }]);
    expect(answer).toMatchObject({
      groups: { changed: 1 },
      membersJoined: 0,
      membersLeft: 1,
      refused: [{ kind: 'Group', externalId: 'g-dev', reason: 'group_closed' }],
    });
    expect(await membersOf('dev')).toEqual([]);
  });

  test('the last administrator stays, and everybody else goes', async () => {
    const all = ['ada', 'bob', 'dan', 'eve'].map((name) => person(name));
    await client.syncAll('FULL', [{ users: all, groups: [team('chiefs', 'ada', 'dan')] }]);
    await central.apply(
      document('Delegation', `chiefs-t${count}`, {
        subjects: [{ group: `chiefs-t${count}` }],
        role: 'admin',
        allowDirectory: true,
      }),
    );
    const reader = { name: 'reader', role: 'viewer' };
    const { body } = await central.call('POST', '/tokens', { body: reader });
    // From now on the two are all who can come in, by their provider.
    expect((await central.call('DELETE', '/tokens/first-admin')).status).toBe(200);
    central.token = body.token;
    const lastInGroup = { kind: 'Group', externalId: 'g-chiefs', reason: 'last_admin' };
    expect(await client.syncAll('FULL', [{ users: all, groups: [team('chiefs')] }])).toMatchObject({
      membersLeft: 1,
      refused: [lastInGroup],
    });
    const [last = '', ...others] = await membersOf('chiefs');
    expect(others).toEqual([]);
    expect(
      await client.syncAll('FULL', [
        { users: [person('bob'), person('new')], groups: [team('chiefs')] },
      ]),
    ).toMatchObject({
      users: { removed: 2, created: 1 },
      refused: [{ kind: 'User', externalId: `id-${last}`, reason: 'last_admin' }],
    });
    expect(await userOf(last)).toEqual({ status: 200, active: true });
    expect(await userOf('eve')).toEqual({ status: 404 });
  });
});
