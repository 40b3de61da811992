import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { PolicyChange, PolicyObject } from '@ambit/domain';
import {
  eventually,
  PolicyWriter,
  silentLogger,
  type TestDatabase,
  testDatabase,
} from '@ambit/testing';
import type { FeedCommit } from '../records.ts';
import { changesAfter, headRevision } from './policy-changes.ts';
import { PolicyFeed } from './policy-feed.ts';
import { readPolicySnapshot } from './policy-snapshot.ts';

let db: TestDatabase;
const feeds: PolicyFeed[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.close()));
});
afterAll(() => db.close());

interface Replica {
  readonly feed: PolicyFeed;
  readonly seen: FeedCommit[];
}

async function replica(
  more: { pollMs?: number; from?: number; deaf?: boolean } = {},
): Promise<Replica> {
  const seen: FeedCommit[] = [];
  const database = await db.another();
  const deaf = {
    prepared: database.prepared,
    dedicatedClient: () => new pg.Client({ host: '127.0.0.1', port: 1 }),
  };
  const feed = new PolicyFeed({
    database: more.deaf === true ? deaf : database,
    logger: silentLogger,
    random: Math.random,
    onCommit: (commit) => void seen.push(commit),
    pollMs: more.pollMs ?? 60_000,
  });
  feeds.push(feed);
  await feed.start(more.from ?? (await headRevision(db.database)));
  return { feed, seen };
}

/** The connections that listen for hints. */
async function listeners(): Promise<number[]> {
  const rows = await db.database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'LISTEN%' ORDER BY pid`,
  );
  return rows.map(({ pid }) => pid);
}

/** A commit as that of a replica that was killed before it could tell of it. */
async function untold(name: string): Promise<number | undefined> {
  const { unit } = new PolicyWriter(db.database);
  const actor = { kind: 'system', name: 'system/test' } as const;
  const draft = await unit.draft({ actor }, undefined, async (tx) => {
    await tx.users.put({ name, labels: {}, active: true });
    tx.audit.record({ type: 'user.created', message: 'made', object: { kind: 'User', name } });
  });
  return (await unit.commit(draft)).commit?.revision;
}

const revisions = (one: Replica): number[] => one.seen.map((commit) => commit.revision);
const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + 1 + index);

describe('the policy feed', () => {
  test('16 writers, three replicas: each sees every revision once, in order, the same', async () => {
    const from = await headRevision(db.database);
    const [writing, second, third] = [await replica(), await replica(), await replica()];
    const policy = new PolicyWriter(db.database);
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let n = 0; n < 20; n++) {
          const { commit } = await policy.change((tx) =>
            tx.users.put({ name: `w${writer}-${n}`, labels: {}, active: true }),
          );
          if (commit !== undefined) writing?.feed.offer(commit);
        }
      }),
    );
    const head = await headRevision(db.database);
    expect(head).toBe(from + 320);
    for (const one of [writing, second, third]) {
      await one.feed.reached(head, 60_000);
      expect(revisions(one)).toEqual(upTo(from, head));
      expect(one.seen).toEqual(writing.seen);
    }
  });

  test('case 63: a change made on one replica is at the others at once, without a poll', async () => {
    const [here, there] = [await replica(), await replica()];
    const { commit } = await new PolicyWriter(db.database).change((tx) =>
      tx.users.put({ name: 'hinted', labels: {}, active: true }),
    );
    if (commit !== undefined) here.feed.offer(commit);
    await eventually(() => expect(there.feed.known()).toBe(commit?.revision));
  });

  test('a transaction tells of itself, whoever runs it', async () => {
    const one = await replica();
    const { commit } = await new PolicyWriter(db.database).change((tx) =>
      tx.users.put({ name: 'by-command', labels: {}, active: true }),
    );
    await eventually(() => expect(one.feed.known()).toBe(commit?.revision));
  });

  test('the poll finds what no hint told, and then listens on a new connection', async () => {
    const one = await replica({ pollMs: 50 });
    const [before] = await listeners();
    let written = 0;
    await eventually(
      async () => {
        // Another each time: what the read finds with which the feed starts was not found by a poll.
        const revision = await untold(`polled-${written++}`);
        await eventually(() => expect(one.feed.known()).toBe(revision));
        const now = await listeners();
        expect(now).toHaveLength(1);
        expect(now).not.toContain(before);
      },
      { what: 'another connection' },
    );
  });

  test('who is told of a change keeps its connection', async () => {
    const one = await replica({ pollMs: 5_000 });
    const before = await listeners();
    const { commit } = await new PolicyWriter(db.database).change((tx) =>
      tx.users.put({ name: 'told', labels: {}, active: true }),
    );
    await eventually(() => expect(one.feed.known()).toBe(commit?.revision));
    expect(await listeners()).toEqual(before);
  });

  test('the poll is not seldom while no hint can come', async () => {
    const one = await replica({ deaf: true });
    const revision = await untold('unheard');
    await eventually(() => expect(one.feed.known()).toBe(revision));
  });

  test('events cache of SPIRE: a transaction held open is not stepped over', async () => {
    const one = await replica({ pollMs: 20 });
    const from = one.feed.known();
    const policy = new PolicyWriter(db.database);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = policy.change(async (tx) => {
      await tx.users.put({ name: 'began-first', labels: {}, active: true });
      await held;
    });
    await eventually(async () => {
      const open = await db.database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      expect(open).toHaveLength(1);
    });
    await policy.user('began-later');
    await eventually(() => expect(one.feed.known()).toBe(from + 1));
    release();
    await slow;
    await eventually(() => expect(one.feed.known()).toBe(from + 2));
    expect(one.seen.map(({ changes }) => changes[0])).toMatchObject([
      { object: { name: 'began-later' } },
      { object: { name: 'began-first' } },
    ]);
  });

  test('a replica that commits while it is behind reads the gap first', async () => {
    const one = await replica();
    const policy = new PolicyWriter(db.database);
    const from = one.feed.known();
    await policy.user('unseen-1');
    await policy.user('unseen-2');
    const { commit } = await policy.change((tx) =>
      tx.users.put({ name: 'own', labels: {}, active: true }),
    );
    if (commit !== undefined) one.feed.offer(commit);
    await one.feed.reached(from + 3, 60_000);
    expect(revisions(one)).toEqual(upTo(from, from + 3));
  });

  test('the listener comes back after its connection was cut, and catches up', async () => {
    const one = await replica();
    await db.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE '% feed'`,
    );
    const { commit } = await new PolicyWriter(db.database).change((tx) =>
      tx.users.put({ name: 'while-cut', labels: {}, active: true }),
    );
    await eventually(() => expect(one.feed.known()).toBe(commit?.revision));
  });

  test('a consumer that fails stops the feed and is not called again', async () => {
    let calls = 0;
    const failures: unknown[] = [];
    const feed = new PolicyFeed({
      database: db.database,
      logger: silentLogger,
      random: Math.random,
      onCommit: () => {
        calls++;
        throw new Error('cannot apply');
      },
      onFailure: (error) => void failures.push(error),
    });
    feeds.push(feed);
    await feed.start(await headRevision(db.database));
    const policy = new PolicyWriter(db.database);
    for (const name of ['x1', 'x2']) {
      const { commit } = await policy.change((tx) =>
        tx.users.put({ name, labels: {}, active: true }),
      );
      if (commit !== undefined) feed.offer(commit);
    }
    await eventually(() => expect(failures).toHaveLength(1));
    expect(calls).toBe(1);
  });

  test('waiting for a revision that does not come ends with what is known', async () => {
    const one = await replica();
    await expect(one.feed.reached(one.feed.known() + 1, 50)).rejects.toMatchObject({
      code: 'timed_out',
    });
  });

  test('a revision without a change (a new compiler) is delivered too', async () => {
    const one = await replica({ pollMs: 20 });
    const policy = new PolicyWriter(db.database);
    const create = {
      uid: 'i',
      compilerVersion: 1,
      stateEpoch: 1,
      caFingerprint: 'a',
      stateKeyFingerprint: 'b',
      epochKeyFingerprint: 'c',
    };
    await policy.change((tx) => tx.installation.create(create));
    const { commit } = await policy.change((tx) => tx.installation.setCompilerVersion(2));
    await eventually(() =>
      expect(one.seen.at(-1)).toMatchObject({
        ...commit,
        installation: { compilerVersion: 2, stateEpoch: 1, explainedFrom: commit?.revision },
      }),
    );
    expect(commit).toMatchObject({ changes: [], revoked: [] });
    const again = await policy.change((tx) => tx.installation.setCompilerVersion(2));
    expect(again.commit).toBeUndefined();
  });
});

describe('the snapshot', () => {
  test('is one revision although writers go on, and equals the feed from the beginning', async () => {
    const policy = new PolicyWriter(db.database);
    const [ada, ben] = [await policy.user('snap-ada'), await policy.user('snap-ben')];
    const team = await policy.group('snap-team', [ada, ben]);
    const eu = await policy.cluster('snap-eu', { env: 'prod' });
    await policy.grant('snap-g', [{ kind: 'Group', uid: team.uid }], {
      scope: { clusters: { type: 'names', uids: [eu.uid] }, namespaces: { type: 'all' } },
      until: policy.clock.now() + 1_000,
      reason: 'PAY-1',
    });
    const us = await policy.cluster('snap-us', { env: 'test' });
    const people = [ben, ada].map(({ uid }) => ({ kind: 'User', uid }) as const);
    await policy.grant('snap-many', [...people, { kind: 'Group', uid: team.uid }], {
      scope: {
        clusters: { type: 'names', uids: [us.uid, eu.uid] },
        namespaces: { type: 'names', names: ['b', 'a'] },
      },
      notBefore: policy.clock.now() + 1,
      labels: { team: 'pay' },
    });
    const prod = { key: 'env', operator: 'In', values: ['prod'] } as const;
    await policy.grant('snap-selected', people, {
      scope: {
        clusters: { type: 'selector', selector: { requirements: [prod] } },
        namespaces: { type: 'clusterWide' },
      },
    });
    await policy.grant('snap-all', people, {
      scope: { clusters: { type: 'all' }, namespaces: { type: 'all' } },
    });
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n++) await policy.user(`snap-more-${n}`);
    })();
    const objects = new Map<string, PolicyObject>();
    const { revision } = await readPolicySnapshot(db.database, (object) => {
      objects.set(`${object.kind}/${object.uid}`, object);
    });
    writing = false;
    await writer;
    const replayed = new Map<string, PolicyObject>();
    const replay = (change: PolicyChange): void => {
      if (change.op === 'put') {
        replayed.set(`${change.object.kind}/${change.object.uid}`, change.object);
      } else replayed.delete(`${change.kind}/${change.uid}`);
    };
    for (let at = 0; at < revision; at += 100) {
      const { commits } = await changesAfter(db.database, at, Math.min(100, revision - at));
      commits.flatMap((commit) => commit.changes).forEach(replay);
    }
    const sorted = (map: Map<string, PolicyObject>): unknown[] =>
      [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    expect(sorted(objects)).toEqual(sorted(replayed));
    expect(objects.size).toBeGreaterThan(10);
  });
});
