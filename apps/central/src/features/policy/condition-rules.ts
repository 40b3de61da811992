import { setImmediate } from 'node:timers/promises';
import type { PolicyChange } from '@ambit/domain';
import type {
  ConditionedPerson,
  MovedByRules,
  MovedPerson,
  RuledMember,
  StoredCondition,
  Transaction,
} from '@ambit/persistence';
import { grantCondition } from '../../platform/expressions/grant-condition.ts';
import { arrangeConditions, kindOf, mayArrange } from './arrange-conditions.ts';
import type { Begun } from './arrange-conditions.ts';
import { evaluatedAtOnce, Judged, settle } from './judged-members.ts';
import type { Mover } from './judged-members.ts';
import { movesPeople, readsToAsk } from './team-rules.ts';

/** True for changes after which a condition may hold for somebody, or somewhere, for whom it did not, or no longer. */
export function movesConditions(
  changes: readonly PolicyChange[],
  policy: Parameters<typeof movesPeople>[1],
): boolean {
  return writesCondition(changes) || (policy.hasConditions && touches(changes, policy));
}

const touches = (
  changes: readonly PolicyChange[],
  policy: Parameters<typeof movesPeople>[1],
): boolean =>
  movesPeople(changes, policy) ||
  changes.some((change) => kindOf(change) !== 'Grant' && mayArrange(change));

/** True for changes of which one gives a grant a condition. */
export const writesCondition = (changes: readonly PolicyChange[]): boolean =>
  changes.some(
    (change) =>
      change.op === 'put' && change.object.kind === 'Grant' && change.object.match !== undefined,
  );

/**
 * Follows changes of people, groups, teams, clusters and grants with those for whom conditions of grants hold. It is asked after
 * rules of teams have said who is in teams, and no rule looks at what it says. Of people those alone are looked at who changed
 * in something that a condition reads or who came to be subjects of one, and those conditions alone that are of them.
 */
export class ConditionRules {
  /** How often a condition was asked about a person. */
  evaluated = 0;
  /** How many conditions were looked at for changes of people. */
  considered = 0;

  /** As a part of the transaction, when its work is done. Throws `group_closed`, and `invalid_policy` for too many labels. */
  async follow(tx: Transaction, mover: Mover): Promise<readonly MovedByRules[]> {
    const changes = [...tx.policy.changes(), ...tx.conditions.told()];
    const moved = tx.rules.moved();
    if (moved.size === 0 && !changes.some(mayArrange)) return [];
    await tx.rules.wait();
    const begun = await arrangeConditions(tx, changes);
    const followed = await this.#followPeople(tx, moved, mover);
    return [...followed, ...(await this.#begin(tx, begun))];
  }

  async #followPeople(
    tx: Transaction,
    moved: ReadonlyMap<string, MovedPerson>,
    mover: Mover,
  ): Promise<readonly MovedByRules[]> {
    if (moved.size === 0) return [];
    const people = await tx.conditions.people([...moved.keys()]);
    const held = await tx.conditions.heldBy(people.map(({ uid }) => uid));
    const conditions = await concerningPeople(tx, people, { moved, held });
    this.considered += conditions.length;
    const judged = new Judged(held);
    const inside = new Set(held.map(({ groupUid, userUid }) => `${groupUid}/${userUid}`));
    for (const person of people) {
      const shifted = movedKeys(person, moved).length > 0;
      const concerned = conditions.filter(
        (condition) =>
          concerns(condition, person, moved) ||
          (shifted &&
            inside.has(`${condition.groupUid}/${person.uid}`) &&
            !isSubject(condition, person)),
      );
      if (!person.active) judged.leaves(person.uid);
      else for (const condition of concerned) await this.#judge(condition, person, judged);
    }
    const leaving = new Set(people.filter(({ active }) => !active).map(({ uid }) => uid));
    return settle(tx, judged, { mover, leaving, faults: tx.conditions });
  }

  async #begin(tx: Transaction, begun: readonly Begun[]): Promise<readonly MovedByRules[]> {
    const moved: MovedByRules[] = [];
    for (const { conditions, subjects } of bySubjects(begun)) {
      for await (const page of tx.conditions.pages(subjects)) {
        const judged = new Judged(await tx.conditions.heldBy(page.map(({ uid }) => uid)));
        for (const condition of conditions) await this.#judgeAll(condition, page, judged);
        const settled = { mover: {}, leaving: new Set<string>(), faults: tx.conditions };
        moved.push(...(await settle(tx, judged, settled)));
      }
    }
    return moved;
  }

  async #judgeAll(
    condition: StoredCondition,
    people: readonly ConditionedPerson[],
    judged: Judged,
  ): Promise<void> {
    for (const person of people) await this.#judge(condition, person, judged);
  }

  async #judge(
    condition: StoredCondition,
    person: ConditionedPerson,
    judged: Judged,
  ): Promise<void> {
    const { groupUid, match, labels } = condition;
    const member = { groupUid, userUid: person.uid, match };
    if (!isSubject(condition, person)) return judged.note(member, false);
    if (++this.evaluated % evaluatedAtOnce === 0) await setImmediate();
    const parsed = grantCondition(match);
    const result = parsed.ok ? parsed.value.matches(person, labels) : parsed;
    judged.note(member, result.ok ? result.value : { problem: result.problem });
  }
}

/** A grant has a condition for each combination of labels, all of the same people, who are read once for all of them. */
function bySubjects(
  begun: readonly Begun[],
): Iterable<{ readonly conditions: StoredCondition[]; readonly subjects: readonly string[] }> {
  const found = new Map<string, { conditions: StoredCondition[]; subjects: readonly string[] }>();
  for (const { condition, subjects } of begun) {
    const key = subjects.join();
    const known = found.get(key);
    if (known === undefined) found.set(key, { conditions: [condition], subjects });
    else known.conditions.push(condition);
  }
  return found.values();
}

/** By what conditions know a person as one of their subjects. */
const keysOf = ({ uid, groupUids }: ConditionedPerson): readonly string[] => [uid, ...groupUids];

const isSubject = ({ subjects }: StoredCondition, person: ConditionedPerson): boolean =>
  keysOf(person).some((key) => subjects.includes(key));

async function concerningPeople(
  tx: Transaction,
  people: readonly ConditionedPerson[],
  {
    moved,
    held,
  }: {
    readonly moved: ReadonlyMap<string, MovedPerson>;
    readonly held: readonly RuledMember[];
  },
): Promise<readonly StoredCondition[]> {
  const active = people.filter((person) => person.active);
  const movedSubjects = active.flatMap((person) => movedKeys(person, moved));
  const keys = new Set([...active.flatMap(keysOf), ...movedSubjects]);
  // Who came or went as a subject may be one no more of what holds for them.
  const shifted = new Set(
    active.filter((person) => movedKeys(person, moved).length > 0).map(({ uid }) => uid),
  );
  const groups = held.filter(({ userUid }) => shifted.has(userUid)).map(({ groupUid }) => groupUid);
  if (keys.size + groups.length === 0) return [];
  return tx.conditions.concerning({
    subjects: [...keys],
    reads: [...new Set(active.flatMap((person) => [...readsToAsk(person, moved)]))],
    movedSubjects: [...new Set(movedSubjects)],
    groups: [...new Set(groups)],
  });
}

/** By what somebody came to be a subject of conditions in this transaction, or ceased to be one. */
function movedKeys(
  person: ConditionedPerson,
  moved: ReadonlyMap<string, MovedPerson>,
): readonly string[] {
  const change = moved.get(person.uid);
  if (change === undefined) return [];
  return [...change.groupUids, ...(change.anew ? keysOf(person) : [])];
}

function concerns(
  condition: StoredCondition,
  person: ConditionedPerson,
  moved: ReadonlyMap<string, MovedPerson>,
): boolean {
  if (movedKeys(person, moved).some((key) => condition.subjects.includes(key))) return true;
  const asked = readsToAsk(person, moved);
  return condition.reads.some((read) => asked.has(read)) && isSubject(condition, person);
}
