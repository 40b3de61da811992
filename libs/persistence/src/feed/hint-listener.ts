import { fullJitter, type Logger, type Random } from '@ambit/kernel';
import type pg from 'pg';
import type { Database } from '../database.ts';

export const policyChannel = 'ambit_policy';

interface ListenerOptions {
  /** Of NOTIFY. */
  readonly channel: string;
  readonly database: Pick<Database, 'dedicatedClient'>;
  readonly logger: Logger;
  readonly random: Random;
  /** Something may have changed: a notification came, with what it says, or the connection is new and may have missed some. */
  readonly onHint: (said: string) => void;
  /** None can come until the next one. */
  readonly onLost: () => void;
}

/** One connection of its own that listens for hints, and comes back when it breaks. It never carries data. */
export class HintListener {
  readonly #options: ListenerOptions;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #attempt = 0;
  #listening = false;
  #closed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Hints can come, as far as can be told from here. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Never throws: without a connection whoever listens has to look by itself. */
  async connect(): Promise<void> {
    const client = this.#options.database.dedicatedClient();
    this.#client = client;
    client.on('notification', ({ payload = '' }) => this.#options.onHint(payload));
    // pg tells a broken connection by both events, or by one of them.
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#options.channel}`);
      this.#attempt = 0;
      this.#listening = this.#client === client;
      this.#options.onHint('');
    } catch {
      this.#lost(client);
    }
  }

  /** Something was not told: the connection may have died without a word. */
  renew(): void {
    if (this.#client !== undefined) this.#lost(this.#client);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #lost(client: pg.Client): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    const listened = this.#listening;
    this.#listening = false;
    void client.end().catch(() => {});
    const { logger, random, channel } = this.#options;
    const waitMs = fullJitter({ baseMs: 200, capMs: 5_000 }, this.#attempt++, random);
    logger.warn('a listener for changes lost its connection', { channel, waitMs });
    this.#retry = setTimeout(() => void this.connect(), waitMs);
    if (listened) this.#options.onLost();
  }
}
