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

/** The marks on disk. Writes follow one another; the newest marks are what is written. */
export class HighWaterFile {
  readonly #path: string;
  readonly #logger: Logger;
  #marks: HighWater;
  #writing: Promise<void> = Promise.resolve();
  #waiting = false;

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

  /** Takes new marks over and writes them soon. A failed write is told and done again with the next marks. */
  save(change: Partial<HighWater>): void {
    this.#marks = { ...this.#marks, ...change };
    if (this.#waiting) return;
    this.#waiting = true;
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when the marks so far are written or could not be. */
  flush(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    this.#waiting = false;
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
