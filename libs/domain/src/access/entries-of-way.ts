import type { BindingIntent, Intent } from '@ambit/rbac';
import { subjectModeOf } from '../names/cluster-naming.ts';
import { groupSubject } from '../names/group-subject.ts';
import type { PolicyCluster, PolicyRole, PolicyUser } from '../policy-objects.ts';
import { familyOf } from '../policy/family.ts';
import type { CompiledGrant } from '../policy/compiled-grant.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import type { AccessPath } from './access-answer.ts';

/** Tells the entries of a cluster in which a grant stands, or a part of it; others stand there with it. */
export function entriesOf(
  grant: CompiledGrant,
  role: PolicyRole | undefined,
): (entry: Intent) => entry is BindingIntent {
  const family = familyOf(grant, role);
  const text = family && JSON.stringify([family.role, family.scope]);
  return (entry): entry is BindingIntent =>
    entry.section === 'BINDING' &&
    entry.grantUid === family?.grantUid &&
    (grant.window === undefined || entry.notBefore === grant.window) &&
    JSON.stringify([entry.role, entry.scope]) === text;
}

/** The name by which the bindings of a cluster name somebody who comes by this way: the person's, or that of the group. */
export function subjectOfWay(
  policy: PolicyView,
  cluster: PolicyCluster,
  {
    user,
    path,
  }: { readonly user: PolicyUser; readonly path: Pick<AccessPath, 'through' | 'conditionGroup'> },
): string {
  const group = path.conditionGroup ?? path.through;
  return subjectModeOf(cluster) === 'Groups' && group !== undefined
    ? cluster.userPrefix + groupSubject(group)
    : policy.subjectIn(cluster, user);
}
