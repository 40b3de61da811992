import { compareText, defined } from '@ambit/kernel';
import type { GrantSubject, PolicyGrant, PolicyGroup, PolicyTeam } from '../policy-objects.ts';
import type { ScopeText } from '../names/scope-text.ts';
import type { PolicyView } from '../policy/policy-view.ts';

/** Narrows a revocation; without fields it means everything. */
export interface RevocationFilter {
  readonly roleUid?: string;
  readonly scope?: ScopeText;
}

/** Grants of one group or team that still give a person or a group access. */
export interface RemainingAccess {
  /** Absent: the team names the subject itself. */
  readonly group?: PolicyGroup;
  /** Absent: the grants name the group. */
  readonly team?: PolicyTeam;
  readonly grants: readonly PolicyGrant[];
}

/** Grants that name the subject itself and give just the role and scope of the filter; ended ones are left out. */
export function directGrantsOf(
  policy: PolicyView,
  subjectUid: string,
  filter: RevocationFilter = {},
  kind: GrantSubject['kind'] = 'User',
): PolicyGrant[] {
  return Array.from(policy.grantsNaming(kind, subjectUid)).filter(
    (grant) => !grant.ended && isMeant(policy, grant, filter, isExactly),
  );
}

/**
 * What a person or group keeps through groups and teams after a revocation: every grant that gives the role somewhere in
 * the scope. It ends when the subject leaves the group, the group the team, or the grant goes.
 */
export function remainingThroughOthers(
  policy: PolicyView,
  subjectUid: string,
  filter: RevocationFilter = {},
): RemainingAccess[] {
  const groups = Array.from(policy.groupsOf(subjectUid)).flatMap((uid) => policy.group(uid) ?? []);
  const remaining: RemainingAccess[] = [];
  const note = (kind: 'Group' | 'Team', by: Omit<RemainingAccess, 'grants'>, uid: string): void => {
    const grants = Array.from(policy.grantsNaming(kind, uid)).filter(
      (grant) => !grant.ended && isMeant(policy, grant, filter, overlaps),
    );
    if (grants.length > 0) remaining.push({ ...by, grants });
  };
  for (const group of groups) note('Group', { group }, group.uid);
  for (const group of [undefined, ...groups]) {
    for (const uid of policy.teamsOf(group?.uid ?? subjectUid)) {
      const team = policy.team(uid);
      if (team !== undefined) note('Team', defined({ group, team }), uid);
    }
  }
  return remaining.sort((a, b) => compareText(orderOf(a), orderOf(b)));
}

const orderOf = ({ group, team }: RemainingAccess): string =>
  `${group?.name ?? ''} ${team?.name ?? ''}`;

/** Direct grants that reach into the filter's scope and beyond it: revoking them would take away more than asked. */
export function widerDirectGrants(
  policy: PolicyView,
  subjectUid: string,
  filter: RevocationFilter,
  kind: GrantSubject['kind'] = 'User',
): PolicyGrant[] {
  return Array.from(policy.grantsNaming(kind, subjectUid)).filter(
    (grant) =>
      !grant.ended &&
      isMeant(policy, grant, filter, overlaps) &&
      !isMeant(policy, grant, filter, isExactly),
  );
}

type ScopeTest = (policy: PolicyView, grant: PolicyGrant, scope: ScopeText) => boolean;

function isMeant(
  policy: PolicyView,
  grant: PolicyGrant,
  { roleUid, scope }: RevocationFilter,
  test: ScopeTest,
): boolean {
  if (roleUid !== undefined && grant.roleUid !== roleUid) return false;
  return scope === undefined || test(policy, grant, scope);
}

function isExactly(policy: PolicyView, { scope }: PolicyGrant, wanted: ScopeText): boolean {
  const { clusters, namespaces } = scope;
  const cluster = policy.byName('Cluster', wanted.cluster);
  if (clusters.type !== 'names' || clusters.uids.length !== 1) return false;
  if (clusters.uids[0] !== cluster?.uid || namespaces.type !== wanted.namespaces.type) return false;
  if (namespaces.type !== 'names' || wanted.namespaces.type !== 'names') return true;
  return namespaces.names.length === 1 && namespaces.names[0] === wanted.namespaces.names[0];
}

/** A namespace selector may select any namespace, so it counts as reaching into each. */
function overlaps(policy: PolicyView, grant: PolicyGrant, wanted: ScopeText): boolean {
  const cluster = policy.byName('Cluster', wanted.cluster);
  if (cluster === undefined || !policy.reaches(grant.uid, cluster.uid)) return false;
  const { namespaces } = grant.scope;
  if (namespaces.type !== 'names' || wanted.namespaces.type !== 'names') return true;
  return namespaces.names.includes(wanted.namespaces.names[0]);
}
