import type { AccessRefusal, PersonAttributes, PolicyCluster, PolicyView } from '@ambit/domain';
import { findPeopleAsRead } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import { grantCondition } from '../../platform/expressions/grant-condition.ts';

/** Most of what a condition reads that an answer says. */
const mostRead = 6;

/** Of whom, and where, a condition was asked. */
export interface AskedCondition {
  readonly policy: PolicyView;
  readonly userUid: string;
  readonly cluster: Pick<PolicyCluster, 'labels'>;
}

interface Noted extends AskedCondition {
  readonly told: { message?: string | undefined };
  readonly match: string;
}

/**
 * Why conditions do not hold: what they read, and what it is. What is answered is noted while it is made, and told in the end: in
 * one statement for all of it, and in none when no condition failed.
 */
export class ConditionReads {
  readonly #noted: Noted[] = [];
  readonly #past: boolean;

  /** `past`: of then nobody knows what was known of people. */
  constructor({ past }: { readonly past: boolean }) {
    this.#past = past;
  }

  /** `told` is the answer to the refusal, and gets a longer message. */
  note<T extends { message?: string | undefined }>(
    told: T,
    refusal: Pick<AccessRefusal, 'reason' | 'match'> | undefined,
    asked: AskedCondition,
  ): T {
    if (refusal?.reason === 'condition_not_met' && refusal.match !== undefined)
      this.#noted.push({ ...asked, told, match: refusal.match });
    return told;
  }

  async tell(sql: Sql): Promise<void> {
    const noted = this.#noted.splice(0);
    if (noted.length === 0) return;
    const uids = [...new Set(noted.map(({ userUid }) => userUid))];
    const people = this.#past ? undefined : await findPeopleAsRead(sql, uids);
    for (const each of noted) {
      const read = readBy(
        each,
        people === undefined ? undefined : (people.get(each.userUid) ?? {}),
      );
      if (read.length > 0) each.told.message = `${each.told.message} (${read.join(', ')})`;
    }
  }
}

function readBy(
  { match, policy, userUid, cluster }: Noted,
  attributes: PersonAttributes | undefined,
): readonly string[] {
  const parsed = grantCondition(match);
  if (!parsed.ok) return [`it cannot be read: ${parsed.problem}`];
  const { reads, labels } = parsed.value;
  const ofPerson = reads.flatMap((read) => {
    const [kind = '', ...rest] = read.split(':');
    const name = rest.join(':');
    if (kind === 'a') return attributes === undefined ? [] : valueText(name, attributes[name]);
    return name === '' ? [] : groupText(name, policy, userUid);
  });
  const ofCluster = labels.map((name) =>
    valueText(
      `cluster.labels.${name}`,
      Object.hasOwn(cluster.labels, name) ? cluster.labels[name] : undefined,
    ),
  );
  return [...ofPerson, ...ofCluster].slice(0, mostRead);
}

const valueText = (name: string, value: unknown): string =>
  value === undefined ? `${name} is not set` : `${name} is ${JSON.stringify(value).slice(0, 80)}`;

function groupText(name: string, policy: PolicyView, userUid: string): string {
  const isIn = Array.from(policy.groupsOf(userUid)).some((uid) => policy.group(uid)?.name === name);
  return `${isIn ? 'in' : 'not in'} group ${name}`;
}
