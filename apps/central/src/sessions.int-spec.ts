import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { UserRecord } from '@ambit/persistence';
import { replicaFolder, signIn, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { beginSession } from './features/sessions/public.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let one: TestCentral;
let two: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  one = await TestCentral.start(db.url);
  const dataDir = await replicaFolder(one);
  two = await TestCentral.start(db.url, { dataDir });
  two.token = one.token;
});
afterAll(async () => {
  await two?.stop();
  await one?.stop();
  await db.close();
});

const me = (token: string, at = one): Promise<Reply> => at.get('/me', { token });
const ofSession = async (id: string): Promise<string[]> => {
  const { body } = await one.get('/audit/events?type=session.*');
  return body.items
    .filter((event: { details: { session: string } }) => event.details.session === id)
    .map((event: { type: string; actor: { name: string } }) => `${event.type} ${event.actor.name}`);
};

/** Transactions that wait for another one. */
const waiting = async (): Promise<number> => {
  const rows = await db.database.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
};
const begin = async ({ uid, name }: UserRecord): Promise<unknown> =>
  policy.unit.run({ actor: { kind: 'system', name: 'test' } }, (tx) =>
    beginSession(tx, {
      principal: { kind: 'User', uid, name },
      signedInBy: 'a test',
      address: '192.0.2.7',
      ttlMs: 3_600_000,
    }),
  );

describe('a session', () => {
  test('stands for the person, who may do what concerns them alone', async () => {
    await one.apply(user('ada'));
    const { token, id } = await signIn(policy, 'ada');
    const { status, body } = await me(token);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { actor: 'user/ada', permissions: ['self'], session: { id } },
    });
    expect(body).not.toHaveProperty('role');
    const refused = await one.get('/users', { token });
    expect(refused).toMatchObject({
      status: 403,
      body: {
        detail: 'The session of user/ada may not do this.',
        why: 'user/ada has no role in Ambit itself, and this needs users:read.',
      },
    });
  });

  test('ends at once at every replica, and says who ended it', async () => {
    await one.apply(user('ben'));
    const [first, other] = [await signIn(policy, 'ben'), await signIn(policy, 'ben')];
    expect((await me(first.token, two)).status).toBe(200);
    const ended = await one.call('DELETE', `/sessions/${first.id}`);
    expect(ended).toMatchObject({
      status: 200,
      body: { id: first.id, principal: 'user/ben', state: 'ended' },
    });
    for (const at of [one, two])
      expect(await me(first.token, at)).toMatchObject({
        status: 401,
        body: {
          code: 'session_ended',
          detail: 'The session of user/ben was ended.',
          why: 'Ended by token/first-admin.',
          nextCommand: 'ambit login',
        },
      });
    expect((await me(other.token, two)).status).toBe(200);
    expect(await ofSession(first.id)).toEqual([
      'session.ended token/first-admin',
      'session.started user/ben',
    ]);
    const again = await one.call('DELETE', `/sessions/${first.id}`);
    expect(again.body.endedBecause).toBe('Ended by token/first-admin.');
    expect((await one.call('DELETE', '/sessions/none')).status).toBe(404);
  });

  test('is ended by its own holder, and no other one with it', async () => {
    await one.apply(user('cleo'));
    const [first, other] = [await signIn(policy, 'cleo'), await signIn(policy, 'cleo')];
    const { status, body } = await one.call('DELETE', '/me/session', { token: first.token });
    expect({ status, id: body.id }).toEqual({ status: 200, id: first.id });
    expect((await me(first.token)).body.code).toBe('session_ended');
    expect((await me(other.token)).status).toBe(200);
    expect((await one.call('DELETE', '/me/session')).body).toMatchObject({
      detail: 'An API token has no session.',
    });
  });

  test('is listed to its person and ended by them, and by nobody else', async () => {
    await one.apply(user('kim'), user('lea'));
    const [here, lost] = [await signIn(policy, 'kim'), await signIn(policy, 'kim')];
    const foreign = await signIn(policy, 'lea');
    const own = async (): Promise<string[]> => {
      const { body } = await one.get('/me/sessions', { token: here.token });
      return body.items.map(({ id }: { id: string }) => id);
    };
    const end = (id: string): Promise<Reply> =>
      one.call('DELETE', `/me/sessions/${id}`, { token: here.token });
    expect((await own()).toSorted()).toEqual([here.id, lost.id].toSorted());
    for (const id of [foreign.id, 'nobodys'])
      expect(await end(id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await me(foreign.token)).status).toBe(200);
    expect(await end(lost.id)).toMatchObject({ status: 200, body: { state: 'ended' } });
    expect((await me(lost.token)).body.code).toBe('session_ended');
    expect(await own()).toEqual([here.id]);
    expect(await ofSession(lost.id)).toContain('session.ended user/kim');
    const withToken = await one.get('/me/sessions');
    expect(withToken).toMatchObject({ status: 200, body: { items: [] } });
  });

  test('is over with its person: locked, deleted, and made again under the same name', async () => {
    await one.apply(user('dan'), user('eva'));
    const [dan, eva] = [await signIn(policy, 'dan'), await signIn(policy, 'eva')];
    await one.apply({ ...user('dan'), spec: { active: false } });
    await one.call('DELETE', '/users/eva');
    for (const [{ token }, why] of [
      [dan, 'User dan was locked.'],
      [eva, 'User eva was deleted.'],
    ] as const)
      expect((await me(token, two)).body).toMatchObject({ code: 'session_ended', why });
    expect(await ofSession(dan.id)).toEqual([
      'session.ended token/first-admin',
      'session.started user/dan',
    ]);
    // Back at work, and signed in anew: what was held before stays over.
    await one.apply(user('dan'), user('eva'));
    for (const { token } of [dan, eva]) expect((await me(token)).body.code).toBe('session_ended');
    const running = (await one.get('/sessions')).body.items.map(
      ({ principal }: { principal: string }) => principal,
    );
    expect(running).not.toContain('user/dan');
    expect(running).not.toContain('user/eva');
  });

  test('does not begin for a person who is locked or deleted at that moment', async () => {
    for (const name of ['hal', 'ivy']) {
      const person = await policy.user(name);
      const begun = Promise.withResolvers<Promise<unknown>>();
      await policy.change(async (tx) => {
        if (name === 'hal') await tx.users.put({ name, labels: {}, active: false });
        else await tx.users.remove(name);
        begun.resolve(begin(person).catch((error: unknown) => error));
        await eventually(async () => expect(await waiting()).toBe(1));
      });
      expect(await begun.promise).toMatchObject({ code: 'permission_denied' });
      await policy.user(name);
    }
    const { body } = await one.get('/sessions');
    const principals = body.items.map(({ principal }: { principal: string }) => principal);
    for (const name of ['hal', 'ivy']) expect(principals).not.toContain(`user/${name}`);
  });

  test('has an end of its own', async () => {
    await one.apply(user('fay'));
    const { token } = await signIn(policy, 'fay', 1);
    await db.database.query(`UPDATE sessions SET expires_at = now() WHERE principal_name = 'fay'`);
    expect((await me(token)).body).toMatchObject({
      code: 'session_ended',
      why: 'Its time is over.',
    });
  });

  test('is listed without its secret', async () => {
    await one.apply(user('gus'));
    const { token, id } = await signIn(policy, 'gus');
    await me(token);
    const { body } = await one.get('/sessions');
    expect(body.items).toContainEqual(
      expect.objectContaining({ id, principal: 'user/gus', state: 'active', signedInBy: 'a test' }),
    );
    expect(JSON.stringify(body)).not.toContain(token.slice(18, 60));
    expect(JSON.stringify(one.logger.lines)).not.toContain(token.slice(18, 60));
  });
});
