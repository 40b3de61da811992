import type { PolicyChange, PolicyView } from '@ambit/domain';
import type { MovedByRules, Transaction } from '@ambit/persistence';
import { ConditionRules, movesConditions, writesCondition } from './condition-rules.ts';
import type { Mover } from './judged-members.ts';
import { movesPeople, peopleIn, TeamRules } from './team-rules.ts';

/** What a policy has that looks at people. */
export interface KnownRules {
  readonly rules: boolean;
  readonly conditions: boolean;
}

/** What rules and conditions did in a transaction; nothing where there were none, by what this replica knew. */
export interface RulesFollowed {
  readonly moved?: readonly MovedByRules[];
  /** Conditions of grants were asked. */
  readonly conditioned?: boolean;
}

export const knownRules = ({ teamGroups, hasConditions }: PolicyView): KnownRules => ({
  rules: teamGroups.size > 0,
  conditions: hasConditions,
});

/** True for changes that rules or conditions have to look at. */
export const mayFollow = (changes: readonly PolicyChange[], policy: PolicyView): boolean =>
  (policy.teamGroups.size > 0 && movesPeople(changes, policy)) || movesConditions(changes, policy);

/** Rules of teams, and after them conditions of grants: two strata, and no rule looks at what a condition says. */
export class FollowRules {
  /** Whom teams have by their rules. */
  readonly rules = new TeamRules();
  /** For whom conditions of grants hold. */
  readonly conditions = new ConditionRules();

  /** As a part of the transaction, when its work is done. Throws what the two throw. */
  async run(tx: Transaction, mover: Mover, policy: PolicyView): Promise<RulesFollowed> {
    const ruled = policy.teamGroups.size > 0 || tx.rules.begun().length > 0;
    const conditioned = policy.hasConditions || writesCondition(tx.policy.changes());
    if (!ruled && !conditioned) return {};
    const byRules = ruled ? await this.rules.follow(tx, mover) : [];
    const met = conditioned ? await this.conditions.follow(tx, mover) : [];
    return { moved: [...byRules, ...met], conditioned };
  }

  /** What has to be looked at again by rules or conditions that were not known before; undefined for nothing. */
  missed(
    changes: readonly PolicyChange[],
    policy: PolicyView,
    { knew, moved, conditioned }: RulesFollowed & { readonly knew: KnownRules },
  ):
    | { readonly people: ReadonlySet<string>; readonly changes: readonly PolicyChange[] }
    | undefined {
    const knows = knownRules(policy);
    const rules = knows.rules && !knew.rules && moved === undefined;
    const conditions = knows.conditions && !knew.conditions && conditioned !== true;
    if (!rules && !conditions) return undefined;
    const people = peopleIn(changes, policy);
    const missed = conditions && movesConditions(changes, policy) ? changes : [];
    return people.size + missed.length === 0 ? undefined : { people, changes: missed };
  }
}
