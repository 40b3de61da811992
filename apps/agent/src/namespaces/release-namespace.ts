import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import { ambitLabels, keptLabels, teamLabel } from '@ambit/rbac';
import type { Digests } from '@ambit/kernel';
import type { Owner } from '@ambit/rbac';
import { KeepObjects } from './keep-objects.ts';
import { labelsSet, releaseLabels } from './label-plan.ts';
import type { MetadataPatch } from './label-plan.ts';

/** What was let go of. */
export interface Released {
  readonly namespace: KubeObject;
  readonly team: string;
  readonly objects: number;
}

interface Parts {
  readonly client: Pick<KubeClient, 'mergePatch'>;
  readonly objects: Pick<KeepObjects, 'release'>;
}

/**
 * Lets go of a namespace and of what a profile put there: all of it stays. Undefined where there is nothing of ours. The objects
 * come first: the labels say that there is something to let go of.
 */
export async function releaseNamespace(
  { client, objects }: Parts,
  namespace: KubeObject,
): Promise<Released | undefined> {
  const { metadata } = namespace;
  if (!labelsSet(metadata).has(teamLabel)) return undefined;
  const count = await objects.release(metadata.name);
  const patch = releaseLabels(metadata);
  if (patch !== undefined) await patchNamespace(client, namespace, patch);
  return { namespace, team: metadata.labels?.[teamLabel] ?? '', objects: count };
}

/** Changes labels and annotations of the very namespace that was read, as it was read. */
export async function patchNamespace(
  client: Pick<KubeClient, 'mergePatch'>,
  { metadata: { name, uid, resourceVersion } }: KubeObject,
  patch: MetadataPatch,
): Promise<void> {
  const metadata = { uid, resourceVersion, ...patch };
  await client.mergePatch(kubeResources.namespaces, { name }, { metadata });
}

/** What became of the namespaces of teams when everything of ours goes. */
export interface NamespaceRelease {
  readonly released: readonly string[];
  readonly left: readonly { readonly object: string; readonly why: string }[];
}

/** Lets go of every namespace that agents of this installation keep. */
export async function releaseNamespaces(
  client: Pick<KubeClient, 'list' | 'get' | 'create' | 'mergePatch' | 'delete'>,
  { owner, digests }: { readonly owner: Owner; readonly digests: Digests },
): Promise<NamespaceRelease> {
  const objects = new KeepObjects({ client, owner, digests, audit: { record: () => undefined } });
  const { items } = await client.list<KubeObject>(kubeResources.namespaces, {
    labelSelector: `${keptLabels[0]},${ambitLabels.installation}=${owner.installationUid}`,
  });
  const released: string[] = [];
  const left: { object: string; why: string }[] = [];
  for (const namespace of items) {
    const { name } = namespace.metadata;
    try {
      if ((await releaseNamespace({ client, objects }, namespace)) !== undefined)
        released.push(name);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      left.push({ object: `Namespace ${name}`, why: error.message });
    }
  }
  return { released, left };
}
