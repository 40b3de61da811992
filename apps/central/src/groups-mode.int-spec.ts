import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, group, signIn, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;

const grouped = { subjects: { mode: 'Groups' }, access: { credential: 'Token', via: 'OIDC' } };
const many = Array.from({ length: 201 }, (_, n) => `many-${n}`);
const ended = new Date(Date.now() + 3_600_000).toISOString();

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  await central.apply(
    ...['ada', 'bob', 'cyd'].map((name) => user(name)),
    ...many.map((name) => group(name, ['bob'])),
    group('devs', ['ada']),
    group('ops', ['ada']),
    group('later', ['ada']),
    group('elsewhere', ['ada']),
    group('strangers', ['cyd']),
    document('Cluster', 'prod', grouped),
    document('Cluster', 'other', { access: { credential: 'Token', via: 'OIDC' } }),
    document('ServiceIdentity', 'deploy', {}),
    grant('devs-in', [{ group: 'devs' }, { group: 'strangers' }], ['prod', 'other']),
    grant('ops-in', [{ group: 'ops' }], ['prod'], { until: ended }),
    grant('later-in', [{ group: 'later' }], ['prod'], { notBefore: '2999-01-01T00:00:00Z' }),
    grant('elsewhere-in', [{ group: 'elsewhere' }], ['other']),
    grant(
      'many-in',
      many.map((name) => ({ group: name })),
      ['prod'],
    ),
    grant('own', [{ user: 'ada' }], ['prod']),
  );
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

async function ask(name: string, cluster = 'prod'): Promise<Reply> {
  const { token } = await signIn(policy, name);
  return central.call('POST', '/credentials', { token, body: { cluster } });
}

const groupsOf = async (name: string, cluster?: string): Promise<unknown> =>
  decodeJwt((await ask(name, cluster)).body.token)['groups'];

describe('a token for a cluster whose bindings name groups', () => {
  test('names the groups of its person that grants reach there, and no other', async () => {
    expect(await groupsOf('ada')).toEqual([
      'ambit:group:devs',
      'ambit:group:later',
      'ambit:group:ops',
    ]);
    expect(await groupsOf('cyd')).toEqual(['ambit:group:strangers']);
  });

  test('names none where bindings name people', async () => {
    expect(await groupsOf('ada', 'other')).toBeUndefined();
  });

  test('is not given with some of the groups: too many are refused, with what to do', async () => {
    const { status, body } = await ask('bob');
    expect({ status, body }).toMatchObject({
      status: 403,
      body: {
        code: 'too_many_groups',
        detail: 'A token for prod cannot hold all these groups.',
        why: 'Grants in prod name 201 groups of user/bob; a token holds 200 of them at most, and 5000 bytes.',
        nextCommand: 'ambit get cluster prod -o yaml',
      },
    });
  });

  test('follows the membership at once', async () => {
    await central.call('POST', '/groups/ops/members', { body: { remove: ['ada'] } });
    expect(await groupsOf('ada')).toEqual(['ambit:group:devs', 'ambit:group:later']);
    await central.call('POST', '/groups/ops/members', { body: { add: ['ada'] } });
  });
});

test('a token is not given for a group that its person left, when this replica has not heard of that yet', async () => {
  const inOps = `FROM groups g, users u WHERE g.name = 'ops' AND u.name = 'ada'`;
  await db.database.query(
    `DELETE FROM group_members m USING groups g, users u
     WHERE g.name = 'ops' AND u.name = 'ada' AND m.group_uid = g.uid AND m.user_uid = u.uid`,
  );
  expect(await ask('ada')).toMatchObject({
    status: 503,
    body: { code: 'not_ready', detail: 'Your groups are changing at this moment.' },
  });
  // Where bindings name people a token says nothing of groups.
  expect(await ask('ada', 'other')).toMatchObject({ status: 201 });
  await db.database.query(
    `INSERT INTO group_members (group_uid, user_uid) SELECT g.uid, u.uid ${inOps}`,
  );
  expect(await ask('ada')).toMatchObject({ status: 201 });
});

describe('the subject mode of a cluster', () => {
  test('Groups is refused where nobody comes in by our tokens', async () => {
    for (const access of [undefined, { credential: 'None' }]) {
      const body = document('Cluster', 'bare', {
        subjects: { mode: 'Groups' },
        ...(access && { access }),
      });
      expect(await central.call('PUT', '/clusters/bare', { body })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/spec/subjects/mode' }] },
      });
    }
  });

  test('is shown as it was written, and changes who holds what by nothing', async () => {
    const { body } = await central.get('/clusters/prod');
    expect(body.spec.subjects).toEqual({ mode: 'Groups', userPrefix: 'ambit:' });
    const write = document('Cluster', 'prod', { ...grouped, subjects: { mode: 'Users' } });
    const dry = await central.call('PUT', '/clusters/prod?dryRun=All', { body: write });
    expect(dry.status).toBe(200);
    expect(JSON.stringify(dry.body)).not.toContain('"lose":["');
  });
});
