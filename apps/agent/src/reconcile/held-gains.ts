import { gainedAccess, intentKeyOf, joinedGains, withoutGains } from '@ambit/rbac';
import type { GainedAccess, HeldAccess, Intent } from '@ambit/rbac';

interface Held {
  readonly intent: Intent;
  /** Under which keys what is given of it stands. */
  readonly keys: readonly string[];
  readonly access: readonly HeldAccess[];
}

const none: GainedAccess = { subjects: new Map(), roles: new Map() };
const message = 'it is a gain of a raised epoch, which waits for the owner of the cluster';

/**
 * What a raised epoch would give beyond what was held before it. It waits until the owner of the cluster releases it, or
 * until the policy takes it away: what a later commit gives again was meant.
 */
export class HeldGains {
  #gained = none;
  readonly #held = new Map<string, Held>();

  /** How many (role, scope, subject) wait. */
  get size(): number {
    let size = 0;
    for (const { access } of this.#held.values()) size += access.length;
    return size;
  }

  /** From now on what `after` gives beyond `before` waits, beside what waits already. */
  hold(before: readonly Intent[], after: readonly Intent[]): void {
    this.#gained = joinedGains(this.#gained, gainedAccess(before, after));
  }

  /** What is given of an intent that is new or changed. */
  take(intent: Intent): readonly Intent[] {
    const { given, held } = withoutGains(intent, this.#gained);
    if (held.length > 0) {
      const keys = given.map(({ key }) => key);
      this.#held.set(intent.key, { intent, keys, access: held });
    }
    return given;
  }

  /** The keys under which an intent stands, which is changed or gone. */
  forget(key: string): readonly string[] {
    const held = this.#held.get(key);
    this.#held.delete(key);
    return held?.keys ?? [key];
  }

  keysOf(key: string): readonly string[] {
    return this.#held.get(key)?.keys ?? [key];
  }

  /** A whole state was taken in: what no intent of it gives any more waits no longer. */
  settle(): void {
    if (this.#gained === none) return;
    const subjects = new Map<string, Map<string, number>>();
    for (const { access } of this.#held.values()) {
      for (const { place, subject, until } of access) {
        subjects.set(place, (subjects.get(place) ?? new Map<string, number>()).set(subject, until));
      }
    }
    const roles = Array.from(this.#gained.roles).filter(([uid]) => this.#held.has(`ROLE/${uid}`));
    this.#gained = this.#held.size === 0 ? none : { subjects, roles: new Map(roles) };
  }

  /** Lets everything through: the intents as they are, and the keys of the parts that stood for them. */
  release(): { readonly intents: readonly Intent[]; readonly keys: readonly string[] } {
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#gained = none;
    return { intents: held.map(({ intent }) => intent), keys: held.flatMap(({ keys }) => keys) };
  }

  problems(): { readonly key: string; readonly reason: 'held'; readonly message: string }[] {
    return Array.from(this.#held.keys(), (key) => ({ key, reason: 'held', message }));
  }
}

/** Tells problems of parts as problems of the intents they stand for. */
export function ofIntent<P extends { readonly key: string }>(problem: P): P {
  return { ...problem, key: intentKeyOf(problem.key) };
}
