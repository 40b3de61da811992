import { scopeFromText } from '@ambit/contracts';

/** Where a question about access is asked: no namespace stands for the cluster as a whole, and for every namespace at once. */
export function questionScope(text: string): { cluster: string; namespace?: string } {
  const { clusters, namespaces } = scopeFromText(text);
  const [cluster = ''] = clusters.names ?? [];
  const [namespace] = namespaces?.names ?? [];
  return namespace === undefined ? { cluster } : { cluster, namespace };
}
