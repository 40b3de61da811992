import type { PolicyGrant, PolicyGroup } from '../policy-objects.ts';
import type { ScopeText } from '../names/scope-text.ts';
import type { PolicyView } from '../policy/policy-view.ts';

/** Narrows a revocation; without fields it means everything. */
export interface RevocationFilter {
  readonly roleUid?: string;
  readonly scope?: ScopeText;
}

/** Grants of one group that still give a person access. */
export interface RemainingAccess {
  readonly group: PolicyGroup;
  readonly grants: readonly PolicyGrant[];
}

/** Grants that name the subject itself and give just the role and scope of the filter; ended ones are left out. */
export function directGrantsOf(
  policy: PolicyView,
  subjectUid: string,
  filter: RevocationFilter = {},
  kind: 'User' | 'Group' = 'User',
): PolicyGrant[] {
  return Array.from(policy.grantsNaming(kind, subjectUid)).filter(
    (grant) => !grant.ended && isMeant(policy, grant, filter, isExactly),
  );
}

/**
 * What the person keeps through groups after a revocation, by group: every grant that gives the role somewhere in
 * the scope. It ends when the person leaves the group or the group's grant goes.
 */
export function remainingThroughGroups(
  policy: PolicyView,
  userUid: string,
  filter: RevocationFilter = {},
): RemainingAccess[] {
  const remaining: RemainingAccess[] = [];
  for (const groupUid of policy.groupsOf(userUid)) {
    const group = policy.group(groupUid);
    if (group === undefined) continue;
    const grants = Array.from(policy.grantsNaming('Group', groupUid)).filter(
      (grant) => !grant.ended && isMeant(policy, grant, filter, overlaps),
    );
    if (grants.length > 0) remaining.push({ group, grants });
  }
  return remaining.sort((a, b) => (a.group.name < b.group.name ? -1 : 1));
}

/** Direct grants that reach into the filter's scope and beyond it: revoking them would take away more than asked. */
export function widerDirectGrants(
  policy: PolicyView,
  subjectUid: string,
  filter: RevocationFilter,
  kind: 'User' | 'Group' = 'User',
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
