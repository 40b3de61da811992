import { compareText, type Millis } from '@ambit/kernel';
import type { CredentialsEntry, Departure } from '@ambit/rbac';
import type { PolicyPlain } from '../policy-objects.ts';
import { settlingSeconds } from './token-times.ts';

/** They are part of an entry of at most 64 KiB, of which each takes 22 bytes. */
const mostListed = 1_500;

/** What webhooks are told of who left groups. */
export type DepartureFacts = Pick<CredentialsEntry, 'departures' | 'groupsFrom'>;

/** Departures that are told more coarsely than person by person: they were too many. */
export interface CoarseDepartures {
  /** Whoever is in one of these and holds a token from before lacks it until the next token. */
  readonly groups: readonly string[];
  /** Whoever holds a token from before this has no group at all by it. */
  readonly from?: Millis;
}

export interface ToldDepartures {
  readonly facts: DepartureFacts;
  readonly coarse?: CoarseDepartures;
}

/** What webhooks know departures by. */
export interface DepartureIds {
  of(left: PolicyPlain): string;
  ofAll(group: string): string;
}

/** Who left one group: what is told of each person, or of all of them at once. */
interface OfGroup {
  readonly group: string;
  readonly people: readonly Departure[];
  readonly whole: Departure;
}

/**
 * What is told of departures from these groups. When they are too many, those that most people left are told as a whole:
 * nobody who is in another group loses anything by it. Of more groups than can be listed, the last to be left are, and no
 * group counts for a token from before.
 */
export function toldDepartures(
  byGroup: ReadonlyMap<string, readonly PolicyPlain[]>,
  ids: DepartureIds,
): ToldDepartures {
  const groups = Array.from(byGroup, ([group, left]) => ofGroup(group, left, ids));
  groups.sort((a, b) => b.people.length - a.people.length || compareText(a.group, b.group));
  let listed = groups.reduce((sum, { people }) => sum + people.length, 0);
  if (listed === 0) return { facts: {} };
  let coarse = 0;
  for (const { people } of groups) {
    if (listed <= mostListed || people.length === 1) break;
    listed -= people.length - 1;
    coarse += 1;
  }
  const whole = groups.slice(0, coarse);
  const each = groups.slice(coarse).flatMap(({ people }) => people);
  const { departures, groupsFrom } = latest([...whole.map((group) => group.whole), ...each]);
  const facts = { departures, ...(groupsFrom !== undefined && { groupsFrom }) };
  if (coarse === 0 && groupsFrom === undefined) return { facts };
  const told = whole.map(({ group }) => group).sort(compareText);
  const from = groupsFrom === undefined ? {} : { from: groupsFrom * 1_000 };
  return { facts, coarse: { groups: told, ...from } };
}

function ofGroup(group: string, left: readonly PolicyPlain[], ids: DepartureIds): OfGroup {
  const people = new Map<string, number>();
  let last = 0;
  for (const each of left) {
    const [id, before] = [ids.of(each), beforeOf(each)];
    people.set(id, Math.max(people.get(id) ?? 0, before));
    last = Math.max(last, before);
  }
  return {
    group,
    people: Array.from(people, ([id, before]) => ({ id, before })),
    whole: { id: ids.ofAll(group), before: last },
  };
}

/** As many as are listed, the last of them; tokens from before the others have no group. */
function latest(all: readonly Departure[]): Required<Pick<DepartureFacts, 'departures'>> & {
  readonly groupsFrom?: number;
} {
  const byTime = [...all].sort((a, b) => b.before - a.before || compareText(a.id, b.id));
  const beyond = byTime[mostListed];
  return {
    departures: byTime.slice(0, mostListed).sort((a, b) => compareText(a.id, b.id)),
    ...(beyond !== undefined && { groupsFrom: beyond.before }),
  };
}

/** Milliseconds since 1970. */
export const leftAt = ({ spec }: PolicyPlain): Millis => Number(spec['leftAt']);

const beforeOf = (left: PolicyPlain): number => Math.floor(leftAt(left) / 1_000) + settlingSeconds;
