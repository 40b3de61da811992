import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  grant,
  replicaFolder,
  type Reply,
  TestCentral,
  user,
} from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let replica: TestCentral;
let replicaData: string;
const people = 40;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  replicaData = await replicaFolder(central);
  replica = await TestCentral.start(db.url, { dataDir: replicaData });
  replica.token = central.token;
  const users = Array.from({ length: people }, (_, at) => user(`t-u-${at}`));
  await central.apply(...users, cluster('t-c'));
});
afterAll(async () => {
  await replica.stop();
  await central.stop();
  await db.close();
});

const put = (at: TestCentral, name: string, of: string, more: object = {}): Promise<Reply> =>
  at.call('PUT', `/grants/${name}`, { body: grant(name, [{ user: of }], ['t-c'], more) });
const revisionOf = ({ headers }: Reply): number => Number(headers.get('ambit-revision'));
const statuses = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);

describe('changes of callers who come at the same time', () => {
  test('each has its own revision, audit event and answer', async () => {
    const names = Array.from({ length: people }, (_, at) => `t-g-${at}`);
    const replies = await Promise.all(
      names.map((name, at) => put(central, name, `t-u-${at}`, { reason: name })),
    );
    expect(new Set(statuses(replies))).toEqual(new Set([201]));
    const revisions = replies.map(revisionOf);
    expect(new Set(revisions).size).toBe(people);
    for (const [at, reply] of replies.entries()) {
      expect(reply.body).toMatchObject({
        metadata: { name: names[at], resourceVersion: String(revisions[at]), generation: 1 },
        spec: { subjects: [{ user: `t-u-${at}` }], reason: names[at] },
      });
      const read = await central.get(`/grants/${names[at]}`);
      expect(read.body).toEqual(reply.body);
    }
    const { body } = await central.get('/audit/events?type=grant.created&limit=100');
    const events = (
      body.items as { revision: number; grants: string[]; requestId: string }[]
    ).filter(({ grants: [name = ''] }) => names.includes(name));
    expect(new Map(events.map(({ revision, grants }) => [grants[0], revision]))).toEqual(
      new Map(names.map((name, at) => [name, revisions[at]])),
    );
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(people);
  });

  test('one that is refused fails alone: by its schema, its references, its condition, its name', async () => {
    const replies = await Promise.all([
      put(central, 't-fine-1', 't-u-1'),
      put(central, 't-no-user', 't-nobody'),
      central.call('PUT', '/grants/t-g-0', {
        body: grant('t-g-0', [{ user: 't-u-1' }], ['t-c']),
        headers: { 'if-match': '"1"' },
      }),
      central.call('PUT', '/grants/t-g-1', {
        body: grant('t-g-1', [{ user: 't-u-2' }], ['t-c']),
        headers: { 'if-none-match': '*' },
      }),
      put(central, 't-fine-2', 't-u-2'),
      put(central, 't-fine-2', 't-u-2'),
    ]);
    const [first, unknown, stale, exists, ...same] = statuses(replies);
    expect([first, unknown, stale, exists]).toEqual([201, 422, 412, 409]);
    expect(same.sort()).toEqual([200, 201]);
  });

  test('the removal guard judges each, also among others that pass', async () => {
    const locking = document('User', 't-u-3', { active: false });
    const everybody = Array.from({ length: people }, (_, at) =>
      user(`t-u-${at}`, { active: false }),
    );
    const [one, all, other] = await Promise.all([
      central.call('PUT', '/users/t-u-3', { body: locking }),
      central.call('POST', '/apply', { body: { objects: everybody } }),
      put(central, 't-beside', 't-u-4'),
    ]);
    expect([one?.status, all?.status, other?.status]).toEqual([200, 409, 201]);
    expect(all?.body.code).toBe('confirmation_required');
    expect((await central.get('/users/t-u-5')).body.spec.active).toBe(true);
  });

  test('a grant is put, changed and deleted in the order in which its calls are answered', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `t-order-${round}`;
      expect((await put(central, name, 't-u-1')).status).toBe(201);
      expect((await put(central, name, 't-u-2')).status).toBe(200);
      const gone = await central.call('DELETE', `/grants/${name}`);
      expect([gone.status, gone.body.objects]).toMatchObject([200, [{ name, action: 'deleted' }]]);
      expect((await central.get(`/grants/${name}`)).status).toBe(404);
    }
  });
});

describe('a replica whose memory lags behind', () => {
  test('knows at once what another one has stored, and what it took away', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `t-late-${round}`;
      await central.call('PUT', `/users/${name}`, { body: user(name) });
      expect((await put(replica, name, name)).status).toBe(201);
      expect((await put(central, name, name, { reason: 'again' })).status).toBe(200);
      expect((await put(replica, name, name, { reason: 'again' })).status).toBe(200);
      await central.call('DELETE', `/users/${name}`);
      expect((await put(replica, name, name)).status).toBe(422);
      await central.call('PUT', `/users/${name}`, { body: user(name) });
      expect((await put(replica, name, name)).status).toBe(201);
      const read = await central.get(`/grants/${name}`);
      expect(read.body.spec.subjects).toEqual([{ user: name }]);
    }
  });

  test('both write, and neither loses a change of the other', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `t-both-${at}`);
    const replies = await Promise.all(
      names.flatMap((name) => [put(central, name, 't-u-1'), put(replica, name, 't-u-1')]),
    );
    expect(statuses(replies).filter((status) => status === 201)).toHaveLength(names.length);
    expect(statuses(replies).filter((status) => status === 200)).toHaveLength(names.length);
  });
});
