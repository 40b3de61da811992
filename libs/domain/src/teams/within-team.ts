import { patternMeans } from '@ambit/rbac';
import type { LabelRequirement } from '@ambit/rbac';
import type { ClusterSelector, GrantScope, OwnedNamespaces } from '../policy-objects.ts';

/** A team as far as it says what those who look after it may give. */
export interface GivingTeam {
  readonly uid: string;
  readonly name: string;
  readonly owns: readonly OwnedNamespaces[];
  /** uids of roles. */
  readonly delegableRoles: readonly string[];
}

/** What of a grant is looked at. */
export interface GivenAccess {
  readonly roleUid: string;
  readonly scope: GrantScope;
}

/** Whom a grant names, whatever they are. */
export interface GivenTo {
  readonly kind: string;
  readonly uid: string;
}

/** A part of a grant that is more than those who look after a team may give. */
export interface BeyondTeam {
  readonly pointer: '/spec/role' | '/spec/scope' | `/spec/subjects/${number}`;
  /** A whole sentence. */
  readonly why: string;
}

/**
 * What of an access those who look after the team cannot give, whoever gets it. Only what holds for any labels that
 * clusters get later is known to lie in what the team owns.
 */
export function accessBeyondTeam(
  { name, owns, delegableRoles }: GivingTeam,
  { roleUid, scope }: GivenAccess,
): BeyondTeam | undefined {
  if (!delegableRoles.includes(roleUid)) {
    return { pointer: '/spec/role', why: `It is none of the delegable roles of Team ${name}.` };
  }
  if (liesWithin(scope, owns)) return undefined;
  return {
    pointer: '/spec/scope',
    why: `It does not lie in the namespaces that Team ${name} owns, as the team says where they are.`,
  };
}

/** What of a grant those who look after the team cannot give. `isMember` says who is in the team, by whatever way. */
export function grantBeyondTeam(
  team: GivingTeam,
  { subjects, ...access }: GivenAccess & { readonly subjects: readonly GivenTo[] },
  isMember: (subject: GivenTo) => boolean,
): BeyondTeam | undefined {
  const stranger = subjects.findIndex(
    (subject) => !(subject.kind === 'Team' ? subject.uid === team.uid : isMember(subject)),
  );
  if (stranger >= 0) {
    const pointer = `/spec/subjects/${stranger}` as const;
    return { pointer, why: `It is neither Team ${team.name} nor a member of it.` };
  }
  return accessBeyondTeam(team, access);
}

function liesWithin(
  { clusters, namespaces }: GrantScope,
  owns: readonly OwnedNamespaces[],
): boolean {
  if (namespaces.type === 'owned') return true;
  if (namespaces.type !== 'names') return false;
  return oneByOne(clusters).every((cluster) => {
    const there = owns.filter((owned) => holds(owned.clusters, cluster));
    return namespaces.names.every((name) =>
      there.some((owned) => owned.namespaces.some((pattern) => patternMeans(pattern, name))),
    );
  });
}

const oneByOne = (clusters: ClusterSelector): readonly ClusterSelector[] =>
  clusters.type === 'names'
    ? clusters.uids.map((uid) => ({ type: 'names', uids: [uid] }))
    : [clusters];

/** True when the wider one means every cluster that the narrower one means, whatever their labels become. */
function holds(wider: ClusterSelector, narrower: ClusterSelector): boolean {
  if (wider.type === 'all') return true;
  if (wider.type === 'names')
    return narrower.type === 'names' && narrower.uids.every((uid) => wider.uids.includes(uid));
  if (narrower.type !== 'selector') return false;
  const met = narrower.selector.requirements;
  return wider.selector.requirements.every((wanted) => met.some((one) => implies(one, wanted)));
}

/** True when labels that meet the one meet the other. */
function implies(one: LabelRequirement, other: LabelRequirement): boolean {
  if (one.key !== other.key) return false;
  switch (other.operator) {
    case 'In':
      return one.operator === 'In' && isPart(one.values, other.values);
    case 'NotIn':
      if (one.operator === 'In') return !one.values.some((value) => other.values.includes(value));
      return (
        one.operator === 'DoesNotExist' ||
        (one.operator === 'NotIn' && isPart(other.values, one.values))
      );
    case 'Exists':
      return one.operator === 'Exists' || one.operator === 'In';
    case 'DoesNotExist':
      return one.operator === 'DoesNotExist';
  }
}

const isPart = (some: readonly string[], all: readonly string[]): boolean =>
  some.every((value) => all.includes(value));
