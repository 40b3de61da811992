import type { PolicyRule, TeamMember } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';

/** A group with whom it is closed to; null: nobody said. */
export interface ClosableGroup {
  readonly uid: string;
  readonly name: string;
  readonly closedTo: readonly string[] | null;
}

/** A Delegation with the role that it gives. */
export interface NamedDelegation {
  readonly name: string;
  readonly role: string;
}

/** A role that a grant gives, with the rules clusters reported for its ClusterRole. */
export interface HeldRole {
  readonly grant: string;
  readonly role: string;
  readonly clusterRole: string | null;
  readonly rules: readonly PolicyRule[] | null;
  readonly reported: readonly (readonly PolicyRule[])[];
}

/** Who was taken away, or is back: out of a group, or, without one, out of everything. */
interface SyncedPerson {
  readonly groupUid?: string;
  readonly userUid: string;
}

export interface SyncRemovals {
  readonly lost: readonly SyncedPerson[];
  readonly back: readonly SyncedPerson[];
  /** Whom sync itself brings: taking them away again is no loss, and they are no ground to take others away. */
  readonly joined: readonly SyncedPerson[];
}

export interface TakenAway {
  /** Absent: of all people. */
  readonly groupUid?: string;
  readonly removed: number;
  /** How many there were before the first of them. */
  readonly before: number;
}

/** By uid; a subject without any is not there. */
export type BySubject<T> = ReadonlyMap<string, readonly T[]>;

/** What bounds tokens of the role sync. Every answer takes the same few statements, however many are asked for. */
export interface SyncStore {
  /** Roles of grants that name the subjects themselves and did not end, by uid of the subject. */
  heldRoles(kind: TeamMember['kind'], uids: readonly string[]): Promise<BySubject<HeldRole>>;
  groups(uids: readonly string[]): Promise<readonly ClosableGroup[]>;
  groupsOf(userUid: string): Promise<readonly ClosableGroup[]>;
  /** Delegations that name the subjects themselves and are not open to those who sync people, by uid of the subject. */
  delegationsOf(uids: readonly string[]): Promise<BySubject<NamedDelegation>>;
  /** Adds to what sync took away within the window and gives the sums of what is touched. */
  note(removals: SyncRemovals, windowMs: Millis): Promise<readonly TakenAway[]>;
}
