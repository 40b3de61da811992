import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../state/durable-file.ts';

/** Space that is held while there is plenty, and given back to the file system for the last events when it is full. */
export class SpoolReserve {
  readonly #path: string;
  readonly #bytes: number;
  #held = false;

  /** 0 bytes hold nothing. */
  constructor(folder: string, bytes: number) {
    this.#path = join(folder, 'reserve');
    this.#bytes = bytes;
  }

  /** Takes the space unless it is held already, or there is not enough of it. */
  async keep(): Promise<void> {
    if (this.#bytes === 0 || this.#held) return;
    this.#held = await this.#take();
  }

  /** False when none was held. */
  giveBack(): Promise<boolean> {
    this.#held = false;
    return unlink(this.#path).then(
      () => true,
      () => false,
    );
  }

  async #take(): Promise<boolean> {
    try {
      await writeFile(this.#path, Buffer.alloc(this.#bytes), { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return true;
      await unlink(this.#path).catch(() => undefined);
      return false;
    }
  }
}
