import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/** What a directory writes of people, of groups, and of who is in them. */
export const tables = [
  'users',
  'directory_users',
  'groups',
  'directory_groups',
  'group_members',
  'given_memberships',
] as const;
/** What is written beside: of each change of the policy, and of everything that is said. */
const beside = ['policy_changes', 'audit_events'] as const;

/** The rows of a database, seen by its superuser. */
export class StoredRows {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<StoredRows> {
    const client = new pg.Client(url);
    await client.connect();
    return new StoredRows(client);
  }

  /** Of the next transaction; `writtenSince` counts from there on. */
  async mark(): Promise<string> {
    const { rows } = await this.#client.query<{ xid: string }>(
      'SELECT pg_current_xact_id()::text AS xid',
    );
    return rows[0]?.xid ?? '';
  }

  /** Rows that were written since a mark, by table; rows that are gone are missing. */
  async writtenSince(mark: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of [...tables, ...beside]) {
      const { rows } = await this.#client.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${table} WHERE xmin::text::bigint > $1::bigint`,
        [mark],
      );
      counts[table] = rows[0]?.count ?? 0;
    }
    return counts;
  }

  async revision(): Promise<number> {
    const { rows } = await this.#client.query<{ revision: string }>(
      'SELECT revision FROM policy_head',
    );
    return Number(rows[0]?.revision);
  }

  /** Writes all rows into files, as COPY takes them. */
  async copyOut(folder: string): Promise<void> {
    for (const table of [...tables, ...beside]) {
      const source = this.#client.query(copyTo(`COPY (SELECT * FROM ${table}) TO STDOUT`));
      await pipeline(source, createWriteStream(join(folder, table)));
    }
  }

  /** Stores the rows of such files, one COPY for each table; what they refer to need not be there. */
  async copyIn(folder: string): Promise<void> {
    await this.#client.query('SET session_replication_role = replica');
    await this.#client.query(`TRUNCATE ${[...tables, ...beside].join(', ')} CASCADE`);
    for (const table of [...tables, ...beside]) {
      const sink = this.#client.query(copyFrom(`COPY ${table} FROM STDIN`));
      await pipeline(createReadStream(join(folder, table)), sink);
    }
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
