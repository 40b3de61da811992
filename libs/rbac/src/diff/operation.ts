import type { PolicyRule, RbacObject, RbacSubject } from '../model.ts';
import type { ObjectKey } from '../naming/object-key.ts';
import type { Ownership } from './ownership.ts';

/** P0 takes access away, P1 writes roles, P2 writes bindings, P3 removes what something else replaces. */
export type Lane = 'P0' | 'P1' | 'P2' | 'P3';

export type OwnedField = 'subjects' | 'rules' | 'labels' | 'annotations';

/** A JSON merge patch of what we own and differs. uid and resourceVersion keep it off anything but what was seen. */
export interface ObjectPatch {
  readonly metadata: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly subjects?: readonly RbacSubject[];
  readonly rules?: readonly PolicyRule[];
}

interface Seen {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string;
}

interface Removal extends Seen {
  /** Somebody's finalizers: while they hold a binding it still grants, so they have to come off. */
  readonly finalizers: readonly string[];
  /** Its deletion has begun already. */
  readonly deleting: boolean;
}

export interface CreateObject {
  readonly type: 'create';
  readonly key: ObjectKey;
  readonly lane: Lane;
  readonly body: RbacObject;
}

export interface UpdateObject extends Seen {
  readonly type: 'update';
  readonly lane: Lane;
  readonly patch: ObjectPatch;
  readonly changes: readonly OwnedField[];
  /** True when somebody loses something by it. */
  readonly narrows: boolean;
  readonly gains: readonly RbacSubject[];
  readonly loses: readonly RbacSubject[];
  /** What stands there afterwards, for when a patch is refused and the object has to be made anew. */
  readonly body: RbacObject;
}

export interface DeleteObject extends Removal {
  readonly type: 'delete';
  readonly lane: Lane;
}

/** Delete and make anew: what differs cannot be changed. */
export interface RecreateObject extends Removal {
  readonly type: 'recreate';
  readonly lane: Lane;
  readonly body: RbacObject;
  readonly createHeld: boolean;
}

/** It is as wanted and proven ours: its uid belongs into the inventory. Nothing is written. */
export interface AdoptObject extends Seen {
  readonly type: 'adopt';
}

/** Somebody else's object: reported, never touched. */
export interface ForeignObject {
  readonly type: 'foreign';
  readonly key: ObjectKey;
  readonly ownership: Exclude<Ownership, 'ours' | 'adoptable'>;
  /** True when it stands where one of ours is wanted. */
  readonly inTheWay: boolean;
}

export type Operation =
  CreateObject | UpdateObject | DeleteObject | RecreateObject | AdoptObject | ForeignObject;
