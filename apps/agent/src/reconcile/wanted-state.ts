import type { Digests, Millis } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import {
  covers,
  DesiredState,
  exceedsRemovalGuard,
  heldRemovals,
  isBinding,
  removedTriples,
} from '@ambit/rbac';
import type {
  Ceiling,
  ClockInterval,
  DesiredObject,
  Intent,
  IntentProblem,
  Mask,
  NamespaceState,
  ObjectKey,
  Owner,
  PolicyRule,
  RbacObject,
  RoleObject,
} from '@ambit/rbac';

export interface WantedOptions extends Owner {
  readonly digests: Digests;
  readonly ceiling: Ceiling;
  readonly clock: ClockInterval;
}

type Touched = Set<ObjectKey>;
type RulesOf = (clusterRole: string) => readonly PolicyRule[] | undefined;

/** What should stand in the cluster: the accepted intents, less what has ended, and removals that wait for the owner. */
export class WantedState {
  readonly #desired: DesiredState;
  readonly #keys = new Set<string>();
  /** Ends of the intents that have one. */
  readonly #ends = new Map<string, Millis>();
  /** Intents whose end was enforced: no clock brings them back, only a state that moves the end. */
  readonly #over = new Set<string>();
  #ceiling: Ceiling;
  #held: readonly Intent[] = [];
  #masks: readonly Mask[] = [];
  /** Masks that are in force. */
  #masked = 0;
  #changes = 0;

  constructor(options: WantedOptions) {
    this.#desired = new DesiredState(options);
    this.#ceiling = options.ceiling;
  }

  /** Grows with each call that may change what is wanted, or why something is not in force. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#desired.size;
  }

  /** Removals that wait for the owner of the cluster, as intents that keep what they would take away. */
  get heldRemovals(): readonly Intent[] {
    return this.#held;
  }

  keys(): Iterable<ObjectKey> {
    return this.#desired.keys();
  }

  has(key: ObjectKey): boolean {
    return this.#desired.has(key);
  }

  get(key: ObjectKey): DesiredObject | undefined {
    return this.#desired.get(key);
  }

  problems(): IntentProblem[] {
    return this.#desired.problems();
  }

  /** Takes a change over. With `before`, removals beyond the ceiling's guard are held. */
  accept(change: StateChange, before: readonly Intent[] | undefined): Touched {
    this.#changes += 1;
    const fresh = new Set(change.intents.map(({ key }) => key));
    const removed =
      change.mode === 'full'
        ? Array.from(this.#keys).filter((key) => !fresh.has(key))
        : change.removed;
    const touched = this.#forget(removed);
    for (const intent of change.intents) this.#note(intent);
    add(touched, this.#desired.setIntents(change.intents));
    if (before !== undefined) add(touched, this.#guard(before, change));
    add(touched, this.#setMasks());
    return touched;
  }

  /** Puts held removals of an earlier run back. */
  restoreHeld(intents: readonly Intent[]): Touched {
    this.#changes += 1;
    this.#held = intents;
    return this.#desired.setIntents(intents);
  }

  releaseHeld(): Touched {
    this.#changes += 1;
    const keys = this.#held.map(({ key }) => key).filter((key) => !this.#keys.has(key));
    this.#held = [];
    return this.#desired.removeIntents(keys);
  }

  mask(masks: readonly Mask[]): Touched {
    this.#changes += 1;
    this.#masks = masks;
    return this.#setMasks();
  }

  setNamespace(namespace: NamespaceState): Touched {
    this.#changes += 1;
    return this.#desired.setNamespace(namespace);
  }

  removeNamespace(name: string): Touched {
    this.#changes += 1;
    return this.#desired.removeNamespace(name);
  }

  setExistingRoles(names: Iterable<string>): Touched {
    this.#changes += 1;
    return this.#desired.setExistingRoles(names);
  }

  setCeiling(ceiling: Ceiling): Touched {
    this.#changes += 1;
    this.#ceiling = ceiling;
    return this.#desired.setCeiling(ceiling);
  }

  /** Moves the clock; what has ended by it stays ended. */
  setTime(now: ClockInterval): Touched {
    this.#changes += 1;
    const touched = this.#desired.setTime(now);
    let more = false;
    for (const [key, end] of this.#ends) {
      if (end > now.high || this.#over.has(key)) continue;
      this.#over.add(key);
      more = true;
    }
    if (more) add(touched, this.#setMasks());
    return touched;
  }

  /** Milliseconds until the clock alone changes what is wanted; undefined when it never will. */
  untilNextDeadline(): Millis | undefined {
    return this.#desired.untilNextDeadline();
  }

  /** True when everybody whom the object serves keeps as much through wanted objects. */
  replaces(object: RbacObject, rulesOf: RulesOf): boolean {
    return isBinding(object)
      ? this.#desired.keepsAccess(object, rulesOf)
      : this.#replacesRole(object);
  }

  /** A role that got another name: its bindings say for themselves whether they may wait. */
  #replacesRole({ rules }: RoleObject): boolean {
    for (const key of this.#desired.keys()) {
      if (!key.startsWith('ClusterRole/')) return false;
      const other = this.#desired.get(key)?.body;
      if (other !== undefined && !isBinding(other) && covers(other.rules, rules).covered) {
        return true;
      }
    }
    return false;
  }

  #note(intent: Intent): void {
    const { key } = intent;
    this.#keys.add(key);
    const end = intent.section === 'BINDING' ? intent.notAfter : undefined;
    if (end !== this.#ends.get(key)) this.#over.delete(key);
    if (end === undefined) this.#ends.delete(key);
    else this.#ends.set(key, end);
  }

  #forget(keys: readonly string[]): Touched {
    for (const key of keys) {
      this.#keys.delete(key);
      this.#ends.delete(key);
      this.#over.delete(key);
    }
    return this.#desired.removeIntents(keys);
  }

  #setMasks(): Touched {
    if (this.#over.size + this.#masks.length + this.#masked === 0) return new Set();
    this.#masked = this.#over.size + this.#masks.length;
    const over = Array.from(this.#over, (key) => ({ key, subject: '' }));
    return this.#desired.setMasks([...this.#masks, ...over]);
  }

  #guard(before: readonly Intent[], change: StateChange): Touched {
    const after = change.mode === 'full' ? change.intents : changedBy(before, change);
    if (!exceedsRemovalGuard(removedTriples(before, after), this.#ceiling.removalGuard)) {
      return new Set();
    }
    this.#held = [...this.#held, ...unlike(heldRemovals(before, after), this.#held)];
    return this.#desired.setIntents(this.#held);
  }
}

function changedBy(before: readonly Intent[], change: StateChange): Intent[] {
  const after = new Map(before.map((intent) => [intent.key, intent]));
  for (const key of change.removed) after.delete(key);
  for (const intent of change.intents) after.set(intent.key, intent);
  return [...after.values()];
}

/** Those of `more` under keys that are free: what was held before stays held beside what is held now. */
function unlike(more: readonly Intent[], known: readonly Intent[]): Intent[] {
  const taken = new Set(known.map(({ key }) => key));
  return more.map((intent) => {
    let { key } = intent;
    while (taken.has(key) && intent.section === 'BINDING') key += '+';
    taken.add(key);
    return { ...intent, key };
  });
}

function add(to: Touched, from: Iterable<ObjectKey>): void {
  for (const key of from) to.add(key);
}
