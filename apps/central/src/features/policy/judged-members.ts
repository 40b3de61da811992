import type { TokenRole } from '@ambit/contracts';
import { grantOfGroup, isConditionGroup, teamOfGroup } from '@ambit/domain';
import type { CentralEventType } from '@ambit/domain';
import type {
  MovedByRules,
  RuledMember,
  RuleFault,
  RuleStore,
  Transaction,
} from '@ambit/persistence';
import { closedToSync, refuseClosedTeams } from './closed-groups.ts';
import { listed, mostSubjects, objectOf } from './policy-audit.ts';

/** Whose change it is that may move people between teams, or into what conditions of grants give. */
export interface Mover {
  /** Of the token that asks: `sync` moves nobody into or out of a team that is closed to it. */
  readonly role?: TokenRole | undefined;
  /** A provider says it at a sign-in: nobody comes into such a team by it, and the sign-in goes on. */
  readonly claimed?: boolean | undefined;
}

/** Some evaluations are done before others in this process get a turn: a few milliseconds of work. */
export const evaluatedAtOnce = 2_000;

const keyOf = ({ groupUid, userUid, match }: RuledMember): string =>
  `${groupUid}/${userUid}/${match}`;

/** What rules said of people, beside what they gave before. */
export class Judged {
  readonly gives: RuledMember[] = [];
  readonly takes: RuledMember[] = [];
  readonly all: RuledMember[] = [];
  readonly faults: RuleFault[] = [];
  readonly #held: ReadonlyMap<string, RuledMember>;

  constructor(held: readonly RuledMember[]) {
    this.#held = new Map(held.map((member) => [keyOf(member), member]));
  }

  note(member: RuledMember, said: boolean | { readonly problem: string }): void {
    const matches = said === true;
    if (typeof said !== 'boolean') this.faults.push({ ...member, problem: said.problem });
    this.all.push(member);
    const held = this.#held.has(keyOf(member));
    if (matches && !held) this.gives.push(member);
    if (!matches && held) this.takes.push(member);
  }

  /** Nobody who has no access is matched. */
  leaves(uid: string): void {
    for (const member of this.#held.values()) if (member.userUid === uid) this.takes.push(member);
  }
}

/** Who makes the change, and whose access ends with it. */
export interface Settled {
  readonly mover: Mover;
  /** uids of people: their leaving is always open. */
  readonly leaving: ReadonlySet<string>;
  /** Where what could not be evaluated is kept. */
  readonly faults: Pick<RuleStore, 'noteFaults'>;
}

/** Stores what rules said, as a part of the transaction. Throws `group_closed`. */
export async function settle(
  tx: Transaction,
  judged: Judged,
  { mover, leaving, faults }: Settled,
): Promise<readonly MovedByRules[]> {
  const { takes } = judged;
  let { gives } = judged;
  const toJudge = [...gives, ...takes.filter(({ userUid }) => !leaving.has(userUid))];
  if (mover.role === 'sync' && mover.claimed !== true)
    await refuseClosedTeams(tx, groupsOf(toJudge));
  if (mover.claimed === true && gives.length > 0) {
    const closed = await closedToSync(tx, groupsOf(gives));
    gives = gives.filter(({ groupUid }) => !closed.has(groupUid));
  }
  const moved = [...(await tx.rules.take(takes)), ...(await tx.rules.give(gives))];
  await faults.noteFaults(judged.all, judged.faults);
  for (const each of moved) tell(tx, each);
  return moved;
}

const groupsOf = (members: readonly RuledMember[]): string[] => [
  ...new Set(members.map(({ groupUid }) => groupUid)),
];

function tell({ audit }: Pick<Transaction, 'audit'>, { group, joined, left }: MovedByRules): void {
  const { came, went, details } = wordsOf(group.name);
  const record = (type: CentralEventType, names: readonly string[], say: Words): void => {
    if (names.length === 0) return;
    audit.record({
      type,
      message: say(listed(names)),
      object: objectOf('Group', group),
      subjects: names.slice(0, mostSubjects),
      details: { members: names.length, ...details },
    });
  };
  record('group.member_removed', left, went);
  record('group.member_added', joined, came);
}

type Words = (names: string) => string;

function wordsOf(group: string): {
  readonly came: Words;
  readonly went: Words;
  readonly details: Readonly<Record<string, string>>;
} {
  if (isConditionGroup(group)) {
    const grant = grantOfGroup(group);
    return {
      came: (names) => `The condition of grant ${grant} holds for ${names}`,
      went: (names) => `The condition of grant ${grant} holds no more for ${names}`,
      details: { grant },
    };
  }
  const team = teamOfGroup(group);
  return {
    came: (names) => `${names} joined team ${team} by its rules`,
    went: (names) => `${names} left team ${team} by its rules`,
    details: { team },
  };
}
