import { kubeResources } from '@ambit/kube';
import { ambitAnnotations, rbacApiGroup } from '@ambit/rbac';
import type { Stored, VirtualCluster } from './virtual-cluster.ts';

const { roleBindings } = kubeResources;
const admin = 'kubectl';
const hour = 3_600_000;
const eve = { kind: 'User', apiGroup: rbacApiGroup, name: 'ambit:eve' };

/** What somebody with kubectl does to a binding of ours. `role`: in its place stands one with another role. */
export const drifts = ['delete', 'add', 'take', 'labels', 'end', 'finalizer', 'role'] as const;

/** The object that was made, where one was. */
export function drift(
  cluster: VirtualCluster,
  object: Stored,
  what: (typeof drifts)[number],
  now: number,
): Stored | undefined {
  const { name, namespace = '', labels, annotations } = object.metadata;
  const place = { name, namespace };
  if (what === 'delete') cluster.delete(roleBindings, place, admin);
  if (what === 'role') {
    takeOff(cluster, object);
    const metadata = { ...place, ...(labels && { labels }), ...(annotations && { annotations }) };
    const roleRef = { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: 'admin' } as const;
    const forged = { metadata, roleRef, subjects: [eve] };
    return cluster.create(roleBindings, forged as never, admin);
  }
  const later = new Date(now + hour).toISOString();
  const isTemporary = annotations?.[ambitAnnotations.notAfter] !== undefined;
  const patches: Partial<Record<typeof what, object>> = {
    add: { subjects: [...(object.subjects ?? []), eve] },
    take: { subjects: [] },
    labels: { metadata: { labels: null }, subjects: [eve] },
    finalizer: { metadata: { finalizers: ['example.com/keep'] } },
    ...(isTemporary && {
      end: { metadata: { annotations: { [ambitAnnotations.notAfter]: later } } },
    }),
  };
  const patch = patches[what];
  if (patch !== undefined) cluster.patch(roleBindings, place, patch, admin);
  return undefined;
}

/** Deletes an object, whatever holds it. */
export function takeOff(cluster: VirtualCluster, { metadata }: Stored): void {
  const { name, namespace = '' } = metadata;
  const place = { name, namespace };
  cluster.patch(roleBindings, place, { metadata: { finalizers: null } }, admin);
  try {
    cluster.delete(roleBindings, place, admin);
  } catch {
    // Taking the finalizers off was the end of it.
  }
}
