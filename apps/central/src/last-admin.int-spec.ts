import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  document,
  group,
  replicaFolder,
  signIn,
  TestCentral,
  testSettings,
  user,
} from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { revokeToken } from './maintenance/token-commands.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let one: TestCentral;
let two: TestCentral;
let sync: string;
/** Of ada, the one administrator who is left once the first token is gone. */
let ada: string;

const admins = (subjects: readonly object[], more: object = {}): object =>
  document('Delegation', 'admins', { role: 'admin', subjects, ...more });
const last = {
  status: 409,
  body: { code: 'last_admin', nextCommand: 'ambit-central admin create NAME' },
};

/** A person who can sign in with a password. */
async function withPassword(name: string): Promise<string> {
  await db.database.query(
    `INSERT INTO local_credentials (user_uid, password_hash, totp_secret) SELECT uid, 'x', 'x'::bytea FROM users WHERE name = $1`,
    [name],
  );
  return (await signIn(policy, name)).token;
}

const by = (token: string, method: string, path: string, body?: object): Promise<Reply> =>
  one.call(method, path, { token, ...(body && { body }) });

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  one = await TestCentral.start(db.url);
  two = await TestCentral.start(db.url, { dataDir: await replicaFolder(one) });
  const made = await one.call('POST', '/tokens', { body: { name: 'directory', role: 'sync' } });
  sync = made.body.token;
  await one.apply(
    ...['ada', 'bob', 'eve'].map((name) => user(name)),
    group('chiefs', ['ada', 'bob']),
    document('ServiceIdentity', 'robot', {}),
    // Eve is an administrator who has no way to sign in.
    admins([{ user: 'ada' }, { user: 'eve' }]),
  );
});
afterAll(async () => {
  await two?.stop();
  await one?.stop();
  await db.close();
});

/** Replicas follow it a moment later. */
const head = (): Promise<unknown[]> => db.database.query('SELECT revision FROM policy_head');

describe('the last way of an administrator to come in', () => {
  test('a token stays while nobody else can come in, and goes once somebody can', async () => {
    expect(await one.call('DELETE', '/tokens/first-admin')).toMatchObject(last);
    expect((await one.get('/me')).status).toBe(200);
    ada = await withPassword('ada');
    expect((await one.call('DELETE', '/tokens/first-admin')).status).toBe(200);
    expect((await one.get('/me')).status).toBe(401);
  });

  test('a token that has ended is no way in', async () => {
    const { body } = await by(ada, 'POST', '/tokens', { name: 'brief', role: 'admin' });
    await db.database.query(
      `UPDATE api_tokens SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day' WHERE name = 'brief'`,
    );
    expect(await by(ada, 'PUT', '/users/ada', user('ada', { active: false }))).toMatchObject(last);
    expect((await by(ada, 'DELETE', `/tokens/${body.apiToken.id}`)).status).toBe(200);
  });

  test.each([
    ['locking the person', 'PUT', '/users/ada', () => user('ada', { active: false })],
    ['deleting the person', 'DELETE', '/users/ada', undefined],
    ['deleting the Delegation', 'DELETE', '/delegations/admins', undefined],
    ['leaving the person out of it', 'PUT', '/delegations/admins', () => admins([{ user: 'eve' }])],
    [
      'giving it another role',
      'PUT',
      '/delegations/admins',
      () => document('Delegation', 'admins', { role: 'auditor', subjects: [{ user: 'ada' }] }),
    ],
    [
      'applying a file',
      'POST',
      '/apply',
      () => ({ objects: [user('bob'), user('ada', { active: false })] }),
    ],
  ] as const)('%s is refused, and changes nothing', async (_, method, path, body) => {
    const before = await head();
    expect(await by(ada, method, path, body?.())).toMatchObject(last);
    if (method !== 'POST')
      expect(await by(ada, method, `${path}?dryRun=All`, body?.())).toMatchObject(last);
    expect(await head()).toEqual(before);
  });

  test('through a group: its members, and the group itself', async () => {
    expect(
      (await by(ada, 'PUT', '/delegations/admins', admins([{ group: 'chiefs' }]))).status,
    ).toBe(200);
    const out = { remove: ['ada'] };
    expect(await by(ada, 'POST', '/groups/chiefs/members', out)).toMatchObject(last);
    expect(await by(ada, 'PUT', '/groups/chiefs', group('chiefs', ['bob']))).toMatchObject(last);
    expect(await by(ada, 'DELETE', '/groups/chiefs')).toMatchObject(last);
    expect((await by(ada, 'POST', '/groups/chiefs/members', { remove: ['bob'] })).status).toBe(200);
  });

  test('whoever syncs people cannot take it either, by a token that made no draft of it', async () => {
    const open = admins([{ group: 'chiefs' }], { allowDirectory: true });
    expect((await by(ada, 'PUT', '/delegations/admins', open)).status).toBe(200);
    expect(await by(sync, 'PUT', '/users/ada', user('ada', { active: false }))).toMatchObject(last);
    expect(await by(sync, 'POST', '/groups/chiefs/members', { remove: ['ada'] })).toMatchObject(
      last,
    );
    expect((await by(sync, 'PUT', '/users/bob', user('bob', { active: false }))).status).toBe(200);
    expect((await by(sync, 'PUT', '/users/bob', user('bob'))).status).toBe(200);
  });

  test('a program is one too, as long as something speaks for it', async () => {
    const robot = admins([{ user: 'ada' }, { service: 'robot' }]);
    expect((await by(ada, 'PUT', '/delegations/admins', robot)).status).toBe(200);
    expect(await by(ada, 'PUT', '/users/ada', user('ada', { active: false }))).toMatchObject(last);
    const { token } = (
      await by(ada, 'POST', '/services/robot/tokens', { name: 't', ttlSeconds: 3600 })
    ).body;
    expect((await by(token, 'PUT', '/users/ada', user('ada', { active: false }))).status).toBe(200);
    const [{ id }] = (await by(token, 'GET', '/services/robot/tokens')).body.items;
    expect(await by(token, 'DELETE', '/services/robot/tokens/t')).toMatchObject(last);
    expect(await by(token, 'DELETE', `/sessions/${id}`)).toMatchObject(last);
    expect(await by(token, 'DELETE', '/services/robot')).toMatchObject(last);
    expect((await by(token, 'PUT', '/users/ada', user('ada'))).status).toBe(200);
    ada = (await signIn(policy, 'ada')).token;
    expect((await by(ada, 'DELETE', '/services/robot')).status).toBe(200);
  });

  test('of two who lock each other at once one stays', async () => {
    const both = admins([{ user: 'ada' }, { user: 'bob' }]);
    expect((await by(ada, 'PUT', '/delegations/admins', both)).status).toBe(200);
    const bob = await withPassword('bob');
    const answers = await Promise.all([
      by(ada, 'PUT', '/users/bob', user('bob', { active: false })),
      two.call('PUT', '/users/ada', { token: bob, body: user('ada', { active: false }) }),
    ]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    expect([401, 409]).toContain(statuses[1]);
    const [left] = await db.database.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM users WHERE name IN ('ada', 'bob') AND active`,
    );
    expect(left?.count).toBe(1);
  });

  test('the operator of the machine still takes whatever there is', async () => {
    const settings = await testSettings(
      { dataDir: one.dataDir },
      { AMBIT_DATABASE_URL: db.url, AMBIT_DATABASE_OWNER_URL: db.ownerUrl },
    );
    await policy.unit.run({ actor: { kind: 'system', name: 'test' } }, async (tx) => {
      for (const name of ['ada', 'bob']) await tx.users.put({ name, labels: {}, active: false });
      tx.audit.record({ type: 'user.deactivated', message: 'A test locks everybody.' });
    });
    const said: string[] = [];
    await revokeToken(settings, 'directory', (line) => said.push(line));
    expect(said).toEqual(['token directory revoked']);
  });
});
