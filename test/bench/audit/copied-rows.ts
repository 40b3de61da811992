import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { writtenEvent } from '@ambit/persistence';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { honestEvent } from './honest-event.ts';

const columns = [
  ...['received_at', 'type', 'actor', 'cluster', 'object_kind', 'object_name'],
  ...['reported_by', 'event'],
] as const;

/** The rows that central would store of so many events of a cluster. */
export function rowsOf(cluster: string, first: number, count: number): (string | null)[][] {
  const received = new Date().toISOString();
  return Array.from({ length: count }, (_, at) => {
    const event = writtenEvent({
      ...honestEvent(cluster, first + at),
      reportedBy: `agent/${cluster}`,
    });
    const { type, actor, cluster: of, object_kind: kind, object_name: name } = event;
    return [received, type, actor, of, kind, name, event.reported_by, event.json];
  });
}

/** As COPY takes them; none of their texts needs escaping. */
export function copyText(rows: readonly (readonly (string | null)[])[]): Buffer {
  return Buffer.from(
    rows.map((row) => `${row.map((each) => each ?? '\\N').join('\t')}\n`).join(''),
  );
}

/** Stores rows that are ready, a transaction for each lot, on as many connections as there are cores. */
export class RowStore {
  readonly #clients: readonly pg.Client[];

  private constructor(clients: readonly pg.Client[]) {
    this.#clients = clients;
  }

  static async open(url: string, connections = 2): Promise<RowStore> {
    const clients = Array.from({ length: connections }, () => new pg.Client(url));
    for (const client of clients) await client.connect();
    return new RowStore(clients);
  }

  copy(lots: readonly Buffer[]): Promise<void> {
    return this.#each(lots, async (client, lot) => {
      const sink = client.query(copyFrom(`COPY audit_events (${columns.join(', ')}) FROM STDIN`));
      await pipeline(Readable.from([lot]), sink);
    });
  }

  /** `INSERT … SELECT FROM unnest`. */
  insert(lots: readonly (readonly (readonly (string | null)[])[])[]): Promise<void> {
    return this.#each(lots, async (client, lot) => {
      const types = columns.map((name) =>
        name === 'received_at' ? 'timestamptz' : name === 'event' ? 'jsonb' : 'text',
      );
      await client.query({
        name: 'insert',
        text: `INSERT INTO audit_events (${columns.join(', ')})
          SELECT * FROM unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`,
        values: columns.map((_, at) => lot.map((row) => row[at])),
      });
    });
  }

  async count(): Promise<number> {
    const counted = await this.#clients[0]?.query<{ count: string }>(
      'SELECT count(*) FROM audit_events',
    );
    return Number(counted?.rows[0]?.count);
  }

  async query(text: string): Promise<void> {
    await this.#clients[0]?.query(text);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end();
  }

  async #each<T>(lots: readonly T[], store: (client: pg.Client, lot: T) => Promise<void>) {
    const left = [...lots];
    const work = async (client: pg.Client): Promise<void> => {
      for (let lot = left.shift(); lot !== undefined; lot = left.shift()) await store(client, lot);
    };
    await Promise.all(this.#clients.map(work));
  }
}
