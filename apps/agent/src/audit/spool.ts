import { mkdir, rm, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@ambit/kernel';
import {
  appendDurably,
  isStorageFull,
  openForAppends,
  storageError,
  syncFolder,
} from '../state/durable-file.ts';
import { AcknowledgedMark } from './acknowledged-mark.ts';
import { SegmentReader } from './read-segments.ts';
import type { SpoolItem } from './read-segments.ts';
import { findSpool, newSegment } from './spool-epochs.ts';
import type { FoundSpool, Segment } from './spool-epochs.ts';
import { SpoolReserve } from './spool-reserve.ts';
import { encodeRecord } from './spool-segment.ts';
import type { SpoolRecord } from './spool-segment.ts';

/** How many events were given up, and for want of what. */
export type DropListener = (events: number, reason: 'spool_full' | 'storage_full') => void;

export interface SpoolOptions {
  readonly folder: string;
  readonly newEpoch: () => string;
  readonly logger: Logger;
  /** Bytes on disk after which the oldest segment goes. */
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
  /** Given back to the file system when it is full, so that the last events still find room. */
  readonly reserveBytes?: number;
  /** Events held in memory while the disk takes none. */
  readonly maxPending?: number;
}

const flushRecords = 64;
const flushAfterMs = 50;

/**
 * The agent's audit events on disk until central has them. Appending gives each event the next sequence number of the
 * spool's epoch; `flush` returns when all appended so far survive a crash. Only flushed events can be read.
 */
export class Spool {
  readonly #options: Required<SpoolOptions>;
  #epoch: string;
  #folder: string;
  #segments: Segment[];
  #active: FileHandle | undefined;
  #next: number;
  #flushed: number;
  #pending: SpoolRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #full = false;
  #mark: AcknowledgedMark;
  readonly #reader = new SegmentReader();
  readonly #listeners = new Set<() => void>();
  readonly #reserve: SpoolReserve;
  #beforeForgetting: () => Promise<void> = () => Promise.resolve();
  readonly #dropListeners = new Set<DropListener>();

  private constructor(options: Required<SpoolOptions>, found: FoundSpool) {
    this.#options = options;
    this.#reserve = new SpoolReserve(options.folder, options.reserveBytes);
    this.#epoch = found.epoch;
    this.#folder = join(options.folder, found.epoch);
    this.#segments = found.segments;
    this.#next = found.nextSequence;
    this.#flushed = found.nextSequence - 1;
    this.#mark = new AcknowledgedMark(this.#folder, found.acknowledged, options.logger);
  }

  /** Opens the newest epoch under the folder, or begins a new one when there is none or its end is damaged. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const full: Required<SpoolOptions> = {
      maxBytes: 1024 ** 3,
      segmentBytes: 4 * 1024 ** 2,
      reserveBytes: 1024 ** 2,
      maxPending: 4096,
      ...options,
    };
    try {
      await mkdir(full.folder, { recursive: true, mode: 0o700 });
      const spool = new Spool(full, await findSpool(full));
      await mkdir(spool.#folder, { recursive: true, mode: 0o700 });
      await spool.#reserve.keep();
      return spool;
    } catch (error) {
      throw storageError(full.folder, error);
    }
  }

  /** Whose sequence numbers these are. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Sequence of the newest event, on disk or still in memory; 0 when there is none. */
  get lastSequence(): number {
    return this.#next - 1;
  }

  /** Sequence of the newest event that survives a crash; 0 when there is none. */
  get flushedSequence(): number {
    return this.#flushed;
  }

  /** Sequence up to which central has committed, as far as the disk knows after a restart. */
  get acknowledgedSequence(): number {
    return this.#mark.sequence;
  }

  get bytesOnDisk(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** True while the disk takes no more bytes. */
  get storageFull(): boolean {
    return this.#full;
  }

  /** Called after each flush. Returns the function that ends it. */
  onFlushed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Awaited before events that central has leave the disk: whoever needs to find them there looks first. */
  beforeForgetting(hook: () => Promise<void>): void {
    this.#beforeForgetting = hook;
  }

  /** Called with events that no reader will ever get; a gap stands for them. */
  onDropped(listener: DropListener): void {
    this.#dropListeners.add(listener);
  }

  /** Takes an event; it is on disk within 50 ms or 64 events. */
  append(event: Buffer): number {
    const sequence = this.#next++;
    this.#pending.push({ sequence, event });
    this.#keepPending(this.#pending);
    if (this.#pending.length >= flushRecords && !this.#full) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), flushAfterMs).unref();
    return sequence;
  }

  /** Resolves when every event appended before the call is on disk, or the disk refused it (see `storageFull`). */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writePending());
    return this.#writing;
  }

  /** Everything from `sequence` on that is on disk now, in order, with gaps where events are gone; at most `most` items. */
  read(sequence: number, most: number): Promise<SpoolItem[]> {
    return this.#reader.read(this.#segments, { first: sequence, last: this.#flushed }, most);
  }

  /** Forgets what central has committed. Whole segments go; a partly committed one stays. */
  async trim(committed: number): Promise<void> {
    this.#mark.raise(committed);
    this.#reader.recent.forget(committed);
    const isCommitted = (): boolean =>
      this.#segments.length > 1 && (this.#segments[1]?.firstSequence ?? 0) <= committed + 1;
    if (isCommitted()) await this.#beforeForgetting();
    while (isCommitted()) await this.#dropOldest();
  }

  /**
   * Begins a new epoch, because the numbers of this one were given before: the disk is older than what central has.
   * What is on it is given up, and the new epoch says so by itself.
   */
  beginAnew(): Promise<void> {
    const done = this.#writing.then(() => this.#beginAnew());
    this.#writing = done.catch((error: unknown) =>
      this.#options.logger.error('a new audit spool could not be begun', { error }),
    );
    return done;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#mark.flush();
    await this.#active?.close();
    this.#active = undefined;
  }

  async #beginAnew(): Promise<void> {
    const epoch = this.#options.newEpoch();
    const folder = join(this.#options.folder, epoch);
    await mkdir(folder, { mode: 0o700 });
    await this.#active?.close();
    await this.#mark.flush();
    const old = this.#folder;
    this.#active = undefined;
    this.#epoch = epoch;
    this.#folder = folder;
    this.#segments = [];
    this.#reader.recent.clear();
    this.#pending = this.#pending.map(({ event }, index) => ({ sequence: index + 1, event }));
    this.#next = this.#pending.length + 1;
    this.#flushed = 0;
    this.#mark = new AcknowledgedMark(folder, 0, this.#options.logger);
    await rm(old, { recursive: true });
  }

  async #writePending(): Promise<void> {
    const batch = this.#pending.splice(0);
    if (batch.length === 0) return;
    try {
      await this.#write(batch);
      this.#reader.recent.add(batch);
      this.#flushed = batch.at(-1)?.sequence ?? this.#flushed;
      this.#full = false;
      await this.#reserve.keep();
      for (const listener of this.#listeners) listener();
    } catch (error) {
      await this.#refused(batch, error);
    }
  }

  async #write(batch: readonly SpoolRecord[]): Promise<void> {
    const bytes = Buffer.concat(batch.map(encodeRecord));
    const { segment, handle } = await this.#activeSegment(
      batch[0]?.sequence ?? this.#next,
      bytes.length,
    );
    try {
      await appendDurably(handle, bytes);
    } catch (error) {
      // Half a record on disk would look like a torn tail in the middle: cut it before the next try.
      await handle.truncate(segment.bytes).catch(() => undefined);
      throw error;
    }
    segment.bytes += bytes.length;
    while (this.#segments.length > 1 && this.bytesOnDisk > this.#options.maxBytes) {
      const [oldest, next] = this.#segments;
      await this.#dropOldest();
      this.#tellDropped((next?.firstSequence ?? 0) - (oldest?.firstSequence ?? 0), 'spool_full');
    }
  }

  async #refused(batch: readonly SpoolRecord[], error: unknown): Promise<void> {
    this.#keepPending([...batch, ...this.#pending]);
    if (isStorageFull(error)) {
      if (await this.#reserve.giveBack()) return this.#writePending();
      if (!this.#full)
        this.#options.logger.error('no space for audit events', { pending: this.#pending.length });
      this.#full = true;
    } else {
      this.#options.logger.error('could not write audit events', {
        error: storageError(this.#folder, error),
      });
      await this.#active?.close().catch(() => undefined);
      this.#active = undefined;
    }
    this.#timer ??= setTimeout(() => void this.flush(), 1_000).unref();
  }

  async #activeSegment(
    first: number,
    adding: number,
  ): Promise<{ segment: Segment; handle: FileHandle }> {
    let segment = this.#segments.at(-1);
    if (
      segment === undefined ||
      (segment.bytes > 0 && segment.bytes + adding > this.#options.segmentBytes)
    ) {
      await this.#active?.close();
      this.#active = undefined;
      segment = newSegment(this.#folder, first);
      this.#active = await openForAppends(segment.path);
      await syncFolder(this.#folder);
      this.#segments.push(segment);
    }
    this.#active ??= await openForAppends(segment.path);
    return { segment, handle: this.#active };
  }

  /** The newest of them, as many as memory may hold. */
  #keepPending(pending: SpoolRecord[]): void {
    const excess = pending.length - this.#options.maxPending;
    this.#pending = excess > 0 ? pending.slice(excess) : pending;
    if (excess > 0) this.#tellDropped(excess, 'storage_full');
  }

  #tellDropped(events: number, reason: Parameters<DropListener>[1]): void {
    for (const listener of this.#dropListeners) listener(events, reason);
  }

  async #dropOldest(): Promise<void> {
    const oldest = this.#segments.shift();
    this.#reader.recent.forget((this.#segments[0]?.firstSequence ?? this.#next) - 1);
    if (oldest !== undefined) await unlink(oldest.path);
  }
}
