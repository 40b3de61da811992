import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import { FakeClock, FakeIds, PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, signIn, TestCentral, user } from '../../central.test-support.ts';
import type { Actor } from '../../platform/actor.ts';
import { loadPolicyWorld } from '../desired-state/public.ts';
import { sessionCredentials } from '../sessions/public.ts';
import { IssueCredential } from './issue-credential.ts';

let db: TestDatabase;
let policy: PolicyWriter;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database, new FakeClock(Date.now()));
  const central = await TestCentral.start(db.url);
  await central.apply(
    user('ada'),
    document('Cluster', 'oidc', { access: { credential: 'Token', via: 'OIDC' } }),
    document('Cluster', 'hooked', { access: { credential: 'Token' } }),
    grant('ada-in', [{ user: 'ada' }], ['oidc', 'hooked']),
  );
  await central.stop();
});
afterAll(async () => {
  for (const close of closing) await close();
  await db.close();
});

/** `signing` happens while the token is made. */
async function issuing(signing: () => Promise<unknown>): Promise<IssueCredential> {
  const { unit: unitOfWork, clock } = policy;
  const meters = createMeters(createRegistry({ version: 'test' }), centralMetrics);
  const { database } = db;
  const parts = { database, logger: silentLogger, unitOfWork, meters };
  const { world, feed } = await loadPolicyWorld({ ...parts, readiness: new Readiness([]) });
  closing.push(() => feed.close());
  const issuer = { sign: async () => signing().then(() => 'a.b.c') };
  const refused = { note: () => undefined };
  const agents = { ask: () => Promise.reject(new Error('no agent is asked')) };
  const ids = new FakeIds(9);
  const ports = { world, issuer, agents, unitOfWork, clock, ids, refused, meters };
  return new IssueCredential(ports);
}

async function callerOf(id: string): Promise<{ actor: Actor; requestId: string }> {
  const [held] = await sessionCredentials(db.database, policy.clock).find([id]);
  if (held === undefined) throw new Error('there is no session');
  return { actor: held.actor, requestId: 'r' };
}

const end = (id: string) => policy.change((tx) => tx.sessions.end(id, 'Told to leave.'));

describe.each(['oidc', 'hooked'])('a credential of %s', (cluster) => {
  test('is not given to a session that ended while it was made', async () => {
    const { id } = await signIn(policy, 'ada');
    const issue = await issuing(() => end(id));
    await expect(issue.execute(await callerOf(id), { cluster })).rejects.toMatchObject({
      code: 'session_ended',
      extras: { why: 'Told to leave.' },
    });
    const told = `SELECT 1 FROM audit_events WHERE type = 'credential.issued' AND event->'details'->>'session' = $1`;
    expect(await db.database.query(told, [id])).toEqual([]);
  });
});

test.each([
  ['no credential was given', undefined, 0],
  ['webhooks judge none of its tokens', 'oidc', 0],
  ['webhooks judge one of its tokens', 'hooked', 1],
])('clusters hear of the end of a session only when it concerns them: %s', async (_, of, told) => {
  const { id } = await signIn(policy, 'ada');
  const issue = await issuing(async () => undefined);
  if (of !== undefined) await issue.execute(await callerOf(id), { cluster: of });
  const { commit } = await end(id);
  expect(commit?.changes).toHaveLength(told);
  expect(commit?.revoked).toHaveLength(1);
});
