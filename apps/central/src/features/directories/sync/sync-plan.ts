import type { DirectoryLoss, DirectoryUser, GivenGroup } from '@ambit/persistence';
import type { NamedUser } from '../said-user.ts';
import type { SyncedPerson, SyncRefused } from './said-directory.ts';

/** What is known of a directory before a sync. */
export interface KnownDirectory {
  readonly users: readonly DirectoryUser[];
  readonly groups: readonly GivenGroup[];
}

export interface UserChange {
  readonly before: DirectoryUser;
  readonly person: SyncedPerson;
}

/** What becomes of a group; who joins is named by the directory, for they may be made by the same sync. */
export interface GroupChange {
  readonly externalId: string;
  readonly displayName: string;
  /** Absent: it is new. */
  readonly before?: GivenGroup;
  readonly joining: ReadonlySet<string>;
  readonly leavingUids: ReadonlySet<string>;
}

/** All that a sync changes, worked out before anything is written. */
export interface SyncPlan {
  readonly removedUsers: readonly DirectoryUser[];
  readonly createdUsers: readonly NamedUser[];
  readonly changedUsers: readonly UserChange[];
  readonly unchangedUsers: number;
  readonly groups: readonly GroupChange[];
  readonly removedGroups: readonly GivenGroup[];
  readonly unchangedGroups: number;
  /** Who loses access or a membership. */
  readonly losses: readonly DirectoryLoss[];
  readonly refused: readonly SyncRefused[];
}

/** True when there is nothing to write. */
export const changesNothing = (plan: SyncPlan): boolean =>
  [plan.removedUsers, plan.createdUsers, plan.changedUsers, plan.groups, plan.removedGroups].every(
    (list) => list.length === 0,
  );

/** A long plan is made in steps: it waits at `pause` between them, so that other calls go on. */
export type Pause = () => Promise<unknown>;
