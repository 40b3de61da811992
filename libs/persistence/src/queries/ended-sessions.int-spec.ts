import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { endedSessionKind } from '@ambit/domain';
import type { PolicyChange, PolicyObject } from '@ambit/domain';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { changesAfter, headRevision } from '../feed/policy-changes.ts';
import { readPolicySnapshot } from '../feed/policy-snapshot.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

async function begin(id: string): Promise<void> {
  const principal = { kind: 'User', uid: 'u-ada', name: 'ada' } as const;
  const session = { id, principal, hash: randomBytes(32), address: '', ttlMs: 60_000 };
  await policy.change((tx) => tx.sessions.insert({ ...session, signedInBy: 'test' }));
}

const endAt = (id: string, at: string): Promise<unknown> =>
  db.database.query(`UPDATE sessions SET ended_at = ${at}, ended_because = 'x' WHERE id = $1`, [
    id,
  ]);

async function inSnapshot(): Promise<PolicyObject[]> {
  const objects: PolicyObject[] = [];
  await readPolicySnapshot(db.database, (object) => objects.push(object));
  return objects.filter((object) => object.kind === 'Plain' && object.of === endedSessionKind);
}

test('a session that ends is the same to whoever ends it, follows the feed or loads a snapshot', async () => {
  await begin('one');
  const before = await headRevision(db.database);
  const { value, commit } = await policy.change((tx) => tx.sessions.end('one', 'signed out'));
  const object = {
    kind: 'Plain',
    of: endedSessionKind,
    uid: value.uid,
    name: 'one',
    labels: {},
    spec: { endedAt: value.endedAt },
  };
  const change = [{ op: 'put', object }] as PolicyChange[];
  expect(commit?.changes).toEqual(change);
  const { commits } = await changesAfter(db.database, before);
  expect(commits.map(({ changes }) => changes)).toEqual([change]);
  expect(commits[0]?.revoked).toEqual([{ kind: 'Session', uid: value.uid }]);
  expect(await inSnapshot()).toEqual([object]);
});

test('a snapshot holds the hour before the last end, and a purge takes nothing of that', async () => {
  for (const id of ['first', 'later', 'last']) await begin(id);
  await endAt('one', "now() - interval '90 days'");
  await endAt('first', "now() - interval '40 days 70 minutes'");
  await endAt('later', "now() - interval '40 days 50 minutes'");
  await endAt('last', "now() - interval '40 days'");
  const names = async (): Promise<string[]> =>
    (await inSnapshot()).flatMap((each) => (each.kind === 'Plain' ? [each.name] : [])).sort();
  expect(await names()).toEqual(['last', 'later']);
  const month = 30 * 86_400_000;
  const purged = await policy.change((tx) => tx.sessions.purge(Date.now() - month));
  expect(purged.value).toBe(2);
  expect(await names()).toEqual(['last', 'later']);
});
