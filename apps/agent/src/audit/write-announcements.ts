import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAppError } from '@ambit/kernel';
import type { Clock, Ids, Logger, Millis } from '@ambit/kernel';
import {
  durableInPlace,
  replaceDurably,
  storageError,
  writeInPlace,
} from '../state/durable-file.ts';
import { readAnnouncements } from './read-announcements.ts';
import type { AnnouncedWrite, LostWrite, StoredAnnouncement } from './read-announcements.ts';
import type { Spool } from './spool.ts';

/** Where writes are announced before they leave. */
export interface WriteAnnouncer {
  /** What an earlier process announced, and of which no event tells. Each has to be told or withdrawn. */
  readonly lost: readonly LostWrite[];
  /**
   * Resolves with the id that the event of this write has to carry, when the announcement survives a crash. It does not
   * reject: a disk that takes nothing holds back no write for longer than `withinMs`, as that write may end access.
   */
  announce(write: AnnouncedWrite, withinMs: Millis): Promise<string>;
  /** The write did not happen. */
  withdraw(id: string): void;
}

export interface WriteAnnouncementsOptions {
  readonly path: string;
  readonly spool: Spool;
  readonly ids: Ids;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** Bytes of announcements after which the file is written anew with what is open. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 512 * 1024;
const settleAfterMs: Millis = 500;

/** A line that is to be on disk before its write goes. */
interface Waiting {
  readonly line: string;
  readonly until: Millis;
  readonly go: () => void;
}

/**
 * Writes on their way to the API server, on disk before they leave and until the event that tells of them is on disk:
 * what a process that is killed did is told by the next one. Announcements that come while the disk is busy go to it
 * together, so that many writes cost one sync. The file has its room from the start, as zeros behind the last line: what
 * is written into it changes no length, which would be a second write to the disk, and needs no space.
 */
export class WriteAnnouncements implements WriteAnnouncer {
  readonly lost: readonly LostWrite[];
  readonly #options: WriteAnnouncementsOptions;
  readonly #maxBytes: number;
  /** Lines by id of what is neither told nor withdrawn. */
  readonly #open: Map<string, string>;
  /** Sequence in the spool of events that are on their way to the disk. */
  readonly #told = new Map<string, { readonly epoch: string; readonly sequence: number }>();
  #waiting: Waiting[] = [];
  /** What the disk is writing. */
  #onTheWay: readonly Waiting[] = [];
  /** One timer for all that wait, set to the first that waits no longer. */
  #patience: { readonly timer: NodeJS.Timeout; readonly until: Millis } | undefined;
  #done: string[] = [];
  #due = false;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #file: FileHandle | undefined;
  /** Where the next line goes, and how far there is room. */
  #end = 0;
  #room = 0;
  #failing = false;
  readonly #forget: () => void;

  private constructor(options: WriteAnnouncementsOptions, found: readonly StoredAnnouncement[]) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.lost = found.map(({ id, at, write }) => ({ ...write, id, announcedAt: at }));
    this.#open = new Map(found.map((one) => [one.id, `${JSON.stringify(one)}\n`]));
    this.#forget = options.spool.onFlushed(() => this.#settle());
    options.spool.beforeForgetting(() => this.flush());
  }

  /** Reads what an earlier process left, and what of it the spool tells. Throws `storage_full` or `storage_unwritable`. */
  static async open(options: WriteAnnouncementsOptions): Promise<WriteAnnouncements> {
    const { path, spool, logger } = options;
    try {
      const found = await readAnnouncements(path, spool);
      const announcements = new WriteAnnouncements(options, found);
      await announcements.#rewrite();
      if (found.length > 0) {
        const writes = found.length;
        logger.info('writes that an earlier process began are looked after', { writes });
      }
      return announcements;
    } catch (error) {
      throw storageError(path, error);
    }
  }

  announce(write: AnnouncedWrite, withinMs: Millis): Promise<string> {
    const { spool, ids, clock } = this.#options;
    const id = write.id ?? ids.uuid();
    const { epoch, flushedSequence } = spool;
    const stored: StoredAnnouncement = {
      id,
      at: clock.now(),
      epoch,
      after: flushedSequence,
      write,
    };
    const line = `${JSON.stringify(stored)}\n`;
    this.#open.set(id, line);
    return new Promise((resolve) => {
      const until = performance.now() + withinMs;
      this.#waiting.push({ line, until, go: () => resolve(id) });
      this.#letGoAt(until);
      // Whatever else is announced in this turn of the event loop goes to the disk with it.
      if (!this.#due) setImmediate(() => this.#writeDue());
      this.#due = true;
    });
  }

  withdraw(id: string): void {
    this.#told.delete(id);
    this.#close(id);
    // At once: killed before, the next process would take another's object for what this write made.
    void this.#write();
  }

  /** An event with this id stands in the spool under this sequence: on disk, it settles the announcement. */
  recorded(id: string, sequence: number): void {
    if (this.#open.has(id)) this.#told.set(id, { epoch: this.#options.spool.epoch, sequence });
  }

  /** Resolves when everything that is settled is settled on disk too, or the disk took it not. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined || this.#waiting.length + this.#done.length > 0) {
      await this.#write();
    }
  }

  async close(): Promise<void> {
    this.#settle();
    await this.flush();
    this.#forget();
    await this.#file?.close();
    this.#file = undefined;
  }

  #settle(): void {
    const { epoch, flushedSequence } = this.#options.spool;
    for (const [id, told] of this.#told) {
      if (told.epoch === epoch && told.sequence > flushedSequence) continue;
      this.#told.delete(id);
      this.#close(id);
    }
  }

  /** The line that says so may be lost: then the spool says it, or the object that stands. */
  #close(id: string): void {
    if (!this.#open.delete(id)) return;
    this.#done.push(`${JSON.stringify({ done: id })}\n`);
    this.#timer ??= setTimeout(() => void this.flush(), settleAfterMs).unref();
  }

  #writeDue(): void {
    this.#due = false;
    void this.#write();
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // It may have come after the last look.
      if (this.#waiting.length > 0) void this.#write();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length + this.#done.length > 0) {
      const batch = this.#waiting;
      const text = [...this.#done, ...batch.map(({ line }) => line)].join('');
      this.#onTheWay = batch;
      this.#waiting = [];
      this.#done = [];
      await this.#append(text);
      for (const { go } of batch) go();
    }
    this.#onTheWay = [];
    clearTimeout(this.#patience?.timer);
    this.#patience = undefined;
  }

  #letGoAt(until: Millis): void {
    if (this.#patience !== undefined && this.#patience.until <= until) return;
    clearTimeout(this.#patience?.timer);
    const timer = setTimeout(() => this.#letGo(), until - performance.now());
    this.#patience = { timer, until };
  }

  /** Those whose time is over go without the disk. */
  #letGo(): void {
    this.#patience = undefined;
    const now = performance.now();
    for (const { until, go } of [...this.#onTheWay, ...this.#waiting]) {
      if (until > now) this.#letGoAt(until);
      else go();
    }
  }

  async #append(text: string): Promise<void> {
    const { path, logger } = this.#options;
    try {
      const bytes = Buffer.from(text);
      if (this.#file === undefined || this.#end + bytes.length > this.#room) {
        return await this.#rewrite();
      }
      await writeInPlace(this.#file, bytes, this.#end);
      this.#end += bytes.length;
      this.#failing = false;
    } catch (error) {
      // Half a line may stand there: the next one goes into a new file, with all that is open.
      await this.#file?.close().catch(() => undefined);
      this.#file = undefined;
      if (!this.#failing) {
        const fields = { error: storageError(path, error) };
        logger.error('writes cannot be announced; a crash now could leave some untold', fields);
      }
      this.#failing = true;
    }
  }

  /** Everything that is open, and room for more; on a full disk without room, so that the next line is written so too. */
  async #rewrite(): Promise<void> {
    const { path } = this.#options;
    const lines = Buffer.from([...this.#open.values()].join(''));
    await this.#file?.close();
    this.#file = undefined;
    this.#room = lines.length + this.#maxBytes;
    try {
      await replaceDurably(path, Buffer.concat([lines], this.#room));
    } catch (error) {
      if (!isAppError(error, 'storage_full')) throw error;
      await replaceDurably(path, lines);
      this.#room = lines.length;
    }
    this.#file = await open(path, durableInPlace);
    this.#end = lines.length;
    this.#failing = false;
  }
}
