import { randomUUID } from 'node:crypto';
import { createPostgresBackend, Queue, withBackend, Worker } from 'bullmq';
import type { ConnectionOptions, PostgresConnectionOptions } from 'bullmq';
import type { ClientBase } from 'pg';
import { AppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import { databaseAddress } from '@ambit/persistence';
import { redisAddress } from '../redis-tls.ts';

/** A job that runs again and again. It may run twice or on two replicas at once: it has to be idempotent. */
export interface RecurringJob {
  readonly name: string;
  readonly everyMs: Millis;
  run(): Promise<void>;
}

/** A job that runs once for each payload that is put in the queue. It may run twice: it has to be idempotent. */
export interface QueuedJob {
  readonly name: string;
  /** The payload is what `enqueue` was given, after JSON. Throws for one that it cannot read. */
  run(payload: unknown): Promise<void>;
}

/** Where jobs are kept: Redis when given, else PostgreSQL. Both are secret. */
export type JobStore = { readonly redisUrl: string } | { readonly databaseUrl: string };

export interface JobRunner {
  /** Jobs by state, such as `active` and `failed`. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** Puts a payload in the queue, for any replica, once `delayMs` are over. Throws `internal` for a job nobody has. */
  enqueue(name: string, payload: object, options?: { readonly delayMs?: Millis }): Promise<void>;
  close(): Promise<void>;
}

export const queueName = 'ambit';
export const jobSchema = 'bullmq';
/** A Redis that lost what it held knows again within this time what recurs: nothing else would bring it back. */
const defaultLookEveryMs: Millis = 15_000;
const answerWithinMs: Millis = 1_000;
/** Between two attempts to reach Redis. */
const longestPauseMs: Millis = 2_000;
/** Runs that are kept to be looked at. */
const kept = { removeOnComplete: { count: 50 }, removeOnFail: { count: 200 } };

/**
 * Runs recurring jobs with BullMQ, on whichever replica takes them. Nothing on the path from a change to its
 * enforcement waits for a job, and so nothing waits for Redis: jobs begin when it comes, and what is put in the queue
 * waits until then. Throws not_ready when the database has no tables for them.
 */
export async function startJobs(
  store: JobStore,
  jobs: readonly (RecurringJob | QueuedJob)[],
  logger: Logger,
  lookEveryMs: Millis = defaultLookEveryMs,
): Promise<JobRunner> {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const jobOf = (name: string): RecurringJob | QueuedJob => {
    const job = byName.get(name);
    if (job === undefined) throw new AppError('internal', `there is no job ${name}`);
    return job;
  };
  let closing = false;
  const { queue, work } = open(
    store,
    (name, payload) => jobOf(name).run(payload),
    () => closing,
  );
  // A connection that was being opened when the worker closed outlives it, and ends with the database: no problem.
  const tell = seldom((problem: string, error: unknown) => {
    if (!closing) logger.warn(problem, { error });
  });
  queue.on('error', (error) => tell('the job queue has a problem', error));
  // A worker without its tables would ask for them without end.
  if ('databaseUrl' in store) await queue.waitUntilReady().catch(notMadeReady);
  const worker = work();
  worker.on('error', (error) => tell('the job worker has a problem', error));
  worker.on('failed', (job, error) => logger.error('a job failed', { job: job?.name, error }));
  const recurring = jobs.filter((job) => 'everyMs' in job);
  const scheduled = Promise.all(recurring.map((job) => schedule(queue, job)));
  if ('databaseUrl' in store) await scheduled;
  // Those that were not scheduled now are found by the look.
  else scheduled.catch((error: unknown) => tell('the jobs have no schedule yet', error));
  const stopLooking = again(lookEveryMs, () => scheduleLost(queue, recurring, logger));
  return {
    counts: () => queue.getJobCounts(),
    enqueue: async (name, payload, { delayMs = 0 } = {}) => {
      // With an id of ours no sequence of the database gives one, which would be made for the queue by its owner alone.
      const jobId = randomUUID();
      await queue.add(jobOf(name).name, payload, { ...kept, jobId, delay: delayMs });
    },
    close: async () => {
      closing = true;
      stopLooking();
      // A store that is away answers to no goodbye, and would be waited for.
      await worker.close(!(await answers(queue)));
      await queue.close();
    },
  };
}

/** Whether the store of the queue is there; one that takes long is not. */
async function answers(queue: OpenQueue['queue']): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), answerWithinMs);
  queue.getJobSchedulersCount().then(
    () => resolve(true),
    () => resolve(false),
  );
  const there = await promise;
  clearTimeout(timer);
  return there;
}

/** The first of its words at once, the same again once a minute: a store that is away says so at every attempt. */
function seldom(
  tell: (problem: string, error: unknown) => void,
): (problem: string, error: unknown) => void {
  const told = new Map<string, number>();
  return (problem, error) => {
    const now = performance.now();
    if (now - (told.get(problem) ?? -Infinity) < 60_000) return;
    told.set(problem, now);
    tell(problem, error);
  };
}

async function schedule(queue: OpenQueue['queue'], { name, everyMs }: RecurringJob): Promise<void> {
  await queue.upsertJobScheduler(name, { every: everyMs }, { name, opts: kept });
}

/** Those that are still there keep their time. */
async function scheduleLost(
  queue: OpenQueue['queue'],
  jobs: readonly RecurringJob[],
  logger: Logger,
): Promise<void> {
  if ((await queue.getJobSchedulersCount()) >= jobs.length) return;
  for (const job of jobs) {
    if ((await queue.getJobScheduler(job.name)) !== undefined) continue;
    await schedule(queue, job);
    logger.warn('a job had lost its schedule and got it again', { job: job.name });
  }
}

/** One look after the other, also where one takes long because the store is away. Gives the function that ends it. */
function again(everyMs: Millis, look: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const next = (): void => {
    if (!over) timer = setTimeout(() => void look().then(next, next), everyMs).unref();
  };
  next();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

type Run = (name: string, payload: unknown) => Promise<void>;

interface OpenQueue {
  readonly queue: Pick<
    Queue,
    | 'on'
    | 'add'
    | 'waitUntilReady'
    | 'upsertJobScheduler'
    | 'getJobScheduler'
    | 'getJobSchedulersCount'
    | 'getJobCounts'
    | 'close'
  >;
  readonly work: () => Pick<Worker, 'on' | 'close'>;
}

function notMadeReady(cause: unknown): never {
  throw new AppError('not_ready', 'The database has no tables for the jobs of this release.', {
    hint: 'Its owner makes them: run "ambit-central migrate" with AMBIT_DATABASE_OWNER_URL, or give that variable to the start.',
    nextCommand: 'ambit-central migrate',
    cause,
  });
}

function open(store: JobStore, run: Run, closing: () => boolean): OpenQueue {
  if ('redisUrl' in store) {
    const connection: ConnectionOptions = {
      ...redisAddress(store.redisUrl),
      maxRetriesPerRequest: null,
      // A Redis that is away would keep the program from ending: it wants to say goodbye to it.
      retryStrategy: (attempt) => (closing() ? null : Math.min(attempt * 200, longestPauseMs)),
    };
    return {
      queue: new Queue(queueName, { connection }),
      work: () =>
        new Worker(queueName, (job) => run(job.name, job.data), { connection, concurrency: 2 }),
    };
  }
  const onPostgres = withBackend(createPostgresBackend);
  const connection = {
    ...databaseAddress(store.databaseUrl),
    schema: jobSchema,
    migrate: false,
    max: 3,
    application_name: 'ambit-jobs',
    options: '-c statement_timeout=30000 -c idle_in_transaction_session_timeout=10000',
    // A pooler takes no options, and BullMQ says by them where its tables are.
    onConnect: (client: ClientBase) => client.query(`SET search_path TO ${jobSchema}`),
    // BullMQ hands all of it to the driver, of which its types know a part.
  } as object as PostgresConnectionOptions;
  return {
    queue: new onPostgres.Queue(queueName, { connection }) as unknown as OpenQueue['queue'],
    work: () =>
      new onPostgres.Worker(queueName, (job) => run(job.name, job.data), {
        connection,
        concurrency: 2,
      }) as unknown as ReturnType<OpenQueue['work']>,
  };
}
