import { AppError, compareText } from '@ambit/kernel';
import type { PolicyChange } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';

const mostNamed = 10;

/** What keeps a role or a cluster from being deleted. */
export interface InUse {
  readonly kind: 'Role' | 'Cluster';
  readonly name: string;
  /** Names of the grants that name it, sorted; ended ones too. */
  readonly grants: readonly string[];
}

/** Grants that name the role or, by name, the cluster; undefined when it may be deleted. */
export function inUse(
  policy: PolicyView,
  kind: 'Role' | 'Cluster',
  uid: string,
): InUse | undefined {
  const object = kind === 'Role' ? policy.role(uid) : policy.cluster(uid);
  const grants = Array.from(policy.grantsNaming(kind, uid), ({ name }) => name).sort(compareText);
  if (object === undefined || grants.length === 0) return undefined;
  return { kind, name: object.name, grants };
}

/** `in_use` in the caller's words. */
export function inUseError({ kind, name, grants }: InUse): AppError {
  const shown = grants.slice(0, mostNamed).join(', ');
  const more = grants.length > mostNamed ? ` and ${grants.length - mostNamed} more` : '';
  const plural = grants.length === 1 ? 'grant' : 'grants';
  return new AppError('in_use', `${kind} ${name} is used by ${plural} ${shown}${more}.`, {
    ...(kind === 'Cluster'
      ? {
          hint: 'Removing the cluster takes it out of these grants.',
          nextCommand: `ambit cluster rm ${name}`,
        }
      : { hint: 'Delete these grants or give them another role first.' }),
    details: { grants: grants.length },
  });
}

/**
 * Takes a cluster out of every grant that names it, and deletes grants that name no other: a grant without clusters
 * would be a mistake to read later. Selectors are left alone.
 */
export function dropClusterReferences(policy: PolicyView, clusterUid: string): PolicyChange[] {
  return Array.from(policy.grantsNaming('Cluster', clusterUid), (grant): PolicyChange => {
    const { clusters } = grant.scope;
    const uids = clusters.type === 'names' ? clusters.uids.filter((uid) => uid !== clusterUid) : [];
    if (uids.length === 0) return { op: 'delete', kind: 'Grant', uid: grant.uid };
    const scope = { ...grant.scope, clusters: { type: 'names' as const, uids } };
    return { op: 'put', object: { ...grant, scope } };
  });
}
