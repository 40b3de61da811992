import { readText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

/** The kubelet rewrites a projected token at 80 % of its life, which is never under ten minutes. */
const rereadAfterMs = 60_000;

/** A file that others rewrite, read again each minute and after `forget`. */
export class CachedFile {
  readonly path: string;
  readonly #timers: Timers;
  #text: string | undefined;
  #readAt = 0;

  constructor(path: string, timers: Timers = platformTimers) {
    this.path = path;
    this.#timers = timers;
  }

  /** The text as of at most a minute ago. Throws `AppError` `config_invalid` when it cannot be read. */
  async read(): Promise<string> {
    const now = this.#timers.monotonic();
    if (this.#text !== undefined && now - this.#readAt < rereadAfterMs) return this.#text;
    const file = await readText(this.path);
    if (!file.ok) {
      throw new AppError('config_invalid', `The credential file ${this.path} cannot be read.`, {
        why: `The system says: ${file.reason}.`,
      });
    }
    this.#text = file.text;
    this.#readAt = now;
    return this.#text;
  }

  forget(): void {
    this.#text = undefined;
  }
}
