import type { Logger, Millis } from '@ambit/kernel';

/** How long one part may take to stop before the next is told to. */
const partMs = 8_000;

/** Undoes what was started, last first; one part that fails or hangs keeps no other from stopping. */
export class Teardown {
  readonly #logger: Logger;
  readonly #parts: { readonly name: string; readonly undo: () => unknown }[] = [];
  #running: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, undo: () => unknown): void {
    this.#parts.push({ name, undo });
  }

  /** Running it again waits for the first run. */
  run(): Promise<void> {
    this.#running ??= this.#undoAll();
    return this.#running;
  }

  async #undoAll(): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      const { name, undo } = part;
      try {
        if (!(await within(partMs, undo)))
          this.#logger.warn('a part takes too long to stop', { part: name });
      } catch (error) {
        this.#logger.warn('a part did not stop cleanly', { part: name, error });
      }
    }
  }
}

/** False when the time is over first. */
async function within(ms: Millis, undo: () => unknown): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([Promise.resolve(undo()).then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
