import type { Clock, Millis } from '@ambit/kernel';
import type { ObjectKey } from '@ambit/rbac';

const windowMs: Millis = 600_000;
const repairsAllowed = 5;
const contendedWaitMs: Millis = 60_000;
const mostRemembered = 1_000;

/** How often each object had to be repaired lately, so that a war with another controller stays bounded and is seen. */
export class DriftRecord {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #repairs = new Map<ObjectKey, readonly Millis[]>();
  #total = 0;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Repairs since the start. */
  get total(): number {
    return this.#total;
  }

  /** Notes a repair; true when this object became contended by it. */
  repaired(key: ObjectKey): boolean {
    this.#total += 1;
    const recent = [...this.#recent(key), this.#clock.monotonic()];
    this.#repairs.delete(key);
    this.#repairs.set(key, recent);
    if (this.#repairs.size > mostRemembered) this.#forgetOldest();
    return recent.length === repairsAllowed + 1;
  }

  /** Milliseconds to wait before giving access again that somebody keeps taking away; 0 when nobody does. */
  holdBack(key: ObjectKey): Millis {
    const recent = this.#recent(key);
    const last = recent.at(-1);
    if (last === undefined || recent.length <= repairsAllowed) return 0;
    return Math.max(0, last + contendedWaitMs - this.#clock.monotonic());
  }

  #recent(key: ObjectKey): readonly Millis[] {
    const now = this.#clock.monotonic();
    return (this.#repairs.get(key) ?? []).filter((at) => now - at < windowMs);
  }

  #forgetOldest(): void {
    const [oldest] = this.#repairs.keys();
    if (oldest !== undefined) this.#repairs.delete(oldest);
  }
}
