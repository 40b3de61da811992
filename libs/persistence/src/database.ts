import 'reflect-metadata';
import { type AppError, fullJitter, type Logger } from '@ambit/kernel';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { databaseError, isTransient } from './database-error.ts';
import { databaseAddress } from './database-tls.ts';
import { allEntities } from './entities/all-entities.ts';
import { runMigrations, unknownToDatabase } from './migrate.ts';
import {
  type Finished,
  inOneRoundTrip,
  type OpenTransaction,
  openTransaction,
  sealAndCommit,
  type Statement,
  statementName,
  type TransactionOptions,
} from './open-transaction.ts';
import type { Sql } from './sql.ts';

export interface DatabaseOptions {
  /** Secret. */
  readonly url: string;
  readonly logger: Logger;
  /** 20 unless told. */
  readonly maxConnections?: number;
  readonly applicationName?: string;
  /** Milliseconds; 5000 unless told. */
  readonly statementTimeoutMs?: number;
}

/** uint64 columns of ours stay below 2^53: they are read as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as never,
};

function sessionOptions(options: DatabaseOptions): string {
  const settings = {
    statement_timeout: options.statementTimeoutMs ?? 5_000,
    idle_in_transaction_session_timeout: 10_000,
    search_path: 'public,pg_temp',
    default_transaction_isolation: 'read\\ committed',
    TimeZone: 'UTC',
  };
  return Object.entries(settings)
    .map(([key, value]) => `-c ${key}=${value}`)
    .join(' ');
}

/** The pool of one program and the transactions over it. Every failure leaves it as an `AppError`. */
export class Database implements Sql {
  readonly #source: DataSource;
  readonly #options: DatabaseOptions;
  readonly #lossListeners: Set<() => void>;
  #answeredAt = performance.now();
  /** As `query`, planned once for each connection: for statements whose texts are constant. */
  readonly prepared: Sql = {
    query: (text, values) => this.#query(text, values, statementName(text)),
  };

  private constructor(
    source: DataSource,
    options: DatabaseOptions,
    lossListeners: Set<() => void>,
  ) {
    this.#source = source;
    this.#options = options;
    this.#lossListeners = lossListeners;
  }

  /** Throws database_unavailable. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const lossListeners = new Set<() => void>();
    const source = new DataSource({
      type: 'postgres',
      driver: pg,
      url: options.url,
      entities: allEntities,
      synchronize: false,
      logging: false,
      poolErrorHandler: (error: unknown) => {
        // The pool lets its connections go before the server knows of it.
        if (!source.isInitialized) return;
        options.logger.warn('a database connection broke', { error: String(error) });
        for (const listener of lossListeners) listener();
      },
      extra: {
        ...databaseAddress(options.url),
        max: options.maxConnections ?? 20,
        // One stays, so that the end of the server is noticed when it comes and not when somebody asks.
        min: 1,
        types,
        application_name: options.applicationName ?? 'ambit',
        options: sessionOptions(options),
        connectionTimeoutMillis: 5_000,
        keepAlive: true,
      },
    });
    try {
      await source.initialize();
    } catch (error) {
      throw databaseError(error);
    }
    return new Database(source, options, lossListeners);
  }

  /** Runs what is missing, one program at a time, and gives the names. Throws database_unavailable. */
  async migrate(): Promise<readonly string[]> {
    try {
      return await runMigrations(this.#options.url);
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** The migrations of this program that the database has not seen. */
  async pendingMigrations(): Promise<readonly string[]> {
    return unknownToDatabase(this);
  }

  /** The role that its connections have in the database. */
  async role(): Promise<string> {
    const [row] = await this.query<{ name: string }>('SELECT current_user AS name');
    return row?.name ?? '';
  }

  query<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#query(text, values);
  }

  /**
   * Commits when `work` resolves, rolls back when it throws. After a deadlock or a serialization failure `work` runs
   * again, at most five times, so it keeps nothing outside that a rollback would not undo.
   */
  async transaction<T>(
    work: (transaction: OpenTransaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const done = await this.sealed(async (open) => ({ value: await work(open) }), options);
    return done.value;
  }

  /** As `transaction`, and gives the rows of the last statement. */
  async sealed<T, R>(
    work: (transaction: OpenTransaction) => Promise<Finished<T>>,
    options: TransactionOptions = {},
  ): Promise<{ readonly value: T; readonly rows: readonly R[] }> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt<T, R>(work, options);
      } catch (error) {
        if (!isTransient(error) || attempt === 4) throw this.#failure(error);
        const waitMs = fullJitter({ baseMs: 10, capMs: 250 }, attempt, Math.random);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /**
   * Runs the statements as one transaction in one round trip and gives the rows of each. When one fails nothing is
   * stored: PostgreSQL turns the COMMIT behind it into a rollback. It is not tried again.
   */
  async pipelined<R>(statements: Iterable<Statement>): Promise<readonly (readonly R[])[]> {
    const runner = this.#source.createQueryRunner();
    try {
      return await inOneRoundTrip<R>(await openTransaction(runner), statements);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      await runner.release();
    }
  }

  async #attempt<T, R>(
    work: (transaction: OpenTransaction) => Promise<Finished<T>>,
    options: TransactionOptions,
  ): Promise<{ value: T; rows: readonly R[] }> {
    const runner = this.#source.createQueryRunner();
    try {
      const open = await openTransaction(runner);
      // READ COMMITTED is the default of every connection of ours: saying it would cost a round trip.
      await runner.startTransaction(options.isolation);
      const { value, seal } = await work(open);
      let rows: readonly R[] = [];
      if (options.discard === true) await runner.rollbackTransaction();
      else if (seal === undefined) await runner.commitTransaction();
      else rows = await sealAndCommit<R>(runner, open, seal);
      return { value, rows };
    } catch (error) {
      // The first failure is the one to report: on a broken connection the rollback fails as well.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => {});
      throw error;
    } finally {
      await runner.release();
    }
  }

  /** Connections of the pool at this moment, and callers that wait for one. */
  connections(): { readonly idle: number; readonly busy: number; readonly waiting: number } {
    const { idleCount, totalCount, waitingCount } = this.#pool();
    return { idle: idleCount, busy: totalCount - idleCount, waiting: waitingCount };
  }

  /** Milliseconds since a statement was last answered. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
  }

  /** Tells of each connection of the pool that breaks while nobody uses it, and of work that found no database. Gives the function that ends it. */
  onConnectionLost(listener: () => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** A connection outside the pool, for LISTEN. Not connected yet. */
  dedicatedClient(): pg.Client {
    return new pg.Client({
      ...databaseAddress(this.#options.url),
      application_name: `${this.#options.applicationName ?? 'ambit'} feed`,
      options: sessionOptions(this.#options),
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
  }

  async close(): Promise<void> {
    if (this.#source.isInitialized) await this.#source.destroy();
  }

  async #query<R>(text: string, values: readonly unknown[] = [], name?: string): Promise<R[]> {
    try {
      const statement = { text, values: [...values], ...(name === undefined ? {} : { name }) };
      const { rows } = await this.#pool().query<R & pg.QueryResultRow>(statement);
      this.#answeredAt = performance.now();
      return rows;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): AppError {
    const failure = databaseError(error);
    if (failure.code === 'database_unavailable')
      for (const listener of this.#lossListeners) listener();
    return failure;
  }

  #pool(): pg.Pool {
    return (this.#source.driver as unknown as { master: pg.Pool }).master;
  }
}

/** Opens the pool and checks that the database answers. Throws database_unavailable. */
export function openDatabase(options: DatabaseOptions): Promise<Database> {
  return Database.open(options);
}
