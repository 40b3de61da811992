import { unlink } from 'node:fs/promises';
import type { Logger } from '@ambit/kernel';
import { readWhole, replaceDurably, systemCode } from './durable-file.ts';
import { decodeStateRecords, encodeStateRecord } from './state-record.ts';
import type { StateStep } from './state-store.ts';
import type { StoredState } from './state-store.ts';

/** A step of the state that no commit explains: both ends whole, as central signed them. */
export interface StoredStep {
  /** What was held before, with the signed Revokes that were in force then. */
  readonly before: Omit<StoredState, 'stale'>;
  readonly after: Omit<StoredState, 'stale'>;
}

/**
 * The unexplained steps of which something is held back, on disk: a restart finds out from them what that is. Nobody's
 * word is taken for it: what waits is the difference of two states that were signed.
 */
export class UnexplainedStepsFile {
  readonly #path: string;
  readonly #logger: Logger;
  /** Nothing is known to be on disk. */
  #empty = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** The steps so far. A file that cannot be read counts as empty and is told. */
  async load(): Promise<StoredStep[]> {
    const bytes = await this.#read();
    if (bytes === undefined) return [];
    const { records, end } = decodeStateRecords(bytes);
    const ends = records.flatMap((record) => (record.type === 'state' ? [record] : []));
    const whole = end === bytes.length && ends.length === records.length && ends.length % 2 === 0;
    if (!whole || ends.length === 0) {
      this.#logger.error('what is held back of unexplained states is damaged on disk', {
        path: this.#path,
      });
      return [];
    }
    const states = ends.map(storedOf);
    return states.flatMap((before, index) => {
      const after = states[index + 1];
      return index % 2 === 1 || after === undefined ? [] : [{ before, after }];
    });
  }

  /** Resolves when the steps survive a crash. Throws `storage_full` or `storage_unwritable`. */
  async save(steps: readonly StoredStep[]): Promise<void> {
    const bytes = steps.flatMap(({ before, after }) => [recordOf(before), recordOf(after)]);
    await replaceDurably(this.#path, Buffer.concat(bytes));
    this.#empty = false;
  }

  /** Nothing is held back any more. */
  async clear(): Promise<void> {
    if (this.#empty) return;
    await unlink(this.#path).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return;
      this.#logger.error('what was held back could not be taken off the disk', { error });
    });
    this.#empty = true;
  }

  async #read(): Promise<Buffer | undefined> {
    try {
      return await readWhole(this.#path);
    } catch (error) {
      this.#logger.error('what is held back of unexplained states cannot be read', { error });
      return undefined;
    }
  }
}

function recordOf({ envelope, entries, revokes }: Omit<StoredState, 'stale'>): Buffer {
  return encodeStateRecord({
    type: 'state',
    envelope: envelope ?? Buffer.alloc(0),
    full: true,
    removed: [],
    entries: Array.from(entries, ([key, body]) => ({ key, body })),
    revokes,
  });
}

function storedOf({ envelope, entries, revokes }: StateStep): Omit<StoredState, 'stale'> {
  return {
    envelope,
    entries: new Map(entries.map(({ key, body }) => [key, body])),
    revokes: [...revokes],
  };
}
