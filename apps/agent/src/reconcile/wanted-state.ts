import type { Digests, Millis } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import {
  DesiredState,
  exceedsRemovalGuard,
  heldRemovals,
  isBinding,
  removedTriples,
} from '@ambit/rbac';
import type {
  Ceiling,
  ClockBounds,
  DesiredObject,
  Intent,
  IntentProblem,
  Mask,
  NamespaceState,
  ObjectKey,
  Owner,
  PolicyRule,
  RbacObject,
} from '@ambit/rbac';
import { HeldGains, ofIntent } from './held-gains.ts';
import { IntentEnds } from './intent-ends.ts';
import { underFreeKeys } from './free-keys.ts';
import type { UnexplainedStep } from './ports.ts';
import { RecentValues } from './recent-values.ts';
import { isRoleReplaced } from './replaced-role.ts';
import { SkippedEntries } from './skipped-entries.ts';
import type { StandingAccess } from './standing-access.ts';
import { TemporaryIntents } from './temporary-intents.ts';

export interface WantedOptions extends Owner {
  readonly digests: Digests;
  readonly ceiling: Ceiling;
  readonly clock: ClockBounds;
}

type Touched = Set<ObjectKey>;
type Problem = Omit<IntentProblem, 'reason'> & {
  readonly reason: IntentProblem['reason'] | 'held' | 'not_understood';
};
type RulesOf = (clusterRole: string) => readonly PolicyRule[] | undefined;

/** What should stand in the cluster: the accepted intents, less what has ended, and removals that wait for the owner. */
export class WantedState {
  readonly #desired: DesiredState;
  readonly #keys = new Set<string>();
  readonly #ends = new IntentEnds();
  /** Until every list is complete. */
  #temporary: TemporaryIntents | undefined;
  #ceiling: Ceiling;
  #held: readonly Intent[] = [];
  readonly #gains = new HeldGains();
  #gainsUnknown = false;
  readonly #skipped = new SkippedEntries();
  #masks: readonly Mask[] = [];
  /** Masks that are in force. */
  #masked = 0;
  #changes = 0;
  readonly #made = new RecentValues<ObjectKey, DesiredObject>();
  /** A state was accepted. */
  isLoaded = false;

  constructor(options: WantedOptions) {
    this.#temporary = new TemporaryIntents(options);
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

  /** What a raised epoch gave is not known any more: whatever is added may be it, and waits. */
  get gainsUnknown(): boolean {
    return this.#gainsUnknown;
  }

  /** How many (role, scope, subject) of a raised epoch wait for the owner of the cluster; at least how many. */
  get heldGains(): number {
    return this.#gains.size + (this.#gainsUnknown ? 1 : 0);
  }

  keys(): Iterable<ObjectKey> {
    return this.#desired.keys();
  }

  has(key: ObjectKey): boolean {
    return this.#desired.has(key);
  }

  get(key: ObjectKey): DesiredObject | undefined {
    return this.#made.of(this.#changes).get(key, () => this.#desired.get(key));
  }

  /** Names of the grants behind an intent. */
  grantsOf(key: string): readonly string[] {
    return this.#desired.grantsOf(key);
  }

  problems(): Problem[] {
    const desired = this.#desired.problems().map(ofIntent);
    return [...desired, ...this.#gains.problems(), ...this.#skipped.problems()];
  }

  /** Takes a change over. What is to be held of steps that no commit explains is held. */
  accept(change: StateChange, steps: readonly UnexplainedStep[] = []): Touched {
    this.#changes += 1;
    this.isLoaded = true;
    const raise = steps.findLast(({ raised }) => raised);
    for (const step of steps) this.#holdGains(step);
    // What a raise gives may stand in intents that it left as they are, to people who were revoked since.
    const whole = change.mode === 'delta' && raise?.known === true;
    const intents = whole ? raise.after : change.intents;
    const fresh = new Set(intents.map(({ key }) => key));
    const removed =
      change.mode === 'full'
        ? Array.from(this.#keys).filter((key) => !fresh.has(key))
        : [...change.removed, ...change.skipped.map(({ key }) => key)];
    this.#skipped.take(change);
    const touched = this.#forget(removed);
    add(touched, this.#take(intents));
    this.#gains.settle();
    for (const step of steps) if (step.removalsMayWait) add(touched, this.#guard(step));
    add(touched, this.#setMasks());
    return touched;
  }

  releaseHeld(): Touched {
    this.#changes += 1;
    const keys = this.#held.map(({ key }) => key).filter((key) => !this.#keys.has(key));
    this.#held = [];
    return this.#desired.removeIntents(keys);
  }

  holdUnknownGains(): void {
    this.#changes += 1;
    this.#gainsUnknown = true;
  }

  releaseGains(): Touched {
    this.#changes += 1;
    const { intents, keys } = this.#gains.release();
    this.#gainsUnknown = false;
    const touched = this.#desired.removeIntents(keys);
    for (const intent of intents) this.#note(intent);
    add(touched, this.#desired.setIntents(intents));
    add(touched, this.#setMasks());
    return touched;
  }

  /** Ends that were enforced by a clock that was wrong are judged anew. */
  reopenEnds(now: ClockBounds): Touched {
    this.#ends.reopen();
    const touched = this.setTime(now);
    add(touched, this.#setMasks());
    return touched;
  }

  /** Of the removals that are held, what does not stand in the cluster is not put there again. */
  holdOnly(standing: StandingAccess): void {
    if (this.#held.length === 0) return;
    this.#changes += 1;
    this.#desired.removeIntents(
      this.#held.map(({ key }) => key).filter((key) => !this.#keys.has(key)),
    );
    this.#held = this.#held.flatMap((intent) => standing.only(intent));
    this.#desired.setIntents(this.#held);
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

  /** From now on what is wanted is known without reserve. */
  listsAreComplete(): void {
    this.#temporary = undefined;
  }

  /** Before the lists are complete: true when an intent whose end has not come may stand behind this object. */
  mayStillGive(key: ObjectKey): boolean {
    return this.#temporary?.mayGive(key, this.#ends.over) ?? false;
  }

  /** Moves the clock; what has ended by it stays ended. */
  setTime(now: ClockBounds): Touched {
    this.#changes += 1;
    const touched = this.#desired.setTime(now);
    if (this.#ends.enforce(now.high)) add(touched, this.#setMasks());
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
      : isRoleReplaced(object, this.#desired);
  }

  #note(intent: Intent): void {
    this.#keys.add(intent.key);
    this.#ends.note(intent);
    this.#temporary?.note(intent);
  }

  /** Notes intents that are new or changed, and puts what is given of them in the place of what was. */
  #take(intents: readonly Intent[]): Touched {
    const given: Intent[] = [];
    const gone: string[] = [];
    for (const intent of intents) {
      const stood = this.#gains.forget(intent.key);
      const parts = this.#gains.take(intent);
      this.#note(intent);
      given.push(...parts);
      gone.push(...stood.filter((key) => parts.every((part) => part.key !== key)));
    }
    const touched = this.#desired.removeIntents(gone);
    add(touched, this.#desired.setIntents(given));
    return touched;
  }

  #holdGains({ raised, known, before, after }: UnexplainedStep): void {
    if (!raised) return;
    if (known) this.#gains.hold(before, after);
    else this.#gainsUnknown = true;
  }

  #forget(keys: readonly string[]): Touched {
    const standing = keys.flatMap((key) => this.#gains.forget(key));
    for (const key of keys) {
      this.#keys.delete(key);
      this.#ends.forget(key);
      this.#temporary?.forget(key);
    }
    return this.#desired.removeIntents(standing);
  }

  #setMasks(): Touched {
    const { over: ended } = this.#ends;
    if (ended.size + this.#masks.length + this.#masked === 0) return new Set();
    this.#masked = ended.size + this.#masks.length;
    const over = Array.from(ended, (key) => ({ key, subject: '' }));
    const masks = [...this.#masks, ...over].flatMap((mask) =>
      this.#gains.keysOf(mask.key).map((key) => ({ ...mask, key })),
    );
    return this.#desired.setMasks(masks);
  }

  #guard({ before, after }: UnexplainedStep): Touched {
    if (!exceedsRemovalGuard(removedTriples(before, after), this.#ceiling.removalGuard)) {
      return new Set();
    }
    this.#held = [...this.#held, ...underFreeKeys(heldRemovals(before, after), this.#held)];
    return this.#desired.setIntents(this.#held);
  }
}

function add(to: Touched, from: Iterable<ObjectKey>): void {
  for (const key of from) to.add(key);
}
