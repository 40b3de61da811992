import type { SaidUser } from '../said-user.ts';

/** A person as a sync says them: known by an id for ever. */
export type SyncedPerson = SaidUser & { readonly externalId: string };

/** All that one sync says. People and groups are named by their external ids. */
export interface SaidDirectory {
  /** What is not said goes; otherwise it stays as it is. */
  readonly whole: boolean;
  /** That nobody, or no group, is said is meant so. */
  readonly intentionallyEmpty: boolean;
  readonly users: ReadonlyMap<string, SyncedPerson>;
  /** Display names. */
  readonly groups: ReadonlyMap<string, string>;
  /** Who becomes a member, by group; in a whole one these are all. */
  readonly joining: ReadonlyMap<string, ReadonlySet<string>>;
  readonly leaving: ReadonlyMap<string, ReadonlySet<string>>;
  readonly removedUsers: ReadonlySet<string>;
  readonly removedGroups: ReadonlySet<string>;
}

/** What of a sync could not be taken. */
export interface SyncRefused {
  readonly kind: 'User' | 'Group';
  readonly externalId: string;
  readonly reason: string;
  readonly message: string;
}
