import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, signIn, TestCentral, user } from './central.test-support.ts';
import { JoinTokens } from './features/clusters/join-tokens.ts';
import { ServiceTokens } from './features/services/public.ts';
import { ManageSessions } from './features/sessions/public.ts';
import { ManageTokens } from './features/tokens/public.ts';
import type { Actor } from './platform/actor.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

/** The edge let the caller pass when the rights were still there, as `roles` of the actor says. */
const passed = (name: string, id: string): Actor => ({
  principal: { kind: 'user', uid: '', name, roles: ['admin'], teams: [] },
  credential: { kind: 'Session', uid: '', id },
});

test('who lost the right since makes no token, ends no session and lets no agent in', async () => {
  await central.apply(
    user('ada'),
    user('ben'),
    cluster('c1'),
    document('ServiceIdentity', 'robot', { federation: [] }),
  );
  const [ada, ben] = [await signIn(policy, 'ada'), await signIn(policy, 'ben')];
  const { unit, clock } = policy;
  const { database } = db;
  const caller = { actor: passed('ada', ada.id), requestId: 'r', address: '' };
  const by = { actor: { kind: 'user', name: 'user/ada', session: ada.id } } as const;
  const tokens = new ManageTokens(unit, database, clock);
  const services = new ServiceTokens(unit, database, clock);
  const sessions = new ManageSessions(unit, database, clock);
  const joins = new JoinTokens(
    { unitOfWork: unit, database, clock },
    { caPin: '', agentAddress: '' },
  );
  const asked: (() => Promise<unknown>)[] = [
    () => tokens.create(by, { name: 'mine', role: 'admin' }),
    () => tokens.revoke(by, 'first-admin'),
    () => services.create(caller, { service: 'robot', name: 'mine', ttlMs: 60_000 }),
    () => services.revoke(caller, 'robot', 'mine'),
    () => joins.create(caller, 'c1', 60_000),
    () => joins.revoke(caller, 'c1', 'none'),
    () => sessions.end(caller, ben.id),
  ];
  const codes = async (): Promise<string[]> => {
    const all: string[] = [];
    for (const ask of asked) all.push(await codeOf(ask()));
    return all;
  };
  expect(await codes()).toEqual(asked.map(() => 'permission_denied'));
  // Of one's own there is no right to lose.
  expect((await sessions.end(caller, ada.id)).id).toBe(ada.id);
  expect(await codes()).toEqual(asked.map(() => 'session_ended'));
  expect((await central.get('/me', { token: ben.token })).status).toBe(200);
  expect((await central.get('/tokens')).body.items).toHaveLength(1);
});

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
