import type { Millis } from '@ambit/kernel';
import { annotatedEnd, isBinding } from '@ambit/rbac';
import type { ObjectKey, RbacObject, RbacSubject } from '@ambit/rbac';
import type { Inventory } from '../state/object-inventory.ts';
import { carriesOurLabel, isNewer, keyOf } from './observed-objects.ts';
import type { LiveObject, ObservedObjects } from './observed-objects.ts';

/** What is known of the objects in the cluster: how they stand, as far as anybody told, and which of them we wrote. */
export class KnownObjects {
  readonly observed: ObservedObjects;
  readonly inventory: Inventory;
  /** Known by an answer to us, in a version that no watch has told: a list that lacks it says more than we know. */
  readonly #untold = new Set<ObjectKey>();

  constructor(observed: ObservedObjects, inventory: Inventory) {
    this.observed = observed;
    this.inventory = inventory;
  }

  get(key: ObjectKey): RbacObject | undefined {
    return this.observed.get(key);
  }

  has(key: ObjectKey): boolean {
    return this.observed.has(key);
  }

  isOurs(key: ObjectKey, uid: string | undefined): boolean {
    return uid !== undefined && this.inventory.uid(key) === uid;
  }

  /** A watch told of it; false when that is old. */
  seen(object: LiveObject): boolean {
    this.#untold.delete(keyOf(object));
    return this.observed.put(object);
  }

  /** A watch told of this version; true when it is what an answer told us. */
  isKnown(key: ObjectKey, uid: string, resourceVersion: string): boolean {
    const known = this.observed.version(key);
    if (known?.uid !== uid || known.resourceVersion !== resourceVersion) return false;
    this.#untold.delete(key);
    return true;
  }

  /**
   * A watch told that it is gone, or that its label was taken off, which looks the same. `missing`: we wrote it, so it
   * has to be looked for. `old`: we know better.
   */
  gone(key: ObjectKey, uid: string, resourceVersion: string): 'old' | 'gone' | 'missing' {
    const { observed } = this;
    if (observed.wasBuried(key, uid)) return 'old';
    const known = observed.version(key);
    if (known?.uid !== uid || isNewer(known.resourceVersion, resourceVersion)) return 'old';
    // An answer that is on its way may be older than this.
    observed.bury(key, uid, resourceVersion);
    return this.isOurs(key, uid) ? 'missing' : 'gone';
  }

  /** It was looked at: what is not `ofInterest` is as good as not there. */
  found(key: ObjectKey, object: RbacObject | undefined, ofInterest: boolean): void {
    this.observed.remove(key);
    if (!this.isOurs(key, object?.metadata.uid)) this.inventory.remove(key);
    if (object !== undefined && ofInterest) this.#answered(object);
  }

  /** The lists are complete: keys of what we wrote and they do not show, and of what no watch tells of. */
  unseen(): ObjectKey[] {
    const { observed, inventory } = this;
    observed.forgetBuried();
    const ours = Array.from(inventory.keys()).filter((key) => !observed.has(key));
    const untold = Array.from(this.#untold).filter((key) => observed.has(key));
    this.#untold.clear();
    return [...new Set([...ours, ...untold, ...observed.unwatched()])];
  }

  /** We wrote it; undefined when it is gone by that. */
  wrote(key: ObjectKey, before: RbacObject | undefined, after: RbacObject | undefined): void {
    const gone = before?.metadata.uid;
    if (gone !== undefined && after?.metadata.uid !== gone) {
      this.observed.bury(key, gone);
      this.inventory.remove(key);
    }
    if (after?.metadata.uid === undefined) return;
    this.#answered(after);
    this.inventory.put(key, after.metadata.uid, annotatedEnd(after));
  }

  /** Somebody was faster: this is how it stands. */
  lost(key: ObjectKey, object: RbacObject | undefined): void {
    if (!this.isOurs(key, object?.metadata.uid)) this.inventory.remove(key);
    if (object !== undefined) this.#answered(object);
    else this.observed.remove(key);
  }

  /** It is proven ours. */
  adopt(key: ObjectKey, uid: string): void {
    this.inventory.put(key, uid, this.#annotatedEnd(key));
  }

  /** It stands as wanted, so what it says of its end holds. */
  confirm(key: ObjectKey, object: RbacObject | undefined): void {
    const uid = object?.metadata.uid;
    if (object === undefined || uid === undefined || !this.isOurs(key, uid)) return;
    this.inventory.put(key, uid, annotatedEnd(object));
  }

  /** Nobody wants the place of a stranger's object, and no watch tells of it. */
  forgetStranger(key: ObjectKey): void {
    const object = this.observed.get(key);
    if (object === undefined || carriesOurLabel(object)) return;
    if (!this.isOurs(key, object.metadata.uid)) this.observed.remove(key);
  }

  /** The end that the inventory notes for this very object. */
  notedEnd(object: RbacObject): Millis | undefined {
    const key = keyOf(object);
    return this.isOurs(key, object.metadata.uid) ? this.inventory.end(key) : undefined;
  }

  /** Keys of the bindings to a role. */
  bindingsTo(role: string): ObjectKey[] {
    return Array.from(this.observed.keys()).filter((key) => {
      const object = this.observed.get(key);
      return object !== undefined && isBinding(object) && object.roleRef.name === role;
    });
  }

  /** Who is bound to a role of that name. */
  subjectsOf(role: string): RbacSubject[] {
    return this.bindingsTo(role).flatMap((key) => {
      const object = this.observed.get(key);
      return object !== undefined && isBinding(object) ? (object.subjects ?? []) : [];
    });
  }

  #answered(object: RbacObject): void {
    if (this.observed.put(object)) this.#untold.add(keyOf(object));
  }

  #annotatedEnd(key: ObjectKey): Millis | undefined {
    const object = this.observed.get(key);
    return object && annotatedEnd(object);
  }
}
