import { compareText, type Digests, type Millis } from '@ambit/kernel';
import { grantStatus } from '../grants/grant-times.ts';
import { namingOf, subjectModeOf, subjectOf, userOfSubject } from '../names/cluster-naming.ts';
import { groupSubject } from '../names/group-subject.ts';
import { holderOfService } from '../names/service-holder.ts';
import type { NamespaceSelector, PolicyCluster, PolicyGrant } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';

/** Who came in: a person, or a program. */
export interface Entrant {
  readonly kind: 'user' | 'service';
  readonly uid: string;
  readonly name: string;
}

/** What somebody holds in a cluster by one grant that is in force. */
export interface RoleInForce {
  readonly role: string;
  readonly namespaces: NamespaceSelector;
}

/** What a person or program holds in a cluster at a moment by the policy, whatever the cluster's ceiling leaves of it. */
export function heldAccess(
  policy: PolicyView,
  entrant: Entrant,
  { clusterUid, now }: { readonly clusterUid: string; readonly now: Millis },
): RoleInForce[] {
  const grants = new Set<PolicyGrant>();
  for (const uid of namedAs(policy, entrant))
    for (const grant of policy.grantsNamingIn(clusterUid, uid)) grants.add(grant);
  return Array.from(grants).flatMap((grant) => {
    const role = policy.role(grant.roleUid);
    if (role === undefined || grantStatus(grant, now) !== 'Active') return [];
    return [{ role: role.name, namespaces: grant.scope.namespaces }];
  });
}

/** The user that a person or program is to the API server of a cluster: `ambit:alice`, or its ServiceAccount. */
export function nameInCluster(
  cluster: Parameters<typeof namingOf>[0],
  entrant: Entrant,
  digests: Digests,
): string {
  const naming = namingOf(cluster);
  return userOfSubject(naming, subjectOf(naming, holderOf(entrant), digests));
}

/**
 * What a cluster's agent is told of whom a credential is for: the whole name, prefix included, whatever the cluster
 * makes of it.
 */
export function principalInCluster(
  { userPrefix }: Pick<PolicyCluster, 'userPrefix'>,
  entrant: Entrant,
): string {
  return userPrefix + holderOf(entrant).name;
}

const holderOf = ({ kind, uid, name }: Entrant): { name: string; uid: string } => ({
  uid,
  name: kind === 'service' ? holderOfService(name) : name,
});

/**
 * The groups that the token of somebody names in a cluster, as its bindings name them: those of the person's groups that a
 * grant names there. None where bindings name people.
 */
export function groupsInCluster(
  policy: PolicyView,
  { kind, uid }: Entrant,
  { cluster, now }: { readonly cluster: PolicyCluster; readonly now: Millis },
): string[] {
  if (subjectModeOf(cluster) !== 'Groups' || kind === 'service') return [];
  const names = Array.from(policy.groupsOf(uid)).flatMap((groupUid) => {
    const group = policy.group(groupUid);
    const grants = Array.from(policy.grantsNamingIn(cluster.uid, groupUid));
    const named = grants.some((grant) => grantStatus(grant, now) !== 'Ended');
    return group !== undefined && named ? [cluster.userPrefix + groupSubject(group.name)] : [];
  });
  return names.sort(compareText);
}

/** uids under which grants name somebody. Who is locked is named nowhere. */
function namedAs(policy: PolicyView, { kind, uid }: Entrant): readonly string[] {
  if (kind === 'service') return [uid];
  if (policy.user(uid)?.active !== true) return [];
  return [uid, ...policy.groupsOf(uid)];
}
