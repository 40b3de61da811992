import type { KubeObject, ObjectName } from './resources.ts';

export interface KubeList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last one. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  /** A `Status`: code 410 when the resourceVersion is too old to go on from. */
  | { readonly type: 'ERROR'; readonly object: unknown };

/** One version of one object. */
export interface ObjectVersion extends ObjectName {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan';
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  /** What of an object that is there has this version already is left out: it is not even read. */
  readonly isKnown?: (version: ObjectVersion) => boolean;
}

export interface WriteOptions {
  /** Checks everything and stores nothing. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  /** Preconditions: an object made anew under the same name, or changed since, stays (409). */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Who asks for what, as `authorization.k8s.io/v1` has it. Groups are taken as they stand: none is added. */
export interface AccessReviewSpec {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes?: {
    readonly verb: string;
    readonly group?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path: string; readonly verb: string };
}

/** What a TokenRequest answers. */
export interface AccountToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
}

export interface AccessReviewStatus {
  readonly allowed: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
  readonly evaluationError?: string;
}

/** A caller as `authentication.k8s.io/v1` names it. */
export interface UserAttributes {
  readonly username: string;
  readonly groups?: readonly string[];
}

export interface KubeVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}
