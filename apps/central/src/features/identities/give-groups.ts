import { defined } from '@ambit/kernel';
import type { GivenGroups, NamedReference, Transaction } from '@ambit/persistence';
import { auditMembers } from '../people/public.ts';
import { closedToSync, objectOf } from '../policy/public.ts';
import type { RulesOfGroup } from './claims-mapping.ts';
import { groupNames } from './claims-mapping.ts';
import { claimsSource } from './provider-spec.ts';
import type { PreviewedGroup } from './upstream-sign-in.ts';

/** A group that rules give, and whether it can be given. */
export type JudgedGroup = PreviewedGroup & { readonly uid?: string };

/** What of the mapped groups may be given: those that there are and that are not closed to those who sync people. */
export async function judgedGroups(
  tx: Transaction,
  groups: RulesOfGroup,
): Promise<readonly JudgedGroup[]> {
  const names = groupNames(groups);
  const known = await tx.names.find({ Group: names });
  const uids = names.flatMap((name) => known.uid('Group', name) ?? []);
  const closures = await closedToSync(tx, uids);
  return names.map((group) => {
    const uid = known.uid('Group', group);
    const refused = uid === undefined ? 'there is no such group' : closures.get(uid);
    return { group, rules: groups.get(group) ?? [], ...defined({ uid, refused }) };
  });
}

interface Giving {
  readonly provider: string;
  readonly person: NamedReference;
  readonly groups: readonly JudgedGroup[];
  /** The removal guard stopped the sign-in: nothing is taken away. */
  readonly keeps: boolean;
}

/**
 * Makes these the groups that the claims of a provider give the person, as a part of a transaction. A group that is closed
 * since it was given stays given as long as the claims say so; nobody comes into it anew.
 */
export async function giveGroups(tx: Transaction, giving: Giving): Promise<GivenGroups> {
  const { provider, person, groups, keeps } = giving;
  const source = claimsSource(provider);
  const before = new Set(await tx.members.givenTo(person.uid, source));
  const wanted = groups.flatMap(({ uid, refused }) =>
    uid !== undefined && (refused === undefined || before.has(uid)) ? [uid] : [],
  );
  const given = await tx.members.give(
    person.uid,
    source,
    keeps ? [...new Set([...before, ...wanted])] : wanted,
  );
  auditGiven(tx, giving, given);
  return given;
}

function auditGiven(tx: Transaction, { provider, person }: Giving, changes: GivenGroups): void {
  const { given, taken, joined, left } = changes;
  for (const group of joined) auditMembers(tx, group, { added: [person.name], removed: [] });
  for (const group of left) auditMembers(tx, group, { added: [], removed: [person.name] });
  const moved = new Set([...joined, ...left].map(({ uid }) => uid));
  const told = (group: NamedReference, what: string): void => {
    if (moved.has(group.uid)) return;
    tx.audit.record({
      type: 'group.updated',
      message: `${person.name} stays in group ${group.name}, which ${provider} ${what}`,
      object: objectOf('Group', group),
      subjects: [person.name],
    });
  };
  for (const group of given) told(group, 'gives too');
  for (const group of taken) told(group, 'no longer gives');
}
