import type { PersonAttributes } from '@ambit/domain';
import type { NamedReference } from '../records.ts';

/** A rule of a team, as it is kept beside the team: what finds it, and whose group it fills. */
export interface TeamRule {
  readonly groupUid: string;
  /** As it is written; it is what a membership says of where it comes from. */
  readonly match: string;
  /** What it looks at in a person. */
  readonly reads: readonly string[];
  /** It matches somebody of whom nothing is known. */
  readonly matchesBlank: boolean;
}

/** A person as rules see them. */
export interface RuledPerson extends NamedReference {
  readonly active: boolean;
  readonly attributes: PersonAttributes;
  /** Names of the groups that they are in, without those of teams. */
  readonly groups: readonly string[];
}

/** One membership that a rule gives. */
export interface RuledMember {
  readonly groupUid: string;
  readonly userUid: string;
  readonly match: string;
}

/** A rule that could not be evaluated for somebody, who is not matched. */
export interface RuleFault extends RuledMember {
  readonly problem: string;
}

/** How a rule does. */
export interface RuleStanding {
  readonly groupUid: string;
  readonly match: string;
  readonly people: number;
  readonly faults: number;
  /** One of those for whom it could not be evaluated, by name. */
  readonly example?: string;
  readonly problem?: string;
}

/** What a transaction changes in a person that rules look at. */
export interface MovedPerson {
  /** All rules have to look: the person is new, or comes back, or goes. */
  readonly anew: boolean;
  /** Names of attributes, and of groups that the person came to or left. */
  readonly attributes: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** uids of such groups, those of teams among them. */
  readonly groupUids: ReadonlySet<string>;
}

export interface MovedByRules {
  /** Members now who were none before, and the other way round. */
  readonly group: NamedReference;
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** Rules of teams, whom they match, and what of that a transaction may have changed. */
export interface RuleStore {
  /** By uid, those who differ in what rules look at since the transaction began. */
  moved(): ReadonlyMap<string, MovedPerson>;
  /** Rules that came since the transaction began: nobody was judged by them yet. */
  begun(): readonly TeamRule[];
  /** Says that rules have to look at the person anew. */
  note(userUid: string): void;
  /** One transaction at a time says whom rules match. */
  wait(): Promise<void>;
  /** The group of a team, made when there is none. */
  groupOf(team: string): Promise<NamedReference>;
  /** Makes these the rules of a team. Whom others matched is out; those that are new are `begun`. */
  replace(group: NamedReference, rules: readonly Omit<TeamRule, 'groupUid'>[]): Promise<void>;
  /** The group of a team that has no rules any more, or is gone itself. */
  drop(team: string): Promise<void>;
  /** Rules that read one of these, and with `blank` those that match somebody of whom nothing is known. */
  reading(reads: readonly string[], blank: boolean): Promise<readonly TeamRule[]>;
  people(uids: readonly string[]): Promise<readonly RuledPerson[]>;
  /** Active people in the order of uids; `reads`: of those alone who have an attribute or a group of these. */
  pages(reads?: readonly string[]): AsyncGenerator<readonly RuledPerson[]>;
  /** What rules give these people. */
  givenTo(userUids: readonly string[]): Promise<readonly RuledMember[]>;
  give(members: readonly RuledMember[]): Promise<readonly MovedByRules[]>;
  take(members: readonly RuledMember[]): Promise<readonly MovedByRules[]>;
  /** Replaces what is known of faults of these rules with these people. */
  noteFaults(judged: readonly RuledMember[], faults: readonly RuleFault[]): Promise<void>;
}
