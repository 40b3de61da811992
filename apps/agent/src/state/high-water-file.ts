import { AppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import { comparePoints } from '@ambit/protocol';
import { readWhole, replaceDurably } from './durable-file.ts';
import { readMarks, writeMarks } from './high-water-text.ts';
import type { HighWater } from './high-water-text.ts';

export type { HighWater } from './high-water-text.ts';

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
  #copy: ((text: string) => Promise<void>) | undefined;

  private constructor(path: string, marks: HighWater, logger: Logger) {
    this.#path = path;
    this.#marks = marks;
    this.#logger = logger;
  }

  /**
   * The marks of this installation and cluster, or `first` when there are none or they belong to another. Throws
   * `storage_unwritable` when they cannot be read: to begin anew by mistake would make replays believable.
   */
  static async open(
    path: string,
    first: Omit<HighWater, 'gainsGiven'>,
    logger: Logger,
  ): Promise<HighWaterFile> {
    const found = await load(path);
    const same =
      found?.installationUid === first.installationUid && found.clusterUid === first.clusterUid;
    if (found === undefined || !same) {
      if (found !== undefined) {
        logger.warn('the high-water marks are of another cluster or installation: they begin anew');
      }
      return new HighWaterFile(path, { ...first, gainsGiven: first.stateEpoch }, logger);
    }
    const stateEpoch = Math.max(found.stateEpoch, first.stateEpoch);
    return new HighWaterFile(path, { ...found, stateEpoch }, logger);
  }

  get marks(): HighWater {
    return this.#marks;
  }

  /**
   * Takes new marks over and writes them within a second, a raised epoch at once. What was accepted never goes back. A
   * failed write is told and done again with the next marks.
   */
  save(change: Partial<HighWater>): void {
    const { stateEpoch, accepted } = this.#marks;
    const next = { ...this.#marks, ...change };
    const newer = accepted === undefined || comparePoints(next.accepted ?? accepted, accepted) >= 0;
    this.#marks = newer ? next : { ...next, accepted };
    this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs).unref();
    if (this.#marks.stateEpoch !== stateEpoch) void this.flush();
  }

  /** From now on marks that were written are put where other replicas find them, too. */
  copyTo(copy: (text: string) => Promise<void>): void {
    this.#copy = copy;
  }

  /** Resolves when the marks so far are written or could not be. */
  flush(): Promise<void> {
    if (this.#timer !== undefined) this.#writing = this.#writing.then(() => this.#write());
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing;
  }

  async #write(): Promise<void> {
    const text = writeMarks(this.#marks);
    try {
      await replaceDurably(this.#path, text);
      await this.#copy?.(text);
    } catch (error) {
      this.#logger.warn('the high-water marks could not be written', { error });
    }
  }
}

async function load(path: string): Promise<HighWater | undefined> {
  try {
    const bytes = await readWhole(path);
    return bytes && readMarks(bytes.toString());
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): AppError {
  return new AppError('storage_unwritable', `${path} cannot be read.`, {
    why: 'It keeps older states and times from being believed again, so the agent does not start without it.',
    hint: 'Put a good copy back. Remove it only when the disk was damaged: then a replay could be believed once.',
    cause,
  });
}
