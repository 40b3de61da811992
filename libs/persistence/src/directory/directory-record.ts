import type { Millis } from '@ambit/kernel';

/** A value that a directory sent, as JSON has it. */
export type DirectoryValue =
  | string
  | number
  | boolean
  | readonly DirectoryValue[]
  | { readonly [name: string]: DirectoryValue };

/** What a directory says of a person beside names and whether they are active, by the names of SCIM. */
export type DirectoryAttributes = Readonly<Record<string, DirectoryValue>>;

interface Known {
  /** Of the object in Ambit; the id by which SCIM knows it. */
  readonly uid: string;
  /** Name of the object in Ambit. */
  readonly name: string;
  readonly externalId?: string;
  /** The object is there because this directory named it. */
  readonly madeHere: boolean;
  readonly version: number;
  readonly createdAt: Millis;
  readonly changedAt: Millis;
}

/** A person as a directory knows them. */
export interface DirectoryUser extends Known {
  /** As the directory writes it. */
  readonly userName: string;
  /** Has access in Ambit. */
  readonly active: boolean;
  /** This directory took the access. */
  readonly lockedHere: boolean;
  /** What the directory said last. */
  readonly attributes: DirectoryAttributes;
}

/** A group as a directory knows it. */
export interface DirectoryGroup extends Known {
  readonly displayName: string;
}

export interface DirectoryMember {
  readonly uid: string;
  readonly name: string;
}

/** Whether a directory goes on. */
export interface DirectoryStanding {
  readonly stoppedBecause?: string;
  /** An administrator has let pass what takes much away. */
  readonly resumed: boolean;
}

/** How a directory does. */
export interface DirectoryStatus {
  readonly provider: string;
  readonly users: number;
  readonly activeUsers: number;
  readonly groups: number;
  readonly memberships: number;
  readonly lastCallAt?: Millis;
  readonly lastErrorAt?: Millis;
  readonly lastError?: string;
  readonly stoppedAt?: Millis;
  readonly stoppedBecause?: string;
  readonly resumedUntil?: Millis;
}

export const compares = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Compare = (typeof compares)[number];

/** What a list is asked for; attributes are those of `filterable…` in lower case. */
export type DirectoryFilter =
  | { readonly op: Compare; readonly attribute: string; readonly value: string | number | boolean }
  | { readonly op: 'pr'; readonly attribute: string }
  | { readonly op: 'and' | 'or'; readonly filters: readonly DirectoryFilter[] }
  | { readonly op: 'not'; readonly filter: DirectoryFilter };

export interface DirectoryListQuery {
  readonly providerUid: string;
  readonly filter?: DirectoryFilter;
  /** How many are left out before the first. */
  readonly skip: number;
  readonly limit: number;
}

export interface DirectoryPage<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** Somebody who loses what a directory gave: a membership, or, without a group, all access. */
export interface DirectoryLoss {
  readonly groupUid?: string;
  readonly userUid: string;
}

export interface DirectoryLosses {
  /** Absent: of all people, or, with `everyGroup`, of all memberships. */
  readonly groupUid?: string;
  readonly everyGroup?: true;
  readonly removed: number;
  readonly before: number;
}
