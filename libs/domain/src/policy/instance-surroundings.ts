import type { BindingIntent } from '@ambit/rbac';
import type { Family } from './family.ts';

/** The BINDING entries of a family by key. */
export type Rendered = ReadonlyMap<string, BindingIntent>;
export const nothingRendered: Rendered = new Map();

/** A family, by its text, in a cluster. */
export interface FamilyPlace {
  readonly cluster: string;
  readonly family: string;
}

/** A family's entries before and after a commit. */
export interface FamilyEntries {
  readonly before: Rendered;
  readonly after: Rendered;
}

/** A grant and the users it reaches, each as often as there are ways to it. */
export interface GrantWays {
  readonly uid: string;
  /** A whole number below 2^32 that the grant keeps while it is linked. */
  readonly stamp: number;
  ways(): Iterable<string>;
}

/** What an instance has to ask of the policy around it. */
export interface InstanceSurroundings {
  /** The Kubernetes name of a user under a prefix; undefined while there is no such user. */
  subjectOf(prefix: string, userUid: string): string | undefined;
  hasUser(userUid: string): boolean;
  digestOf(subject: string): Uint8Array;
  grantName(grantUid: string): string;
  /** The user of each way to a grant. */
  waysTo(grantUid: string): Iterable<string>;
  keyOf(family: Family, shard: string): string;
  /** Told of each user that an instance holds from now on (1) or no longer (-1). */
  countHolder(userUid: string, by: 1 | -1): void;
}
