import type { Millis } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';

/** When intents end, and which have: an end that was enforced stays, whatever a clock says later. */
export class IntentEnds {
  readonly #ends = new Map<string, Millis>();
  /** Intents whose end was enforced: no clock brings them back, only a state that moves the end. */
  readonly #over = new Set<string>();

  get over(): ReadonlySet<string> {
    return this.#over;
  }

  note(intent: Intent): void {
    const { key } = intent;
    const end = intent.section === 'BINDING' ? intent.notAfter : undefined;
    if (end !== this.#ends.get(key)) this.#over.delete(key);
    if (end === undefined) this.#ends.delete(key);
    else this.#ends.set(key, end);
  }

  forget(key: string): void {
    this.#ends.delete(key);
    this.#over.delete(key);
  }

  /** True when an end has come by this time that had not before. */
  enforce(high: Millis): boolean {
    const before = this.#over.size;
    for (const [key, end] of this.#ends) if (end <= high) this.#over.add(key);
    return this.#over.size > before;
  }

  /** The clock by which they were enforced was wrong. */
  reopen(): void {
    this.#over.clear();
  }
}
