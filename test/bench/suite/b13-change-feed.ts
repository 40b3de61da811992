import { FollowedDatabase } from '../feed/followed-database.ts';
import type { Bench, Benchmark, Side } from '../harness/benchmark.ts';
import { closedLoop } from '../harness/open-loop.ts';
import { Processes } from '../harness/processes.ts';
import { quantile } from '../harness/statistics.ts';

const writers = 16;
const replicas = 3;
const commits = { full: 3_000, smoke: 320 };
const firstCommits = 64;
const heldMs = { full: 5_000, smoke: 300 };

export const changeFeed: Benchmark = {
  id: 'B13',
  name: 'change-feed',
  says: `${writers} writers that commit changes while ${replicas} replicas follow, beside the same commits that nobody follows`,
  async run(bench) {
    const database = await FollowedDatabase.start();
    try {
      await countChanges(bench, database);
      await compareFollowed(bench, database);
      if (!bench.smoke) await growReplicas(bench, database);
    } finally {
      await database.stop();
    }
  },
};

const sizeOf = ({ smoke }: Bench): number => (smoke ? commits.smoke : commits.full);

function commitAll(database: FollowedDatabase, operations: number): Promise<void> {
  return closedLoop({ callers: writers, operations, run: () => database.commitOne() });
}

/** Every replica is told of every commit once and in order, also while a transaction that began before them is open. */
async function countChanges(bench: Bench, database: FollowedDatabase): Promise<void> {
  await database.follow(replicas);
  bench.count('connections that listen, of 3 replicas', await database.listeners(), {
    exactly: replicas,
  });
  const from = await database.head();
  const committed = new Map<number, number>();
  const held = new Promise((resolve) =>
    setTimeout(resolve, bench.smoke ? heldMs.smoke : heldMs.full),
  );
  const slow = database.commitSlowly(held);
  const run = async (): Promise<void> => {
    const { revision, at } = await database.commitOne();
    committed.set(revision, at);
  };
  await closedLoop({ callers: writers, operations: sizeOf(bench), run });
  await slow;
  const head = await database.head();
  bench.count('revisions of as many changes', head - from, { exactly: sizeOf(bench) + 1 });
  const late: number[] = [];
  let wrong = 0;
  for (const told of await database.told(from, head)) {
    wrong += Math.abs(told.length - (head - from));
    wrong += told.filter(({ revision }, at) => revision !== from + 1 + at).length;
    for (const { revision, at } of told) late.push(at - (committed.get(revision) ?? at));
  }
  bench.count('changes missed, doubled or out of order, of 3 replicas', wrong, { exactly: 0 });
  bench.figure('from a commit to a replica: p50', quantile(late, 0.5), 'ms', { atMost: 5 });
  bench.figure('from a commit to a replica: p99', quantile(late, 0.99), 'ms');
}

async function compareFollowed(bench: Bench, database: FollowedDatabase): Promise<void> {
  const processes = new Processes({ postgres: () => database.server.pid() });
  const operations = sizeOf(bench);
  let best = Number.POSITIVE_INFINITY;
  const side = (name: string, followers: number): Side => ({
    name,
    run: async () => {
      await database.follow(followers);
      // Their first readings are of connections that know nothing yet.
      await commitAll(database, firstCommits);
      const measured = await processes.measure(() => commitAll(database, operations));
      if (followers > 0) best = Math.min(best, measured.wallMs);
      return measured;
    },
  });
  await bench.compare({
    name: 'CPU of PostgreSQL for commits that are followed',
    ours: side(`${replicas} replicas follow`, replicas),
    floor: side('nobody follows', 0),
    gate: { of: 'cpu', processes: ['postgres'] },
    // Each of the two others reads what is new once a burst, and PostgreSQL has as much to do for a reading as for a commit.
    goal: { atMost: 3 },
    pairs: 9,
  });
  bench.figure(
    `commits a second of ${writers} writers, best run`,
    (operations * 1_000) / best,
    '/s',
    {
      atLeast: 1_500,
    },
  );
}

/** Replicas are told together, so that a commit does not cost more where there are more of them. */
async function growReplicas(bench: Bench, database: FollowedDatabase): Promise<void> {
  const processes = new Processes({ postgres: () => database.server.pid() });
  const operations = sizeOf(bench);
  for (const followers of [1, 3, 10]) {
    await database.follow(followers);
    await commitAll(database, firstCommits);
    const { cpuMs } = await processes.measure(() => commitAll(database, operations));
    const each = (cpuMs['postgres'] ?? 0) / operations;
    bench.figure(`CPU of PostgreSQL for a commit that ${followers} follow`, each, 'ms');
  }
}
