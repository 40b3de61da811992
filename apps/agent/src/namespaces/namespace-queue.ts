import { fullJitter } from '@ambit/kernel';
import type { Logger, Millis, Random } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';

/** When to look again: `soon` after a failure that passes, `held` when no news may make it earlier, `news` when they may. */
export type Again = 'soon' | 'held' | 'news';

/** Looks at a namespace; undefined when it is as it should be. */
type Look = (name: string) => Promise<Again | undefined>;

const atOnce = 4;
const retries = { baseMs: 500, capMs: 30_000 };
const shortestMs: Millis = 100;
const waitMs: Millis = 60_000;
/** Whatever was missed is found by then. */
const everyMs: Millis = 600_000;

/** Namespaces that wait to be looked at: each by one at a time, and again when it changed meanwhile. */
export class NamespaceQueue {
  readonly #look: Look;
  readonly #options: { readonly timers: Timers; readonly random: Random; readonly logger: Logger };
  readonly #waiting = new Set<string>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #later = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  /** Those of `later` that news make no earlier. */
  readonly #held = new Set<string>();
  /** Looked at before, so that they are looked at again and again. */
  readonly #known = new Set<string>();
  #running = false;
  #cancel: (() => void) | undefined;

  constructor(
    look: Look,
    options: { readonly timers: Timers; readonly random: Random; readonly logger: Logger },
  ) {
    this.#look = look;
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    this.#again();
    this.#fill();
  }

  /** `asked`: by somebody who wants something else there, so that nothing holds it. */
  add(name: string, asked = false): void {
    if (this.#held.has(name) && !asked) return;
    this.#later.get(name)?.();
    this.#due(name);
  }

  /** True when it changed since the look that is under way began. */
  waits(name: string): boolean {
    return this.#waiting.has(name);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancel?.();
    for (const cancel of this.#later.values()) cancel();
    await Promise.all(this.#busy.values());
  }

  #again(): void {
    const { timers, random } = this.#options;
    this.#cancel = timers.after(everyMs * (0.8 + 0.4 * random()), () => {
      for (const name of this.#known) this.add(name);
      this.#again();
    });
  }

  #fill(): void {
    if (!this.#running) return;
    for (const name of this.#waiting) {
      if (this.#busy.size >= atOnce) return;
      if (this.#busy.has(name)) continue;
      this.#waiting.delete(name);
      this.#known.add(name);
      this.#busy.set(name, this.#work(name));
    }
  }

  async #work(name: string): Promise<void> {
    let again: Again | undefined = 'soon';
    try {
      again = await this.#look(name);
    } catch (error) {
      this.#options.logger.error('a namespace could not be looked after', {
        namespace: name,
        error,
      });
    }
    this.#busy.delete(name);
    this.#plan(name, again);
    this.#fill();
  }

  #plan(name: string, again: Again | undefined): void {
    const failures = this.#failures.get(name) ?? 0;
    if (again === 'soon') this.#failures.set(name, failures + 1);
    else this.#failures.delete(name);
    if (again === undefined || !this.#running || this.#waiting.has(name)) return;
    const { timers, random } = this.#options;
    const soonMs = Math.max(shortestMs, fullJitter(retries, failures, random));
    if (again !== 'news') this.#held.add(name);
    const cancel = timers.after(again === 'soon' ? soonMs : waitMs, () => this.#due(name));
    this.#later.set(name, cancel);
  }

  #due(name: string): void {
    this.#later.delete(name);
    this.#held.delete(name);
    this.#waiting.add(name);
    this.#fill();
  }
}
