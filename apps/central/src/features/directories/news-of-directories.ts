import type { Clock, Logger } from '@ambit/kernel';
import { keepDirectoryNews } from '@ambit/persistence';
import type { Database, DirectoryNews } from '@ambit/persistence';

const keepEveryMs = 5_000;

/** When directories called last, and what went wrong last: kept together every few seconds, however often they call. */
export class NewsOfDirectories {
  readonly #ports: { readonly database: Database; readonly clock: Clock; readonly logger: Logger };
  readonly #news = new Map<string, DirectoryNews>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: {
    readonly database: Database;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#ports = ports;
  }

  start(): void {
    this.#timer = setInterval(() => void this.keep(), keepEveryMs).unref();
  }

  /** It never fails and never waits. */
  note(providerUid: string, error?: string): void {
    const at = this.#ports.clock.now();
    const before = this.#news.get(providerUid)?.error;
    const told = error === undefined ? before : { at, text: error.slice(0, 1_024) };
    this.#news.set(providerUid, {
      providerUid,
      callAt: at,
      ...(told === undefined ? {} : { error: told }),
    });
  }

  /** Keeps what was not kept yet. It never fails. */
  async keep(): Promise<void> {
    const news = [...this.#news.values()];
    this.#news.clear();
    if (news.length === 0) return;
    try {
      await keepDirectoryNews(this.#ports.database, news);
    } catch (error) {
      this.#ports.logger.warn('how directories do was not kept', { error });
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.keep();
  }
}
