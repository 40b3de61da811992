import type { Millis, Random } from '@ambit/kernel';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject, KubeResource, ObjectName } from './resources.ts';
import type { Timers } from './timers.ts';
import type { ObjectVersion } from './wire.ts';

/** Why everything is listed again. */
export type RelistReason = 'start' | 'expired' | 'asked' | 'periodic' | 'unhealthy';

/** An object that is no longer there, or no longer matches the label selector. */
export interface GoneObject<T> {
  readonly key: ObjectName;
  readonly uid: string;
  /** Of the deletion when it was watched, else the last one seen. */
  readonly resourceVersion: string;
  /** As it was last, when the deletion was watched; absent when a relist found it missing. */
  readonly object?: T;
}

/**
 * What a reflector tells. Calls come one after the other; one that throws or rejects is reported through `onError` and
 * made again from the stream, at most three times for one version of an object and then again at the next relist.
 */
export interface ReflectorHandler<T> {
  onAdd(object: T): void | Promise<void>;
  onUpdate(object: T): void | Promise<void>;
  onDelete(gone: GoneObject<T>): void | Promise<void>;
  /** True when this version is known already, as the answer to a write told it: then it is not told again. */
  isKnown?(version: ObjectVersion): boolean;
  /** A list is complete: everything that is there was told, everything that went was told. */
  onSynced(reason: RelistReason): void | Promise<void>;
  onRelist?(reason: RelistReason): void;
  /** A fault that will be tried again by itself, with the wait until then. */
  onError?(error: unknown, retryInMs: Millis): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: KubeResource;
  readonly handler: ReflectorHandler<T>;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Objects in one page; 500 by default. */
  readonly pageSize?: number;
  /** Longest silence of a watch, bookmarks included; 135,000 ms by default. */
  readonly silenceMs?: Millis;
  /** Everything is listed again after this time, ± 20 %; 60 minutes by default. */
  readonly relistEveryMs?: Millis;
  readonly timers?: Timers;
  readonly random?: Random;
}
