import { readFile } from 'node:fs/promises';
import { AppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import { replaceDurably, systemCode } from './durable-file.ts';

/** The marks below which nothing is believed again. They belong to one installation and one cluster. */
export interface HighWater {
  readonly installationUid: string;
  readonly clusterUid: string;
  /** Highest state epoch that enrolment or the epoch key allowed. */
  readonly stateEpoch: number;
  /** Largest signed time of central in this state epoch. */
  readonly centralTime?: Millis | undefined;
  /** Newest state that was accepted; it outlives a state that got lost. */
  readonly accepted?: { readonly stateEpoch: number; readonly revision: number } | undefined;
}

/**
 * How long marks may wait to be written. The state has its own revision on disk before it is applied, so they matter
 * only once it is lost, and writing them with each change would sync the disk under the API server's own write.
 */
const writeAfterMs: Millis = 1_000;

/** The marks on disk. Writes follow one another; the newest marks are what is written. */
export class HighWaterFile {
  readonly #path: string;
  readonly #logger: Logger;
  #marks: HighWater;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, marks: HighWater, logger: Logger) {
    this.#path = path;
    this.#marks = marks;
    this.#logger = logger;
  }

  /**
   * The marks of this installation and cluster, or `first` when there are none or they belong to another. Throws
   * `storage_unwritable` when they cannot be read: to begin anew by mistake would make replays believable.
   */
  static async open(path: string, first: HighWater, logger: Logger): Promise<HighWaterFile> {
    const found = await readMarks(path);
    const same =
      found?.installationUid === first.installationUid && found.clusterUid === first.clusterUid;
    if (!same) return new HighWaterFile(path, first, logger);
    const stateEpoch = Math.max(found.stateEpoch, first.stateEpoch);
    return new HighWaterFile(path, { ...found, stateEpoch }, logger);
  }

  get marks(): HighWater {
    return this.#marks;
  }

  /**
   * Takes new marks over and writes them within a second, a raised epoch at once. A failed write is told and done again
   * with the next marks.
   */
  save(change: Partial<HighWater>): void {
    const { stateEpoch } = this.#marks;
    this.#marks = { ...this.#marks, ...change };
    this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs).unref();
    if (this.#marks.stateEpoch !== stateEpoch) void this.flush();
  }

  /** Resolves when the marks so far are written or could not be. */
  flush(): Promise<void> {
    if (this.#timer !== undefined) this.#writing = this.#writing.then(() => this.#write());
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await replaceDurably(this.#path, `${JSON.stringify(this.#marks)}\n`);
    } catch (error) {
      this.#logger.warn('the high-water marks could not be written', { error });
    }
  }
}

async function readMarks(path: string): Promise<HighWater | undefined> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as HighWater;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): AppError {
  return new AppError('storage_unwritable', `${path} cannot be read.`, {
    hint: 'It protects from replays. Remove it only when the disk was damaged.',
    cause,
  });
}
