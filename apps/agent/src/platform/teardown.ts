import type { Logger } from '@ambit/kernel';

/** What was started, undone in the opposite order. One step that fails does not keep the others from running. */
export class Teardown {
  readonly #logger: Logger;
  readonly #steps: { readonly name: string; readonly undo: () => unknown }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, undo: () => unknown): void {
    this.#steps.push({ name, undo });
  }

  /** Running it again does nothing. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        this.#logger.warn('a part did not stop cleanly', { part: step.name, error });
      }
    }
  }
}
