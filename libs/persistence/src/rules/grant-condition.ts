import type { GrantScope, GrantSubject, LabelValues, PolicyChange } from '@ambit/domain';
import type { NamedReference } from '../records.ts';
import type { RuledMember, RuledPerson } from './team-rule.ts';

/** What a condition is of, and what finds it. */
export interface ReadCondition {
  /** As it is written. */
  readonly match: string;
  /** What it looks at in a person, as rules of teams say it. */
  readonly reads: readonly string[];
  /** uids of the people and groups that the grant names, by its teams too. */
  readonly subjects: readonly string[];
}

/** A condition on clusters of the same labels, as it is kept beside its grant. */
export interface StoredCondition extends ReadCondition {
  /** Of those for whom it holds. */
  readonly groupUid: string;
  readonly grantUid: string;
  /** The values of the labels that it reads. */
  readonly labels: LabelValues;
}

/** A grant that has a condition. */
export interface ConditionalGrant extends NamedReference {
  /** Absent: it has none any more. */
  readonly match?: string;
  readonly subjects: readonly GrantSubject[];
  readonly scope: GrantScope;
}

/** A person as conditions see them. */
export interface ConditionedPerson extends RuledPerson {
  /** uids of the groups that they are in, those of teams among them. */
  readonly groupUids: readonly string[];
}

/** A condition that could not be evaluated for somebody, for whom it does not hold. */
export interface ConditionFault {
  readonly groupUid: string;
  readonly userUid: string;
  readonly problem: string;
}

/** How the condition of a grant does. */
export interface ConditionStanding {
  readonly grantUid: string;
  /** For how many it holds somewhere. */
  readonly people: number;
  readonly faults: number;
  /** One of those for whom it could not be evaluated, by name. */
  readonly example?: string;
  readonly problem?: string;
}

/**
 * What a condition has to be asked for: it is of one of `subjects`, and reads one of `reads` or is of one of `movedSubjects`; or its
 * group is one of `groups`.
 */
export interface ConditionQuery {
  readonly subjects: readonly string[];
  readonly reads: readonly string[];
  readonly movedSubjects: readonly string[];
  readonly groups: readonly string[];
}

/** Conditions of grants, for whom they hold, and what of that a transaction may have changed. */
export interface ConditionStore {
  /** Says that conditions have to look at these changes, which another transaction made. */
  tell(changes: readonly PolicyChange[]): void;
  told(): readonly PolicyChange[];
  /** Those of these grants that are there, whether they have a condition or not. */
  grants(uids: readonly string[]): Promise<readonly ConditionalGrant[]>;
  /** uids of grants with a condition that name one of these teams. */
  grantsOfTeams(teamUids: readonly string[]): Promise<readonly string[]>;
  /** uids of grants whose conditions may look at labels of clusters. */
  grantsOfLabels(): Promise<readonly string[]>;
  /** By uid of the team, the uids of the people and groups that it names. */
  membersOfTeams(teamUids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Every cluster that was not removed. */
  clusters(): Promise<readonly { readonly uid: string; readonly labels: Record<string, string> }[]>;
  /** Those of these grants. */
  of(grantUids: readonly string[]): Promise<readonly StoredCondition[]>;
  /** Makes the group of those for whom it holds, in which is nobody yet. */
  create(name: string, condition: Omit<StoredCondition, 'groupUid'>): Promise<StoredCondition>;
  /** Says whom the grant of these conditions names now. */
  rewrite(groupUids: readonly string[], subjects: readonly string[]): Promise<void>;
  drop(grantUid: string, groupUids: readonly string[]): Promise<void>;
  concerning(query: ConditionQuery): Promise<readonly StoredCondition[]>;
  people(uids: readonly string[]): Promise<readonly ConditionedPerson[]>;
  /** Active people, in the order of uids, who are one of these or in one of these. */
  pages(subjects: readonly string[]): AsyncGenerator<readonly ConditionedPerson[]>;
  /** In which groups of conditions these people are. */
  heldBy(userUids: readonly string[]): Promise<readonly RuledMember[]>;
  /** Replaces what is known of faults of these conditions with these people. */
  noteFaults(judged: readonly RuledMember[], faults: readonly ConditionFault[]): Promise<void>;
}
