import { kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import { ambitLabels, managedByValue } from '@ambit/rbac';
import type { BindingObject } from '@ambit/rbac';
import type { RawRequest } from './raw-writer.ts';

const group = '/apis/rbac.authorization.k8s.io/v1';
const ours = `${ambitLabels.managedBy}=${managedByValue}`;

/** All bindings of ours, as the API server shows them. */
export async function bindingsOfOurs(admin: KubeClient): Promise<readonly BindingObject[]> {
  const { items } = await admin.list<BindingObject & KubeObject>(kubeResources.roleBindings, {
    labelSelector: ours,
  });
  return items;
}

/** The requests that make these objects. */
export function creates(bindings: readonly BindingObject[]): RawRequest[] {
  return bindings.map(({ metadata, roleRef, subjects }) => {
    const { name, namespace, labels, annotations } = metadata;
    const object = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace, labels, annotations },
      roleRef,
      subjects,
    };
    const path = `${group}/namespaces/${namespace}/rolebindings`;
    return { method: 'POST', path, body: JSON.stringify(object) };
  });
}

/** The requests that take them away. */
export function removals(bindings: readonly BindingObject[]): RawRequest[] {
  return bindings.map(({ metadata: { name, namespace } }) => ({
    method: 'DELETE',
    path: `${group}/namespaces/${namespace}/rolebindings/${name}`,
  }));
}

/** Throws unless so many bindings of ours stand. */
export async function expectStanding(admin: KubeClient, count: number): Promise<void> {
  const found = (await bindingsOfOurs(admin)).length;
  if (found !== count) throw new Error(`${found} bindings stand instead of ${count}`);
}

/** What was counted between two looks. */
export function since(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const verbs = Object.keys(after);
  return Object.fromEntries(verbs.map((verb) => [verb, (after[verb] ?? 0) - (before[verb] ?? 0)]));
}
