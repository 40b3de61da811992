import type { Digests } from '@ambit/kernel';
import { annotatedEnd, diffObject, isBinding, objectKey, ownership } from '@ambit/rbac';
import type {
  BindingObject,
  Ceiling,
  Operation,
  ObjectKey,
  Owner,
  Ownership,
  PolicyRule,
  RbacObject,
  UpdateObject,
} from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { ObjectInventory } from '../state/object-inventory.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { ObjectNotes } from './object-notes.ts';
import type { ObservedObjects } from './observed-objects.ts';
import { isWrite, onlyTakingAway } from './taking-away.ts';
import type { WantedState } from './wanted-state.ts';

export interface ObjectJudgeOptions {
  readonly wanted: WantedState;
  readonly observed: ObservedObjects;
  readonly notes: ObjectNotes;
  readonly facts: ClusterFacts;
  readonly inventory: ObjectInventory;
  readonly clock: ClockInterval;
  readonly owner: Owner;
  readonly digests: Digests;
  readonly ceiling: Ceiling;
}

/** Says what there is to do about one object, as it stands now. */
export class ObjectJudge {
  readonly #options: ObjectJudgeOptions;
  /** False until a state is loaded and every list is complete: before that, only what has ended is taken away. */
  open = false;
  /** The disk does not hold the state: what it adds waits. */
  additionsHeld = false;
  ceiling: Ceiling;

  constructor(options: ObjectJudgeOptions) {
    this.#options = options;
    this.ceiling = options.ceiling;
  }

  /** Undefined when the object is as it should be, or has to be left as it is for now. */
  operation(key: ObjectKey): Operation | undefined {
    const observed = this.#options.observed.get(key);
    if (!this.open) return this.#endBeforeStart(key, observed);
    const operation = this.#compare(key, observed);
    return this.addsNothing && isWrite(operation) ? onlyTakingAway(operation, observed) : operation;
  }

  /** Only what takes away is done. */
  get addsNothing(): boolean {
    return this.additionsHeld || this.#options.wanted.gainsUnknown;
  }

  ownerOf(key: ObjectKey, object: RbacObject): Ownership {
    const { owner, inventory, digests } = this.#options;
    return ownership(object, {
      ...owner,
      inventoryUid: inventory.uid(key),
      breakGlass: this.ceiling.breakGlass,
      digests,
    });
  }

  #endBeforeStart(key: ObjectKey, observed: RbacObject | undefined): Operation | undefined {
    if (observed === undefined || !this.#hasEnded(observed)) return undefined;
    return diffObject(undefined, observed, this.ownerOf(key, observed));
  }

  #compare(key: ObjectKey, observed: RbacObject | undefined): Operation | undefined {
    const { wanted, notes } = this.#options;
    const goes = notes.isCondemned(key);
    const desired = goes ? undefined : wanted.get(key);
    if (observed === undefined) return diffObject(desired, undefined, 'ours');
    const replaced = !goes && desired === undefined && this.#isReplaced(observed);
    const operation = diffObject(desired, observed, this.ownerOf(key, observed), replaced);
    return operation?.type === 'update' && isBinding(observed)
      ? this.#gently(operation, observed)
      : operation;
  }

  #isReplaced(observed: RbacObject): boolean {
    return !this.#hasEnded(observed) && this.#keepsAccess(observed);
  }

  /** Whoever keeps the same access through another object that is wanted loses this one only when that was tried. */
  #gently(update: UpdateObject, observed: BindingObject): UpdateObject {
    const stay = update.loses.filter((subject) =>
      this.#keepsAccess({ ...observed, subjects: [subject] }),
    );
    if (stay.length === 0) return update;
    const loses = update.loses.filter((subject) => !stay.includes(subject));
    if (loses.length + update.gains.length === 0) return { ...update, lane: 'P3' };
    const subjects = [...(update.patch.subjects ?? []), ...stay];
    const narrows = loses.length > 0;
    const patch = { ...update.patch, subjects };
    return { ...update, loses, narrows, lane: narrows ? 'P0' : 'P2', patch };
  }

  #keepsAccess(object: RbacObject): boolean {
    return this.#options.wanted.replaces(object, (name) => this.#rulesOf(name));
  }

  /** Of a role that exists: of the cluster's owner, or of ours and no longer wanted. */
  #rulesOf(name: string): readonly PolicyRule[] | undefined {
    const { facts, observed } = this.#options;
    const known = facts.rulesOf(name);
    if (known !== undefined) return known;
    const role = observed.get(objectKey('ClusterRole', undefined, name));
    return role === undefined || isBinding(role) ? undefined : (role.rules ?? []);
  }

  #hasEnded(object: RbacObject): boolean {
    return (annotatedEnd(object) ?? Infinity) <= this.#options.clock.now().high;
  }
}
