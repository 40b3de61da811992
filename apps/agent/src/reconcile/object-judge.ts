import type { Digests } from '@ambit/kernel';
import {
  accessGap,
  annotatedEnd,
  diffObject,
  isBinding,
  isWrite,
  objectKey,
  onlyTakingAway,
  ownership,
  strangersGap,
  subjectName,
} from '@ambit/rbac';
import type {
  AccessGap,
  BindingObject,
  Ceiling,
  Operation,
  ObjectKey,
  Owner,
  Ownership,
  PolicyRule,
  RbacObject,
  UpdateObject,
  Verdict,
} from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { CondemnedRoles } from './condemned-roles.ts';
import type { KnownObjects } from './known-objects.ts';
import { carriesOurLabel } from './observed-objects.ts';
import type { WantedState } from './wanted-state.ts';

export interface ObjectJudgeOptions {
  readonly wanted: WantedState;
  readonly known: KnownObjects;
  readonly condemned: CondemnedRoles;
  readonly facts: ClusterFacts;
  readonly clock: ClockInterval;
  readonly owner: Owner & { readonly digests: Digests };
  readonly ceiling: Ceiling;
}

/** So much of somebody else's object is told apart from how it stood before. */
const mostAbout = 2_000;

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

  /** What to make of one object. */
  verdict(key: ObjectKey): Verdict {
    const { known, wanted, condemned } = this.#options;
    if (condemned.isOnHold(key)) return { type: 'onHold' };
    const found = known.get(key);
    const operation = this.#operation(key, found);
    switch (operation?.type) {
      case undefined:
        return this.#settles ? { type: 'agrees', wanted: wanted.has(key) } : { type: 'quiet' };
      case 'adopt':
        return this.#settles ? { type: 'adopt', uid: operation.uid } : { type: 'quiet' };
      case 'foreign': {
        const watched = found !== undefined && carriesOurLabel(found);
        return {
          type: 'foreign',
          object: operation,
          watched,
          about: aboutStranger(operation, found),
        };
      }
      case 'create':
      case 'update':
      case 'delete':
      case 'recreate':
        return { type: 'write', operation, taking: onlyTakingAway(operation, found) };
    }
  }

  /** Keys of what stands there, as far as it may be ours. */
  knownKeys(): Iterable<ObjectKey> {
    return this.#options.known.observed.keys();
  }

  isWanted(key: ObjectKey): boolean {
    return this.#options.wanted.has(key);
  }

  /** What it means for people while an object stands as it does. */
  gap(key: ObjectKey): AccessGap {
    const { known, wanted } = this.#options;
    const found = known.get(key);
    const operation = this.#operation(key, found);
    if (isWrite(operation)) {
      return accessGap(operation, found, (role) => known.subjectsOf(role));
    }
    if (operation?.type !== 'foreign' || found === undefined) return { subjects: [] };
    return strangersGap(wanted.get(key)?.body, found);
  }

  #operation(key: ObjectKey, found: RbacObject | undefined): Operation | undefined {
    if (!this.open) return this.#endAsNoted(key, found);
    if (!this.addsNothing) return this.#compare(key, found);
    const ended = this.#endAsNoted(key, found);
    if (ended !== undefined) return ended;
    const operation = this.#compare(key, found);
    return isWrite(operation) ? onlyTakingAway(operation, found) : operation;
  }

  /** Whether an object with which there is nothing to do is as it should be. */
  get #settles(): boolean {
    return this.open && !this.addsNothing;
  }

  /** Only what takes away is done. */
  get addsNothing(): boolean {
    return this.additionsHeld || this.#options.wanted.gainsUnknown;
  }

  /** What objects and inventory say of their ends counts beside what is wanted: that is not all there yet, or may be old. */
  get heedsNotedEnds(): boolean {
    return !this.open || this.addsNothing;
  }

  ownerOf(key: ObjectKey, object: RbacObject): Ownership {
    const { owner, known } = this.#options;
    return ownership(object, {
      ...owner,
      inventoryUid: known.inventory.uid(key),
      breakGlass: this.ceiling.breakGlass,
    });
  }

  #endAsNoted(key: ObjectKey, observed: RbacObject | undefined): Operation | undefined {
    if (observed === undefined || !this.#hasEndedAsNoted(key, observed)) return undefined;
    return diffObject(undefined, observed, this.ownerOf(key, observed));
  }

  /**
   * By what is on it or in the inventory, unless a state that was accepted since moved the end. One that may be older than the
   * object moves none: the end that comes first holds.
   */
  #hasEndedAsNoted(key: ObjectKey, observed: RbacObject): boolean {
    const { known, wanted, clock } = this.#options;
    const noted = (known.notedEnd(observed) ?? Infinity) <= clock.now().high;
    if (!noted && !this.#hasEnded(observed)) return false;
    return this.addsNothing || !wanted.mayStillGive(key);
  }

  #compare(key: ObjectKey, observed: RbacObject | undefined): Operation | undefined {
    const { wanted, condemned } = this.#options;
    const goes = condemned.isCondemned(key);
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
    const body = isBinding(update.body) ? { ...update.body, subjects } : update.body;
    return { ...update, loses, narrows, lane: narrows ? 'P0' : 'P2', patch, body };
  }

  #keepsAccess(object: RbacObject): boolean {
    return this.#options.wanted.replaces(object, (name) => this.#rulesOf(name));
  }

  /** Of a role that exists: of the cluster's owner, or of ours and no longer wanted. */
  #rulesOf(name: string): readonly PolicyRule[] | undefined {
    const { facts, known } = this.#options;
    const rules = facts.rulesOf(name);
    if (rules !== undefined) return rules;
    const role = known.get(objectKey('ClusterRole', undefined, name));
    return role === undefined || isBinding(role) ? undefined : (role.rules ?? []);
  }

  #hasEnded(object: RbacObject): boolean {
    return (annotatedEnd(object) ?? Infinity) <= this.#options.clock.now().high;
  }
}

function aboutStranger(
  { ownership: whose, inTheWay }: Extract<Operation, { type: 'foreign' }>,
  found: RbacObject | undefined,
): string {
  const what =
    found !== undefined && isBinding(found)
      ? `${found.roleRef.kind} ${found.roleRef.name}: ${(found.subjects ?? []).map(subjectName).join()}`
      : '';
  return `${whose} ${inTheWay ? 'in the way' : ''} ${what}`.slice(0, mostAbout);
}
