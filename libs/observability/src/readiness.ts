/** What one part of a program says: ready, or what is missing. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ready: boolean;
  /** What is missing or what was reached, in the operator's words. */
  readonly detail: string;
}

/** Gathers what a program needs before it can serve; a part that was named and never heard of is not ready. */
export class Readiness {
  readonly #parts = new Map<string, ReadinessCheck>();

  /** `names` are the parts that must all be ready. */
  constructor(names: readonly string[]) {
    for (const name of names) this.missing(name, 'not started');
  }

  /** The part works. */
  ready(name: string, detail = 'ok'): void {
    this.#parts.set(name, { name, ready: true, detail });
  }

  /** The part does not work; `detail` says what is missing. */
  missing(name: string, detail: string): void {
    this.#parts.set(name, { name, ready: false, detail });
  }

  /** Every part in the order it was named. */
  checks(): readonly ReadinessCheck[] {
    return [...this.#parts.values()];
  }

  /** True when nothing is missing. */
  isReady(): boolean {
    return this.checks().every((check) => check.ready);
  }
}
