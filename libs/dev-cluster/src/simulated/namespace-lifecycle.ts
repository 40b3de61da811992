import type { ApiObject } from './api-object.ts';
import type { ObjectStore } from './object-store.ts';
import { namespaces } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { forbidden, notFound } from './status-error.ts';

const immortal = ['default', 'kube-system', 'kube-public'];

/** The admission plugin NamespaceLifecycle: nothing is made where no namespace is, or where one is on its way out. */
export function refuseMissingNamespace(
  store: ObjectStore,
  resource: ServedResource,
  object: ApiObject,
): void {
  const { name, namespace = '' } = object.metadata;
  if (!resource.namespaced) return;
  const found = store.get(namespaces, { name: namespace, namespace: '' });
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

export function refuseImmortal(name: string): void {
  if (immortal.includes(name))
    throw forbidden(namespaces, name, 'this namespace may not be deleted');
}
