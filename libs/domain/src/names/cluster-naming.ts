import { accessNamespace, accountName, accountUser, serviceAccountUser } from '@ambit/rbac';
import type { SubjectMode } from '@ambit/rbac';
import type { Digests } from '@ambit/kernel';
import type { PolicyCluster, PolicyUser } from '../policy-objects.ts';

/** No prefix of user names begins like this, so that a naming that does is one of ServiceAccounts. */
const accountsMark = serviceAccountUser(accessNamespace, '');

/**
 * How a cluster names people in its bindings, as a text: the prefix of user names, or, where people are ServiceAccounts,
 * that prefix behind a mark. Clusters of one naming name everybody alike.
 */
export type ClusterNaming = string;

type Naming = Pick<PolicyCluster, 'userPrefix' | 'subjectMode' | 'access'>;

/** How people stand in the bindings of a cluster. Who gets in by ServiceAccounts is named by them. */
export function subjectModeOf({ subjectMode, access }: Omit<Naming, 'userPrefix'>): SubjectMode {
  return access?.credential === 'ServiceAccountToken' ? 'ServiceAccounts' : subjectMode;
}

export function namingOf(cluster: Naming): ClusterNaming {
  const accounts = subjectModeOf(cluster) === 'ServiceAccounts';
  return accounts ? accountsMark + cluster.userPrefix : cluster.userPrefix;
}

/** The kind of subjects that a naming makes. */
export function subjectKindOf(naming: ClusterNaming): 'Users' | 'ServiceAccounts' {
  return naming.startsWith(accountsMark) ? 'ServiceAccounts' : 'Users';
}

/** The name of a person or program in bindings. */
export function subjectOf(
  naming: ClusterNaming,
  { name, uid }: Pick<PolicyUser, 'name' | 'uid'>,
  digests: Digests,
): string {
  return subjectKindOf(naming) === 'Users'
    ? naming + name
    : accountName(naming.slice(accountsMark.length) + name, uid, digests);
}

/** As Kubernetes names the user that this subject is. */
export function userOfSubject(naming: ClusterNaming, subject: string): string {
  return subjectKindOf(naming) === 'Users' ? subject : accountUser(subject);
}
