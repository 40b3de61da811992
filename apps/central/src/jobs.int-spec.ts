import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import { eventually, FakeClock, PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { grantRights, roleNames } from '@ambit/persistence';
import { Redis } from 'ioredis';
import { auditJobs } from './features/audit/public.ts';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { sweepEndedGrants } from './features/grants/public.ts';
import { CommitPolicy } from './features/policy/public.ts';
import { purgeTokens } from './features/tokens/public.ts';
import { prepareJobs } from './platform/jobs/prepare-jobs.ts';
import { startJobs } from './platform/jobs/job-runner.ts';
import type { JobRunner, JobStore, RecurringJob } from './platform/jobs/job-runner.ts';

const day = 86_400_000;
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const redisUrl = process.env['AMBIT_TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';

async function redisIsThere(): Promise<boolean> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** A job that is tried again and again, here often. */
function counted(name: string): RecurringJob & { runs: number } {
  const job = {
    name,
    everyMs: 200,
    runs: 0,
    run: async () => {
      job.runs++;
    },
  };
  return job;
}

/** What is put in the queue of one replica runs once, on any, with its payload and not before its time. */
async function queuesOn(store: JobStore): Promise<void> {
  const name = `queued-${randomUUID()}`;
  const ran = new Map<unknown, number>();
  const job = {
    name,
    run: async (payload: unknown) => void ran.set(JSON.stringify(payload), performance.now()),
  };
  const runners: JobRunner[] = [];
  try {
    runners.push(await startJobs(store, [job], silentLogger));
    runners.push(await startJobs(store, [job], silentLogger));
    const started = performance.now();
    const [later, now] = [{ for: 'later' }, { for: 'now', list: [1, 'two'] }];
    await runners[0]?.enqueue(name, later, { delayMs: 1_000 });
    await runners[1]?.enqueue(name, now);
    await eventually(() =>
      expect([...ran.keys()].sort()).toEqual([later, now].map((each) => JSON.stringify(each))),
    );
    expect((ran.get(JSON.stringify(later)) ?? 0) - started).toBeGreaterThan(950);
    await expect(runners[0]?.enqueue('nobody-has-it', {})).rejects.toMatchObject({
      code: 'internal',
    });
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

async function runsOn(store: JobStore): Promise<void> {
  const job = counted(`test-${randomUUID()}`);
  const failing = {
    ...counted(`failing-${randomUUID()}`),
    run: () => Promise.reject(new Error('no')),
  };
  const runners: JobRunner[] = [];
  try {
    runners.push(await startJobs(store, [job, failing], silentLogger));
    // A second replica knows the same jobs: they are scheduled once.
    runners.push(await startJobs(store, [job, failing], silentLogger));
    await eventually(() => expect(job.runs).toBeGreaterThan(3));
    const from = job.runs;
    const started = performance.now();
    await eventually(() => expect(job.runs).toBeGreaterThanOrEqual(from + 5));
    expect(performance.now() - started).toBeGreaterThan(600);
    const counts = await runners[0]?.counts();
    expect(counts).toMatchObject({ failed: expect.any(Number), active: expect.any(Number) });
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

describe('jobs', () => {
  test('run on PostgreSQL, once for all replicas, and a failing one stops no other', async () => {
    await prepareJobs(db.ownerUrl);
    await grantRights(await db.another(db.ownerUrl), roleNames);
    await runsOn({ databaseUrl: db.url });
    await queuesOn({ databaseUrl: db.url });
  });

  test('run on Redis the same', async () => {
    if (!(await redisIsThere())) {
      if (process.env['CI'] === 'true') throw new Error(`no Redis at ${redisUrl}`);
      console.warn(`skipped: no Redis at ${redisUrl}; set AMBIT_TEST_REDIS_URL`);
      return;
    }
    await runsOn({ redisUrl });
    await queuesOn({ redisUrl });
  });
});

test('recurring jobs go on after Redis lost all it held', async () => {
  if (!(await redisIsThere())) return;
  // A numbered database of the same server: emptying it takes nothing from others.
  const own = `${redisUrl}/15`;
  const redis = new Redis(own);
  const [job, other] = [counted(`lost-${randomUUID()}`), counted(`lost-too-${randomUUID()}`)];
  await redis.flushdb();
  const runner = await startJobs({ redisUrl: own }, [job, other], silentLogger, 50);
  try {
    await eventually(() => expect(Math.min(job.runs, other.runs)).toBeGreaterThan(0));
    await redis.flushdb();
    const from = [job.runs, other.runs];
    // One that was running at that moment may still end.
    await eventually(() => {
      expect(job.runs).toBeGreaterThan((from[0] ?? 0) + 2);
      expect(other.runs).toBeGreaterThan((from[1] ?? 0) + 2);
    });
  } finally {
    await runner.close();
    redis.disconnect();
  }
});

describe('the jobs of central', () => {
  test('grants that have ended are marked five minutes later, in revisions of their own, with their events', async () => {
    const policy = new PolicyWriter(db.database, new FakeClock(Date.now()));
    const ada = await policy.user('job-ada');
    const until = policy.clock.now() + 60_000;
    await policy.grant('job-ends', [{ kind: 'User', uid: ada.uid }], { until });
    await policy.grant('job-stays', [{ kind: 'User', uid: ada.uid }]);
    const registry = createRegistry({ version: 'test' });
    const meters = createMeters(registry, centralMetrics);
    const { world, feed } = await loadPolicyWorld({
      database: db.database,
      logger: silentLogger,
      readiness: new Readiness([]),
      meters,
      unitOfWork: policy.unit,
    });
    const commit = new CommitPolicy(policy.unit, world, meters);
    const sweep = sweepEndedGrants(commit, policy.clock, silentLogger);
    const ended = (): boolean | undefined => {
      const [grant] = Array.from(world.policy.grants()).filter(({ name }) => name === 'job-ends');
      return grant?.ended;
    };
    policy.clock.advance(60_000 + 4 * 60_000);
    await sweep.run();
    expect(ended()).toBe(false);
    policy.clock.advance(60_001);
    const before = world.revision;
    await sweep.run();
    await sweep.run();
    expect(ended()).toBe(true);
    expect(world.revision).toBe(before + 1);
    const events = await db.database.query<{ event: { type: string; message: string } }>(
      `SELECT event FROM audit_events WHERE type = 'grant.ended'`,
    );
    expect(events).toHaveLength(1);
    expect(events[0]?.event.message).toContain('job-ends');
    await feed.close();
  });

  test('audit partitions are there a week ahead and go when retention is over', async () => {
    const clock = new FakeClock(Date.now());
    const owner = await db.another(db.ownerUrl);
    const unitOfWork = new PolicyWriter(db.database).unit;
    const jobs = auditJobs(
      { database: db.database, unitOfWork, clock, logger: silentLogger },
      90 * day,
    );
    const partitions = async (): Promise<string[]> => {
      const rows = await db.database.query<{ name: string }>(
        `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'audit_events'::regclass`,
      );
      return rows.map(({ name }) => name);
    };
    const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
    const nameOf = (at: number): string => `audit_events_${dateOf(at).replaceAll('-', '')}`;
    await jobs[0]?.run();
    expect(await partitions()).toEqual(
      expect.arrayContaining([nameOf(clock.now()), nameOf(clock.now() + 7 * day)]),
    );
    for (const age of [90, 91]) {
      const [from, to] = [age, age - 1].map((days) => clock.now() - days * day);
      await owner.query(
        `CREATE TABLE ${nameOf(from ?? 0)} PARTITION OF audit_events
         FOR VALUES FROM ('${dateOf(from ?? 0)}') TO ('${dateOf(to ?? 0)}')`,
      );
    }
    await jobs[1]?.run();
    expect(await partitions()).not.toContain(nameOf(clock.now() - 91 * day));
    expect(await partitions()).toContain(nameOf(clock.now() - 90 * day));
  });

  test('case 48: what was used or removed long ago is forgotten', async () => {
    const policy = new PolicyWriter(db.database, new FakeClock(Date.now()));
    const gone = await policy.cluster('job-gone');
    await policy.change((tx) => tx.clusters.remove('job-gone'));
    await db.database.query(
      `UPDATE clusters SET removed_at = now() - interval '31 days' WHERE uid = $1`,
      [gone.uid],
    );
    await policy.change((tx) =>
      tx.apiTokens.insert({ id: 'old', name: 'job-old', hash: Buffer.alloc(32), role: 'viewer' }),
    );
    await policy.change((tx) => tx.apiTokens.revoke('job-old'));
    await db.database.query(
      `UPDATE api_tokens SET revoked_at = now() - interval '31 days' WHERE name = 'job-old'`,
    );
    await purgeTokens({
      unitOfWork: policy.unit,
      database: db.database,
      clock: policy.clock,
    }).run();
    const left = await db.database.query(
      `SELECT name FROM clusters WHERE uid = $1 UNION SELECT name FROM api_tokens WHERE name = 'job-old'`,
      [gone.uid],
    );
    expect(left).toEqual([]);
  });
});
