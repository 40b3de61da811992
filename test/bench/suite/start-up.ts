import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@ambit/testing';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { environment, programs } from '../../support/run-program.ts';
import { BenchDatabase } from '../harness/bench-database.ts';
import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { Processes } from '../harness/processes.ts';
import { median } from '../harness/statistics.ts';
import { StatementTap } from '../harness/statements.ts';
import { BenchClient, document } from './bench-central.ts';

const sizes = {
  full: { grants: 25_000, clusters: 1_000, people: 5_000 },
  smoke: { grants: 500, clusters: 20, people: 100 },
};
const goalMs = 1_500;
const piece = 5_000;
/** The library of the jobs asks what it likes; the probe of the database and the feed when it is time. */
const notCounted = /^--|bullmq|set_config|^SELECT 1$|^SELECT h\.revision/;
/**
 * 7 tables, the sessions that ended and who left groups are read by three statements each, 8 partitions looked after by four
 * each; the clock is read once, the keys of the issuer once, that of sign-in twice, two channels are listened to; that connections
 * are ours alone is tried by one announcement that is listened for; the rest is asked once.
 */
const startStatements = { smoke: 93, full: 99 };
const policyReadings = 9;

/** Reads every row that a start reads, and makes nothing of it. */
const bareRead = `
  const pg = (await import('pg')).default;
  const client = new pg.Client(process.env.AMBIT_DATABASE_URL);
  await client.connect();
  for (const table of ['users', 'groups', 'group_members', 'clusters', 'roles', 'grants', 'grant_subjects', 'grant_clusters'])
    await client.query('SELECT * FROM ' + table);
  await client.end();`;

/** What serves nothing, from the libraries that central serves with. */
const bareServer = `
  await import('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  class Empty {}
  const app = await NestFactory.create({ module: Empty }, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  await app.close();`;

const floors = {
  'node alone': '',
  'a bare read of the rows': bareRead,
  'Nest and Fastify': bareServer,
};

/** Process CPU in milliseconds of a script that says so itself at its end. */
async function bare(script: string, url: string): Promise<number> {
  const told = `${script}
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1_000);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', told],
    { cwd: dirname(programs.central), env: { ...environment, AMBIT_DATABASE_URL: url } },
  );
  return Number(stdout);
}

/** A database with a policy in it, and a data folder, that one central after another is started on. */
class StartPlace {
  readonly #base: string;
  readonly #folder: ProcessFolder;
  readonly #database: BenchDatabase;
  #starts = 0;
  #token = '';

  private constructor(base: string, folder: ProcessFolder, database: BenchDatabase) {
    this.#base = base;
    this.#folder = folder;
    this.#database = database;
  }

  static async open(): Promise<StartPlace> {
    const base = await mkdtemp(join(tmpdir(), 'ambit-start-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    return new StartPlace(base, folder, await BenchDatabase.start());
  }

  /** Of the application. Secret. */
  get url(): string {
    return this.#database.url;
  }

  /** From before the process exists until it says that it is ready; then `work` is done, and it is stopped. */
  async start(url: string, work?: (client: BenchClient) => Promise<void>): Promise<Measured> {
    const [rest = 0, agents, health] = await freePorts(3);
    const folder = this.#folder.path;
    const began = performance.now();
    const central = this.#folder.start({
      name: `central-${this.#starts++}`,
      program: process.execPath,
      args: [
        programs.central,
        `--data-dir=${folder}`,
        `--cache-dir=${join(this.#base, 'cache')}`,
        `--listen=127.0.0.1:${rest}`,
        `--agent-listen=127.0.0.1:${agents}`,
        `--health-listen=127.0.0.1:${health}`,
      ],
      environment: { ...environment, AMBIT_DATABASE_URL: url },
    });
    try {
      await said(central, /is ready/);
      const wallMs = performance.now() - began;
      const cpuMs = new Processes({ central: central.pid }).cpuMs();
      if (work !== undefined) {
        const file = join(folder, 'central', 'first-admin.token');
        this.#token ||= (await readFile(file, 'utf8')).trim();
        const client = new BenchClient(rest, this.#token);
        await work(client).finally(() => client.close());
      }
      return { wallMs, cpuMs };
    } finally {
      await central.stop(15_000);
    }
  }

  async stop(): Promise<void> {
    await this.#folder.clean(15_000);
    await this.#database.stop();
    await rm(this.#base, { recursive: true, force: true });
  }
}

/** Its log is looked at, which costs it nothing; asking it would. */
async function said(central: ManagedProcess, what: RegExp): Promise<void> {
  const look = async (): Promise<void> => {
    if (!central.alive) return;
    if ((await central.logged(what)) === undefined) throw new Error(await central.tail());
  };
  await eventually(look, { withinMs: 120_000, everyMs: 5, what: 'central being ready' });
  if (!central.alive) throw new Error(`central: ${central.exit}: ${await central.tail()}`);
}

async function fill(client: BenchClient, size: typeof sizes.full): Promise<void> {
  const some = (count: number, make: (at: number) => object): object[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const objects = [
    ...some(size.people, (at) => document('User', `u-${at}`, {})),
    ...some(size.clusters, (at) => document('Cluster', `c-${at}`, {})),
    ...some(size.grants, (at) =>
      document('Grant', `g-${at}`, {
        subjects: [{ user: `u-${at % size.people}` }],
        role: 'view',
        scope: {
          clusters: { names: [`c-${at % size.clusters}`] },
          namespaces: { names: [`n-${at % 50}`] },
        },
      }),
    ),
  ];
  for (let from = 0; from < objects.length; from += piece)
    await client.call('POST', '/apply', { objects: objects.slice(from, from + piece) });
}

async function run(bench: Bench): Promise<void> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  const place = await StartPlace.open();
  try {
    await place.start(place.url, (client) => fill(client, size));
    await countStatements(bench, place);
    if (!bench.smoke) await measure(bench, place);
  } finally {
    await place.stop();
  }
}

async function countStatements(bench: Bench, place: StartPlace): Promise<void> {
  const tap = await StatementTap.open(place.url);
  try {
    const { byText } = await tap.during(() => place.start(tap.through(place.url)));
    const ours = Object.entries(byText).filter(([text]) => !notCounted.test(text));
    const all = ours.reduce((sum, [, often]) => sum + often, 0);
    bench.count('statements of a start', all, {
      exactly: bench.smoke ? startStatements.smoke : startStatements.full,
    });
    const loaded = ours.filter(([text]) => text.startsWith('DECLARE snapshot')).length;
    bench.count('statements that are a reading of the policy', loaded, {
      exactly: policyReadings,
    });
  } finally {
    await tap.close();
  }
}

async function measure(bench: Bench, place: StartPlace): Promise<void> {
  const rounds = 9;
  const starts: Measured[] = [];
  const least: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    starts.push(await place.start(place.url));
    for (const [name, script] of Object.entries(floors))
      (least[name] ??= []).push(await bare(script, place.url));
  }
  const cpu = median(starts.map(({ cpuMs }) => cpuMs['central'] ?? 0));
  bench.figure('CPU of central from its start until it is ready', cpu, 'ms', { atMost: goalMs });
  const wall = median(starts.map(({ wallMs }) => wallMs));
  bench.figure('time from its start until it is ready', wall, 'ms');
  for (const [name, times] of Object.entries(least))
    bench.figure(`CPU of ${name}`, median(times), 'ms');
}

export const startUp: Benchmark = {
  id: 'start-up',
  name: 'start-up',
  says: 'central from exec until it is ready, on a database of 25,000 grants and 1,000 clusters, beside Nest alone and a bare read',
  run,
};
