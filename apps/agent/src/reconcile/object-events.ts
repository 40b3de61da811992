import type { ObjectKey } from '@ambit/rbac';
import type { ObjectInventory } from '../state/object-inventory.ts';
import type { DriftRecord } from './drift-record.ts';
import { driftEvent, objectEvent } from './object-audit.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectLoop } from './object-loop.ts';
import type { ObjectNotes } from './object-notes.ts';
import { isNewer, keyOf } from './observed-objects.ts';
import type { LiveObject, ObservedObjects } from './observed-objects.ts';
import { isWrite } from './taking-away.ts';

export interface ObjectEventsOptions {
  readonly loop: ObjectLoop;
  readonly judge: ObjectJudge;
  readonly observed: ObservedObjects;
  readonly notes: ObjectNotes;
  readonly inventory: ObjectInventory;
  readonly drift: DriftRecord;
  readonly audit: AuditRecorder;
}

/** Takes in what the watches tell of single objects, and tells our own doing from that of others. */
export class ObjectEvents {
  readonly #options: ObjectEventsOptions;

  constructor(options: ObjectEventsOptions) {
    this.#options = options;
  }

  /** An object that is ours or says so. Our own writes come back here too and change nothing. */
  seen(object: LiveObject): void {
    const { loop, observed } = this.#options;
    const key = keyOf(object);
    const wasSettled = loop.isSettled(key) && observed.has(key);
    if (!observed.put(object)) return;
    if (wasSettled) this.#noteDrift(key, 'changed', object);
    loop.look(key);
  }

  /** It is gone, or its label was taken off: to a watch by label that looks the same. */
  gone(key: ObjectKey, uid: string, resourceVersion: string): void {
    const { loop, observed, notes, inventory } = this.#options;
    if (observed.wasBuried(key, uid)) return;
    const known = observed.get(key)?.metadata;
    if (known?.uid !== uid || isNewer(known.resourceVersion, resourceVersion)) return;
    const wasSettled = loop.isSettled(key);
    observed.remove(key);
    if (inventory.uid(key) === uid) notes.missing.set(key, wasSettled);
    loop.look(key);
  }

  /** What the API server says of an object that no watch shows. */
  found(key: ObjectKey, object: LiveObject | undefined): void {
    const { observed, notes, inventory, judge } = this.#options;
    const suspect = notes.missing.get(key) === true;
    notes.missing.delete(key);
    observed.remove(key);
    if (object === undefined || object.metadata.uid !== inventory.uid(key)) inventory.remove(key);
    const uninteresting = object === undefined || judge.ownerOf(key, object) === 'foreign';
    if (!uninteresting) observed.put(object);
    if (suspect) this.#noteDrift(key, uninteresting ? 'deleted' : 'changed', object);
  }

  /** The lists are complete: what we wrote and they do not show has to be looked for. */
  relisted(): void {
    const { observed, notes, inventory, loop } = this.#options;
    observed.forgetBuried();
    for (const key of inventory.keys()) if (!observed.has(key)) this.#miss(key);
    for (const key of Array.from(observed.unwatched())) this.#miss(key);
    loop.lookAll(notes.missing.keys());
  }

  #miss(key: ObjectKey): void {
    const { notes } = this.#options;
    if (!notes.missing.has(key)) notes.missing.set(key, false);
  }

  #noteDrift(key: ObjectKey, what: 'deleted' | 'changed', live: LiveObject | undefined): void {
    const { judge, audit, notes, drift } = this.#options;
    if (!isWrite(judge.operation(key))) return;
    audit.record(driftEvent(key, what, live));
    notes.drifted.add(key);
    if (!drift.repaired(key)) return;
    const message =
      'Somebody keeps changing this object; it is put right once a minute from now on';
    audit.record(objectEvent('drift.contended', key, message));
  }
}
