import { randomUUID } from 'node:crypto';
import { openDatabase, PolicyFeed, UnitOfWork } from '@ambit/persistence';
import type { Database, KnownPolicy, Transaction } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { BenchDatabase } from '../harness/bench-database.ts';

const actor = { kind: 'system', name: 'system/bench' } as const;
const nobodyKnown: KnownPolicy = { uid: () => undefined, name: () => undefined };

/** One replica that follows the feed, and when it was told of which revision. */
interface Replica {
  readonly database: Database;
  readonly feed: PolicyFeed;
  readonly told: { readonly revision: number; readonly at: number }[];
}

/** A database that is written to as central does it, and followed by replicas. */
export class FollowedDatabase {
  readonly server: BenchDatabase;
  readonly #database: Database;
  readonly #unit: UnitOfWork;
  #replicas: readonly Replica[] = [];
  #names = 0;

  private constructor(server: BenchDatabase, database: Database) {
    this.server = server;
    this.#database = database;
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const ids = { uuid: () => randomUUID() };
    this.#unit = new UnitOfWork(database, { clock, ids, logger: silentLogger });
  }

  static async start(): Promise<FollowedDatabase> {
    const server = await BenchDatabase.start();
    const database = await openDatabase({ url: server.url, logger: silentLogger });
    return new FollowedDatabase(server, database);
  }

  /** So many replicas follow from now on, the first of which is the one that commits. */
  async follow(count: number): Promise<void> {
    await this.leave();
    const made: Replica[] = [];
    for (let at = 0; at < count; at++) made.push(await this.#replica());
    this.#replicas = made;
  }

  async #replica(): Promise<Replica> {
    const database = await openDatabase({
      ...{ url: this.server.url, logger: silentLogger, maxConnections: 2 },
      applicationName: 'bench replica',
    });
    const told: Replica['told'] = [];
    const feed = new PolicyFeed({
      ...{ database, logger: silentLogger, random: Math.random },
      onCommit: ({ revision }) => void told.push({ revision, at: performance.now() }),
    });
    await feed.start(await this.head());
    return { database, feed, told };
  }

  async head(): Promise<number> {
    const [row] = await this.#database.query<{ revision: number }>(
      'SELECT revision FROM policy_head',
    );
    return row?.revision ?? 0;
  }

  /** Connections that listen for hints. */
  async listeners(): Promise<number> {
    const [row] = await this.#database.query<{ count: number }>(
      `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'bench replica feed'`,
    );
    return row?.count ?? 0;
  }

  /** One change, as central commits those of its callers; gives when that was. */
  async commitOne(): Promise<{ readonly revision: number; readonly at: number }> {
    const name = this.#name();
    const draft = await this.#unit.draft({ actor }, nobodyKnown, (tx) => putUser(tx, name));
    const { commit } = await this.#unit.commit(draft);
    if (commit === undefined) throw new Error('a change made no revision');
    this.#replicas[0]?.feed.offer(commit);
    return { revision: commit.revision, at: performance.now() };
  }

  /** A change whose transaction is open until `done`. */
  async commitSlowly(done: Promise<unknown>): Promise<void> {
    const name = this.#name();
    const { commit } = await this.#unit.run({ actor }, async (tx) => {
      await putUser(tx, name);
      await done;
    });
    if (commit !== undefined) this.#replicas[0]?.feed.offer(commit);
  }

  /** Of each replica, once all of them know `revision`: what it was told above `from`, in its order. */
  async told(from: number, revision: number): Promise<readonly Replica['told'][]> {
    await Promise.all(this.#replicas.map(({ feed }) => feed.reached(revision, 30_000)));
    return this.#replicas.map(({ told }) => told.filter((each) => each.revision > from));
  }

  async leave(): Promise<void> {
    for (const { feed, database } of this.#replicas) {
      await feed.close();
      await database.close();
    }
    this.#replicas = [];
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.#database.close();
    await this.server.stop();
  }

  #name(): string {
    return `user-${this.#names++}`;
  }
}

async function putUser(tx: Transaction, name: string): Promise<void> {
  await tx.users.put({ name, labels: {}, active: true });
  tx.audit.record({ type: 'user.created', message: `User ${name} was created` });
}
