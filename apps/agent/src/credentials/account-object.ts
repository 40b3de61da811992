import type { Digests } from '@ambit/kernel';
import type { KubeObject } from '@ambit/kube';
import {
  accessNamespace,
  accountName,
  ambitAnnotations,
  ambitLabels,
  managedByValue,
  ownerLabels,
} from '@ambit/rbac';
import type { Owner } from '@ambit/rbac';

/** Somebody a ServiceAccount stands for: the whole name in the cluster, prefix included, and the uid that central gave. */
export interface AccountHolder {
  readonly name: string;
  readonly uid: string;
}

/** Finds the objects that may be ours. */
export const accountSelector = ({ clusterUid, installationUid }: Owner): string =>
  [
    `${ambitLabels.managedBy}=${managedByValue}`,
    `${ambitLabels.cluster}=${clusterUid}`,
    `${ambitLabels.installation}=${installationUid}`,
  ].join();

/** The account as it is made: it is given to no pod, and says whose it is. */
export function accountObject(
  holder: AccountHolder,
  owner: Owner,
  digests: Digests,
): KubeObject & { readonly automountServiceAccountToken: false } {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: accountName(holder.name, holder.uid, digests),
      namespace: accessNamespace,
      labels: ownerLabels(owner),
      annotations: { [ambitAnnotations.identity]: `${holder.uid}/${holder.name}` },
    },
    automountServiceAccountToken: false,
  };
}

/** Whose account an object is; undefined for one that only carries our labels. */
export function holderOf(account: KubeObject, digests: Digests): AccountHolder | undefined {
  const { name: of, annotations } = account.metadata;
  const text = annotations?.[ambitAnnotations.identity] ?? '';
  const at = text.indexOf('/');
  const [uid, name] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  return at > 0 && accountName(name, uid, digests) === of ? { name, uid } : undefined;
}
