import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { endedSessionKind } from '@ambit/domain';
import type { PolicyChange, PolicyObject } from '@ambit/domain';
import { eventually, PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { changesAfter, headRevision } from '../feed/policy-changes.ts';
import { readPolicySnapshot } from '../feed/policy-snapshot.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

async function begin(id: string, tokenForMs = 60_000): Promise<void> {
  const principal = { kind: 'User', uid: 'u-ada', name: 'ada' } as const;
  const session = { id, principal, hash: randomBytes(32), address: '', ttlMs: 60_000 };
  await policy.change(async (tx) => {
    await tx.sessions.insert({ ...session, signedInBy: 'test' });
    if (tokenForMs !== 0) await tx.sessions.noteToken(id, Date.now() + tokenForMs);
  });
}

const noteToken = (id: string): Promise<unknown> =>
  policy.change((tx) => tx.sessions.noteToken(id, Date.now() + 60_000));

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

test.each([
  ['no token', 'none', 0],
  ['only one that is over', 'former', -120_000],
])(
  'a session with %s ends at once for replicas, and clusters are told nothing',
  async (_, id, forMs) => {
    await begin(id, forMs);
    const before = await headRevision(db.database);
    const { value, commit } = await policy.change((tx) => tx.sessions.end(id, 'signed out'));
    const revoked = [{ kind: 'Session', uid: value.uid }];
    expect(commit).toMatchObject({ changes: [], revoked });
    // What ended has no token any more, so that all replicas go on to say the same.
    await noteToken(id);
    const { commits } = await changesAfter(db.database, before);
    expect(commits).toMatchObject([{ changes: [], revoked }]);
    expect((await inSnapshot()).map((each) => each.kind === 'Plain' && each.name)).toEqual(['one']);
  },
);

test('an end that waited for a token which was being given is told to clusters', async () => {
  await begin('waits', 0);
  let ending: Promise<unknown> | undefined;
  await policy.change(async (tx) => {
    await tx.sessions.noteToken('waits', Date.now() + 60_000);
    ending = new PolicyWriter(db.database).change((other) => other.sessions.end('waits', 'out'));
    await eventually(async () => {
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE sessions%'`;
      expect(await db.database.query(waiting)).toHaveLength(1);
    });
  });
  expect(await ending).toMatchObject({ commit: { changes: [{ object: { name: 'waits' } }] } });
  await db.database.query(`DELETE FROM sessions WHERE id = 'waits'`);
});

test('a token that ends sooner hides no later one', async () => {
  await begin('several');
  await policy.change((tx) => tx.sessions.noteToken('several', Date.now() - 120_000));
  const { commit } = await policy.change((tx) => tx.sessions.end('several', 'out'));
  expect(commit?.changes).toHaveLength(1);
  await db.database.query(`DELETE FROM sessions WHERE id = 'several'`);
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
  // With those of which clusters were told nothing: they do not move the hour.
  expect(purged.value).toBe(2);
  expect(await names()).toEqual(['last', 'later']);
});
