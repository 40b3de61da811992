import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@ambit/kernel';
import { readWhole } from '../state/durable-file.ts';

const saveAfterMs = 1_000;
const name = 'acknowledged';

/**
 * Up to where central has committed the events of one spool epoch, on disk within a second, so that a restart does not
 * send them again. It may be behind, as what travels twice is stored once; it is never ahead of what central said.
 */
export class AcknowledgedMark {
  readonly #path: string;
  readonly #logger: Logger;
  #sequence: number;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(folder: string, sequence: number, logger: Logger) {
    this.#path = join(folder, name);
    this.#sequence = sequence;
    this.#logger = logger;
  }

  /** What the epoch in `folder` says; 0 when it says nothing that can be read. */
  static async read(folder: string): Promise<number> {
    const text = (await readWhole(join(folder, name)))?.toString() ?? '';
    return /^\d{1,15}\n$/.test(text) ? Number(text) : 0;
  }

  get sequence(): number {
    return this.#sequence;
  }

  raise(sequence: number): void {
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#timer ??= setTimeout(() => void this.flush(), saveAfterMs).unref();
  }

  /** Resolves when it is written, or could not be, which costs events that are sent twice. */
  flush(): Promise<void> {
    if (this.#timer === undefined) return this.#saving;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    const temporary = `${this.#path}.new`;
    try {
      await writeFile(temporary, `${this.#sequence}\n`, { mode: 0o600 });
      await rename(temporary, this.#path);
    } catch (error) {
      this.#logger.debug('how far central has the audit events could not be noted', { error });
    }
  }
}
