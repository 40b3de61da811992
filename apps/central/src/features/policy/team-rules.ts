import { setImmediate } from 'node:timers/promises';
import type { PolicyChange, PolicyView } from '@ambit/domain';
import type {
  MovedByRules,
  MovedPerson,
  RuledPerson,
  TeamRule,
  Transaction,
} from '@ambit/persistence';
import {
  anyGroupRead,
  attributeRead,
  groupRead,
  personRule,
  readsOf,
} from '../../platform/expressions/person-rule.ts';
import { evaluatedAtOnce, Judged, settle } from './judged-members.ts';
import type { Mover } from './judged-members.ts';

/** True for changes after which a rule may match somebody whom it did not, or no longer. */
export function movesPeople(changes: readonly PolicyChange[], policy: PolicyView): boolean {
  return changes.some((change) => {
    if (change.op === 'delete') return change.kind === 'Membership';
    const { object } = change;
    if (object.kind === 'Membership') return true;
    return object.kind === 'User' && policy.user(object.uid)?.active !== object.active;
  });
}

/** uids of the people whom changes are about, where rules of teams may look at what they change. */
export const peopleIn = (
  changes: readonly PolicyChange[],
  policy: PolicyView,
): ReadonlySet<string> => new Set(changes.flatMap((change) => personIn(change, policy)));

function personIn(change: PolicyChange, { teamGroups }: PolicyView): string[] {
  const { kind, uid } = change.op === 'put' ? change.object : change;
  if (kind === 'User') return change.op === 'put' ? [uid] : [];
  const [group = '', person = ''] = uid.split('/');
  return kind === 'Membership' && !teamGroups.has(group) ? [person] : [];
}

/**
 * Follows changes of people, of groups and of rules with the members that rules of teams give. It looks at those alone who
 * changed in something that a rule reads, and at those rules alone that read it.
 */
export class TeamRules {
  /** How often a rule was asked about a person. */
  evaluated = 0;
  /** How many rules were looked at for changes of people. */
  considered = 0;

  /** As a part of the transaction, when its work is done. Throws `group_closed`. */
  async follow(tx: Transaction, mover: Mover): Promise<readonly MovedByRules[]> {
    const moved = tx.rules.moved();
    const begun = tx.rules.begun();
    if (moved.size + begun.length === 0) return [];
    await tx.rules.wait();
    return [...(await this.#followPeople(tx, moved, mover)), ...(await this.#begin(tx, begun))];
  }

  async #followPeople(
    tx: Transaction,
    moved: ReadonlyMap<string, MovedPerson>,
    mover: Mover,
  ): Promise<readonly MovedByRules[]> {
    if (moved.size === 0) return [];
    const people = await tx.rules.people([...moved.keys()]);
    const asked = new Map(people.map((person) => [person.uid, readsToAsk(person, moved)]));
    const reads = new Set([...asked.values()].flatMap((each) => [...each]));
    const anew = people.some(({ uid, active }) => active && moved.get(uid)?.anew === true);
    const rules = await tx.rules.reading([...reads], anew);
    const held = await tx.rules.givenTo(people.map(({ uid }) => uid));
    const judged = new Judged(held);
    this.considered += rules.length;
    for (const person of people) {
      const anewOne = moved.get(person.uid)?.anew;
      const concerned = rules.filter((rule) => concerns(rule, asked.get(person.uid), anewOne));
      if (!person.active) judged.leaves(person.uid);
      else for (const rule of concerned) await this.#judge(rule, person, judged);
    }
    const leaving = new Set(people.filter(({ active }) => !active).map(({ uid }) => uid));
    return settle(tx, judged, { mover, leaving, faults: tx.rules });
  }

  /** Asks rules that are new about everybody whom they may match. */
  async #begin(tx: Transaction, rules: readonly TeamRule[]): Promise<readonly MovedByRules[]> {
    const moved: MovedByRules[] = [];
    for (const rule of rules) {
      const reads = rule.matchesBlank ? undefined : rule.reads;
      for await (const page of tx.rules.pages(reads)) {
        const judged = new Judged([]);
        for (const person of page) await this.#judge(rule, person, judged);
        moved.push(
          ...(await settle(tx, judged, { mover: {}, leaving: new Set(), faults: tx.rules })),
        );
      }
    }
    return moved;
  }

  async #judge(rule: TeamRule, person: RuledPerson, judged: Judged): Promise<void> {
    if (++this.evaluated % evaluatedAtOnce === 0) await setImmediate();
    const member = { groupUid: rule.groupUid, userUid: person.uid, match: rule.match };
    const parsed = personRule(rule.match);
    const result = parsed.ok ? parsed.value.matches(person) : parsed;
    judged.note(member, result.ok ? result.value : { problem: result.problem });
  }
}

/** What rules have to be asked about the person for: what changed, or all that is known of somebody who is new. */
export function readsToAsk(
  person: RuledPerson,
  moved: ReadonlyMap<string, MovedPerson>,
): ReadonlySet<string> {
  const change = moved.get(person.uid);
  if (change === undefined) return new Set();
  const names = [
    ...[...change.attributes].map(attributeRead),
    ...[...change.groups].map(groupRead),
    ...(change.groups.size > 0 ? [anyGroupRead] : []),
  ];
  return new Set(change.anew && person.active ? [...names, ...readsOf(person)] : names);
}

const concerns = (
  { reads, matchesBlank }: TeamRule,
  asked: ReadonlySet<string> | undefined,
  anew = false,
): boolean => (anew && matchesBlank) || reads.some((read) => asked?.has(read));
