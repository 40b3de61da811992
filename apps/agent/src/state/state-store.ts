import { constants, mkdir, open, readdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  durableInPlace,
  isStorageFull,
  readWhole,
  replaceDurably,
  storageError,
  syncFolder,
  writeInPlace,
} from './durable-file.ts';
import { decodeStateRecords, encodeStateRecord } from './state-record.ts';
import type { StateEntryBytes, StateRecord } from './state-record.ts';

export interface StoredState {
  /** Signed manifest of the last state accepted; absent when there never was one. */
  readonly envelope: Buffer | undefined;
  readonly entries: Map<string, Buffer>;
  /** Signed Revokes that no accepted state covers yet. */
  readonly revokes: Buffer[];
  /** The disk failed under the state: it may lack changes, so it may only take access away. */
  readonly stale: boolean;
  /** There is a file that should hold a state and holds none. */
  readonly damaged?: boolean;
}

export interface StateStep {
  readonly envelope: Buffer;
  readonly full: boolean;
  readonly removed: readonly string[];
  readonly entries: readonly StateEntryBytes[];
  /** Of the Revokes held, those that the state does not contain yet. */
  readonly revokes: readonly Buffer[];
}

const staleMark = 0x53;
const zeros = Buffer.alloc(64 * 1024);

/**
 * The accepted state on disk: a snapshot and a log of steps since. A step is on disk before its promise resolves.
 * The log is filled with zeros when it is made, so that taking access away needs no new space. Entries are kept on disk
 * only: an agent with ten thousand would pay for them in memory, and nobody asks for them between two starts.
 */
export class StateStore {
  readonly #folder: string;
  readonly #logBytes: number;
  #head: Head;
  #generation: number;
  #log: FileHandle;
  #end: number;

  private constructor(folder: string, logBytes: number, found: Found) {
    this.#folder = folder;
    this.#logBytes = logBytes;
    this.#head = headOf(found.state);
    this.#generation = found.generation;
    this.#log = found.log;
    this.#end = found.end;
  }

  /** Throws `storage_full` or `storage_unwritable`. */
  static async open(folder: string, logBytes = 4 * 1024 ** 2): Promise<StateStore> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return new StateStore(folder, logBytes, await load(folder, logBytes));
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  /** True when the disk failed under the state, so that it may lack changes. */
  get stale(): boolean {
    return this.#head.stale;
  }

  /** All of it, as a start would find it. Not to be called while a step is being stored. */
  async read(): Promise<StoredState> {
    const snapshot = await readWhole(snapshotPath(this.#folder));
    const log = await readWhole(logPath(this.#folder, this.#generation));
    return { ...replay(snapshot, log?.subarray(0, this.#end)).state, stale: this.#head.stale };
  }

  /** Makes a verified step durable. Throws `storage_full`: what is stored is then as before. */
  async accept(step: StateStep): Promise<void> {
    const bytes = encodeStateRecord({ type: 'state', ...step });
    if (step.full || this.#end + bytes.length > this.#logBytes) {
      const entries = step.full ? new Map<string, Buffer>() : (await this.read()).entries;
      // Only a full state makes up for what a failing disk lost.
      const stale = this.#head.stale && !step.full;
      return this.#compact({ ...after(step, entries), stale });
    }
    await this.#append(bytes);
    const { envelope, revokes } = step;
    this.#head = { envelope, revokes: [...revokes], stale: this.#head.stale };
  }

  /** Makes a verified Revoke durable. Throws `storage_full`: it has to be obeyed all the same. */
  async revoke(envelope: Buffer): Promise<void> {
    const bytes = encodeStateRecord({ type: 'revoke', envelope });
    this.#head.revokes.push(envelope);
    if (this.#end + bytes.length <= this.#logBytes) return this.#append(bytes);
    const { entries } = await this.read();
    return this.#compact({ ...this.#head, entries });
  }

  /** Notes, in space that is already there, that the disk fell behind. Only a full state takes the mark off. */
  async markStale(): Promise<void> {
    if (this.#head.stale) return;
    this.#head.stale = true;
    await this.#log.write(Buffer.from([staleMark]), 0, 1, 0);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      await writeInPlace(this.#log, bytes, this.#end);
      this.#end += bytes.length;
    } catch (error) {
      throw storageError(this.#folder, error);
    }
  }

  async #compact(state: StoredState): Promise<void> {
    const generation = this.#generation + 1;
    const log = await makeLog(this.#folder, generation, this.#logBytes, state.stale);
    try {
      await replaceDurably(snapshotPath(this.#folder), encodeSnapshot(generation, state));
    } catch (error) {
      await log.close();
      await unlink(logPath(this.#folder, generation)).catch(() => undefined);
      throw error;
    }
    await this.#log.close();
    await unlink(logPath(this.#folder, this.#generation)).catch(() => undefined);
    this.#log = log;
    this.#generation = generation;
    this.#end = 1;
    this.#head = headOf(state);
  }
}

/** What is kept in memory. */
interface Head {
  readonly envelope: Buffer | undefined;
  readonly revokes: Buffer[];
  stale: boolean;
}

/** Copies: what a buffer is part of stays in memory with it. */
function headOf({ envelope, revokes, stale }: StoredState): Head {
  return {
    envelope: envelope && Buffer.from(envelope),
    revokes: revokes.map((revoke) => Buffer.from(revoke)),
    stale,
  };
}

function after(step: StateStep, entries: Map<string, Buffer>): Omit<StoredState, 'stale'> {
  for (const key of step.removed) entries.delete(key);
  for (const { key, body } of step.entries) entries.set(key, body);
  return { envelope: step.envelope, entries, revokes: [...step.revokes] };
}

interface Found {
  readonly state: StoredState;
  readonly generation: number;
  readonly log: FileHandle;
  readonly end: number;
}

const snapshotPath = (folder: string): string => join(folder, 'snapshot');
const logPath = (folder: string, generation: number): string => join(folder, `log-${generation}`);

function encodeSnapshot(generation: number, snapshot: StoredState): Buffer {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32BE(generation);
  const state: StateRecord = {
    type: 'state',
    envelope: snapshot.envelope ?? Buffer.alloc(0),
    full: true,
    removed: [],
    entries: Array.from(snapshot.entries, ([key, body]) => ({ key, body })),
    revokes: snapshot.revokes,
  };
  return Buffer.concat([head, encodeStateRecord(state)]);
}

async function load(folder: string, logBytes: number): Promise<Found> {
  const snapshot = await readWhole(snapshotPath(folder));
  const generation = generationOf(snapshot);
  const log = await readWhole(logPath(folder, generation));
  const { state, end } = replay(snapshot, log);
  await removeOtherLogs(folder, generation);
  const handle =
    log === undefined
      ? await makeLog(folder, generation, logBytes, false)
      : await open(logPath(folder, generation), durableInPlace);
  return { state, generation, log: handle, end };
}

/** A snapshot that holds no state names no log either. */
function generationOf(snapshot: Buffer | undefined): number {
  return snapshot === undefined || decodeStateRecords(snapshot, 4).records.length === 0
    ? 0
    : snapshot.readUInt32BE(0);
}

/** The state that a snapshot and the steps since it lead to, and where the last whole step ends. */
function replay(
  snapshot: Buffer | undefined,
  log: Buffer | undefined,
): { readonly state: StoredState; readonly end: number } {
  const steps = snapshot === undefined ? [] : decodeStateRecords(snapshot, 4).records;
  const since = log === undefined ? { records: [], end: 1 } : decodeStateRecords(log, 1);
  const damaged = snapshot !== undefined && steps.length === 0;
  const stale = log?.[0] === staleMark;
  const state = { ...taken([...steps, ...since.records]), stale, ...(damaged && { damaged }) };
  return { state, end: since.end };
}

function taken(records: readonly StateRecord[]): Omit<StoredState, 'stale'> {
  let envelope: Buffer | undefined;
  let revokes: Buffer[] = [];
  const entries = new Map<string, Buffer>();
  for (const record of records) {
    if (record.type === 'revoke') {
      revokes.push(record.envelope);
      continue;
    }
    envelope = record.envelope.length === 0 ? undefined : record.envelope;
    revokes = [...record.revokes];
    if (record.full) entries.clear();
    for (const key of record.removed) entries.delete(key);
    for (const { key, body } of record.entries) entries.set(key, body);
  }
  return { envelope, entries, revokes };
}

async function makeLog(
  folder: string,
  generation: number,
  bytes: number,
  stale: boolean,
): Promise<FileHandle> {
  const path = logPath(folder, generation);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, durableInPlace | constants.O_CREAT | constants.O_TRUNC, 0o600);
    for (let at = 0; at < bytes; at += zeros.length)
      await handle.write(zeros, 0, Math.min(zeros.length, bytes - at), at);
    if (stale) await handle.write(Buffer.from([staleMark]), 0, 1, 0);
    // Its size too, which a synchronous write of data alone may leave out.
    await handle.sync();
    await syncFolder(folder);
    return handle;
  } catch (error) {
    await handle?.close();
    await unlink(path).catch(() => undefined);
    throw isStorageFull(error) ? storageError(path, error) : error;
  }
}

async function removeOtherLogs(folder: string, generation: number): Promise<void> {
  const others = (await readdir(folder)).filter(
    (name) => /^log-\d+$/.test(name) && name !== `log-${generation}`,
  );
  await Promise.all(others.map((name) => unlink(join(folder, name))));
}
