import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
import { mostRows } from './row-arrays.ts';
import type { Sql } from './sql.ts';

/** One open transaction: SQL, entities, and the raw client for COPY. */
export interface OpenTransaction extends Sql {
  readonly manager: EntityManager;
  readonly client: pg.PoolClient;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a transaction ends with: `seal` is sent together with COMMIT, so what it locks is held for no round trip. */
export interface Finished<T> {
  readonly value: T;
  readonly seal?: Statement;
}

export interface TransactionOptions {
  /** READ COMMITTED unless told. */
  readonly isolation?: 'READ COMMITTED' | 'REPEATABLE READ';
  /** Roll back when all is done: for dry runs. */
  readonly discard?: boolean;
}

/**
 * Both go out before either is answered. When the statement fails, PostgreSQL turns the COMMIT behind it into a rollback
 * (documentation of COMMIT), so the order of the two answers is all that has to be kept.
 */
export async function sealAndCommit<R>(
  runner: QueryRunner,
  open: OpenTransaction,
  seal: Statement,
): Promise<R[]> {
  const client = open.client as pg.PoolClient & Pipelining;
  client.pipeline = true;
  try {
    const sealing = open.query<R>(seal.text, seal.values);
    const [sealed, committed] = await Promise.allSettled([sealing, runner.commitTransaction()]);
    if (sealed.status === 'rejected') throw sealed.reason;
    if (committed.status === 'rejected') throw committed.reason;
    return sealed.value;
  } finally {
    client.pipeline = false;
  }
}

/** What pg has and its types do not tell. */
interface Pipelining {
  pipeline: boolean;
  readonly connection: { readonly stream: Socket };
}

/** So many bytes of rows go out before others in this process get a turn: a few milliseconds of work. */
const sentAtOnce = 256 * 1024;

/**
 * All of a transaction goes out without waiting for an answer; gives the rows of each statement. A large one is made and
 * sent piece by piece: the database works on what it has while the rest is made, and `pause` is called between.
 */
export async function inOneRoundTrip<R>(
  open: OpenTransaction,
  statements: Iterable<Statement>,
  pause: () => Promise<unknown> = setImmediate,
): Promise<readonly (readonly R[])[]> {
  const client = open.client as pg.PoolClient & Pipelining;
  const { stream } = client.connection;
  client.pipeline = true;
  // One write to the socket and not one for each statement.
  stream.cork();
  const all: Promise<unknown>[] = [];
  let failed = false;
  let ended = false;
  const sent = <T>(answer: Promise<T>): Promise<T> => {
    all.push(answer);
    // What comes after the first failure is refused anyway.
    answer.catch(() => (failed = true));
    return answer;
  };
  try {
    void sent(client.query('BEGIN'));
    const rows: Promise<R[]>[] = [];
    let unsent = 0;
    for (const { text, values } of statements) {
      rows.push(sent(open.query<R>(text, values)));
      unsent += weightOf(values);
      if (unsent < sentAtOnce) continue;
      unsent = 0;
      stream.uncork();
      await pause();
      stream.cork();
      if (failed) break;
    }
    void sent(client.query('COMMIT'));
    ended = true;
    stream.uncork();
    const settled = await Promise.allSettled(all);
    // What comes after the first failure only says that there was one.
    const first = settled.find((each) => each.status === 'rejected');
    if (first !== undefined) throw first.reason;
    return await Promise.all(rows);
  } catch (error) {
    if (!ended) {
      // Not even half of it may stay open on a connection that goes back to others.
      stream.uncork();
      await client.query('ROLLBACK').catch(() => {});
    }
    throw error;
  } finally {
    client.pipeline = false;
  }
}

const weightOf = (values: readonly unknown[]): number =>
  values.reduce<number>((sum, value) => sum + (Buffer.isBuffer(value) ? value.length : 0), 0);

/** A transaction that wrote so many rows forgets plans, and again whenever it has written `growth` times as many. */
const manyRows = 500;
const growth = 4;

/**
 * The SQL of a runner's connection; the runner starts and ends the transaction.
 *
 * A connection keeps the plans of its statements, and those by which PostgreSQL checks references, until somebody analyses the
 * tables, and nobody analyses what is not committed. A plan that was made for a table of one page reads all of it for each
 * row: so the first people of a large set would make the rest of it take hours.
 */
export async function openTransaction(runner: QueryRunner): Promise<OpenTransaction> {
  const client = (await runner.connect()) as pg.PoolClient;
  let [rows, many] = [0, manyRows];
  return {
    client,
    manager: runner.manager,
    query: async <R>(text: string, values: readonly unknown[] = []) => {
      if (text.includes('INSERT INTO')) rows += 1 + mostRows(values);
      if (rows >= many) {
        many = rows * growth;
        // What is wrong with the connection is told by the statement behind it.
        client.query('DISCARD PLANS').catch(() => {});
      }
      const statement = { name: statementName(text), text, values: [...values] };
      return (await client.query<R & pg.QueryResultRow>(statement)).rows;
    },
  };
}

const statementNames = new Map<string, string>();

/**
 * Statements inside transactions are few and constant, so each connection keeps them prepared: sealing a commit is
 * planned once and not while others wait for the head.
 */
export function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = `ambit_${statementNames.size}`;
    statementNames.set(text, name);
  }
  return name;
}
