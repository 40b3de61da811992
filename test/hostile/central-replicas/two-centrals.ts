import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { grantRights, openDatabase, roleNames, startEmbeddedPostgres } from '@ambit/persistence';
import type { Database, EmbeddedPostgres } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { firstAdminToken, startCentral } from '../../bench/harness/start-central.ts';
import { OnePort } from '../../support/one-port.ts';
import { RedisProcess } from '../../support/redis-process.ts';

/** One central of two: what a pod of the Deployment has. */
export interface CentralReplica {
  readonly name: string;
  readonly dataDir: string;
  /** REST, agents, health. */
  readonly ports: readonly number[];
  process: ManagedProcess | undefined;
  /** It was ready, and was not killed since: only then a Service sends it anybody. */
  serves: boolean;
}

/** Two centrals as processes behind one port for people and one for agents, over one PostgreSQL and one Redis. */
export class TwoCentrals {
  readonly replicas: readonly CentralReplica[];
  readonly redis: RedisProcess;
  /** Of the application, past both replicas. */
  readonly database: Database;
  readonly #base: string;
  readonly #folder: ProcessFolder;
  readonly #postgres: EmbeddedPostgres;
  readonly #people: OnePort;
  readonly #agents: OnePort;
  #token = '';
  #starts = 0;

  private constructor(parts: {
    base: string;
    folder: ProcessFolder;
    postgres: EmbeddedPostgres;
    database: Database;
    redis: RedisProcess;
    replicas: readonly CentralReplica[];
    doors: readonly [people: OnePort, agents: OnePort];
  }) {
    this.#base = parts.base;
    this.#folder = parts.folder;
    this.#postgres = parts.postgres;
    this.database = parts.database;
    this.redis = parts.redis;
    this.replicas = parts.replicas;
    [this.#people, this.#agents] = parts.doors;
  }

  static async start(): Promise<TwoCentrals> {
    const base = await mkdtemp(join(tmpdir(), 'ambit-two-centrals-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const postgres = await startEmbeddedPostgres({
      dataDir: join(base, 'postgres'),
      logger: silentLogger,
      prepare,
    });
    const database = await openDatabase({
      url: postgres.url,
      logger: silentLogger,
      maxConnections: 2,
      statementTimeoutMs: 120_000,
    });
    const [redisPort = 0, ...ports] = await freePorts(7);
    const replicas = ['one', 'two'].map((name, at): CentralReplica => ({
      name,
      dataDir: join(folder.path, name),
      ports: ports.slice(at * 3, at * 3 + 3),
      process: undefined,
      serves: false,
    }));
    const behind = (at: number): string[] =>
      replicas.map((replica) => `127.0.0.1:${replica.ports[at]}`);
    const serves = (nth: number): boolean => replicas[nth]?.serves === true;
    const doors = [
      await OnePort.open(behind(0), serves),
      await OnePort.open(behind(1), serves),
    ] as const;
    const redis = await RedisProcess.start(folder, redisPort);
    const parts = { base, folder, postgres, database, redis, replicas, doors };
    const centrals = new TwoCentrals(parts);
    try {
      await centrals.#begin();
      return centrals;
    } catch (error) {
      await centrals.stop();
      throw error;
    }
  }

  /** The first one makes the keys, as the how-to says. */
  async #begin(): Promise<void> {
    const [one, two] = this.replicas;
    if (one === undefined || two === undefined) throw new Error('there are two replicas');
    for (const { dataDir } of this.replicas)
      await mkdir(join(dataDir, 'central'), { recursive: true, mode: 0o700 });
    await this.startReplica(one);
    this.#token = await firstAdminToken({ path: one.dataDir });
    const keys = (of: CentralReplica): string => join(of.dataDir, 'central', 'keys');
    await cp(keys(one), keys(two), { recursive: true });
    await this.startReplica(two);
  }

  /** Resolves when it serves. */
  async startReplica(replica: CentralReplica): Promise<void> {
    const { dataDir, ports } = replica;
    replica.process = await startCentral({
      folder: this.#folder,
      name: `central-${replica.name}-${++this.#starts}`,
      dataDir,
      ports,
      flags: [`--agent-address=${this.agentAddress}`],
      env: {
        AMBIT_DATABASE_URL: this.#postgres.url,
        AMBIT_DATABASE_AUDIT_URL: this.#postgres.auditUrl,
        AMBIT_REDIS_URL: this.redis.url,
      },
    });
    replica.serves = true;
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(replica: CentralReplica): Promise<void> {
    const { process } = replica;
    process?.signal('SIGKILL');
    replica.serves = false;
    await process?.stop(1_000);
  }

  /** Where agents reach whichever replica takes them. */
  get agentAddress(): string {
    return this.#agents.address;
  }

  /** Whichever replica takes its connections. */
  get client(): AmbitClient {
    return new AmbitClient({ server: `http://${this.#people.address}`, token: this.#token });
  }

  key(name: string): Promise<string> {
    const [one] = this.replicas;
    return readFile(join(one?.dataDir ?? '', 'central', 'keys', name), 'utf8');
  }

  /** The last words of both, for a message. */
  async words(): Promise<string> {
    const tails = this.replicas.map(
      async ({ name, process }) => `${name}: ${(await process?.tail(6)) ?? ''}`,
    );
    return (await Promise.all(tails)).join('\n');
  }

  async stop(): Promise<void> {
    await this.#folder.clean(5_000);
    await this.#people.close();
    await this.#agents.close();
    await this.database.close();
    await this.#postgres.stop();
    await rm(this.#base, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
  try {
    await owner.migrate();
    await grantRights(owner, roleNames);
  } finally {
    await owner.close();
  }
}
