import { readFile } from 'node:fs/promises';
import type { Logger } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import { replaceDurably, systemCode } from './durable-file.ts';

/** Removals that wait for the owner of the cluster, on disk: a restart must not let them through. */
export class HeldRemovalsFile {
  readonly #path: string;
  readonly #logger: Logger;
  #stored = '[]';

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** What is held. A file that cannot be read counts as empty and is told: nobody may keep access by damaging it. */
  async load(): Promise<readonly Intent[]> {
    try {
      const text = await readFile(this.#path, 'utf8');
      const held = JSON.parse(text) as readonly Intent[];
      this.#stored = JSON.stringify(held);
      return held;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') {
        this.#logger.error('held removals could not be read; they go through', { error });
      }
      return [];
    }
  }

  /** Writes what is held when it changed. A failure is told; the removals stay held in memory. */
  async save(held: readonly Intent[]): Promise<void> {
    const text = JSON.stringify(held);
    if (text === this.#stored) return;
    try {
      await replaceDurably(this.#path, text);
      this.#stored = text;
    } catch (error) {
      this.#logger.error('held removals could not be written', { error });
    }
  }
}
