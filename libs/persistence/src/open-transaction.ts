import type { Socket } from 'node:net';
import type pg from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
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

/** All of a transaction goes out before any of it is answered; gives the rows of each statement. */
export async function inOneRoundTrip<R>(
  open: OpenTransaction,
  statements: readonly Statement[],
): Promise<readonly (readonly R[])[]> {
  const client = open.client as pg.PoolClient & Pipelining;
  client.pipeline = true;
  // One write to the socket and not one for each statement.
  client.connection.stream.cork();
  try {
    const begun = client.query('BEGIN');
    const sent = statements.map(({ text, values }) => open.query<R>(text, values));
    const ended = client.query('COMMIT');
    client.connection.stream.uncork();
    const settled = await Promise.allSettled([begun, ...sent, ended]);
    // What comes after the first failure only says that there was one.
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return await Promise.all(sent);
  } finally {
    client.pipeline = false;
  }
}

/** The SQL of a runner's connection; the runner starts and ends the transaction. */
export async function openTransaction(runner: QueryRunner): Promise<OpenTransaction> {
  const client = (await runner.connect()) as pg.PoolClient;
  return {
    client,
    manager: runner.manager,
    query: async <R>(text: string, values: readonly unknown[] = []) => {
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
