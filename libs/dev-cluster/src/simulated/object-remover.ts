import type { ApiObject, StoreKey } from './api-object.ts';
import { refuseImmortal } from './namespace-lifecycle.ts';
import type { ObjectStore } from './object-store.ts';
import { namespaces, qualifiedKind } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { conflict, notFound, StatusError } from './status-error.ts';

export interface ObjectRemoval {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun: boolean;
  /** RFC 3339. */
  readonly time: string;
}

/**
 * DELETE: never checked for escalation. Gives the object when finalizers hold it, else a `Status`.
 * Throws 404 and, when a precondition fails, 409.
 */
export function removeObject(
  store: ObjectStore,
  resource: ServedResource,
  key: StoreKey,
  options: ObjectRemoval,
): object {
  const existing = store.get(resource, key);
  if (existing === undefined) throw notFound(resource, key.name);
  refusePreconditions(resource, existing, options);
  if (resource === namespaces) return removeNamespace(store, existing, options);
  if ((existing.metadata.finalizers?.length ?? 0) > 0) {
    const marked = markedForDeletion(existing, options.time);
    return options.dryRun ? marked : store.put(resource, marked);
  }
  if (!options.dryRun) store.delete(resource, key);
  return success(resource, existing);
}

export function markedForDeletion(object: ApiObject, time: string): ApiObject {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  const metadata = { ...object.metadata, deletionTimestamp: time, deletionGracePeriodSeconds: 0 };
  return { ...object, metadata };
}

/** The namespace controller removes what is in it, and then the namespace. */
function removeNamespace(store: ObjectStore, existing: ApiObject, options: ObjectRemoval): object {
  const { name } = existing.metadata;
  refuseImmortal(name);
  if (existing.metadata.deletionTimestamp !== undefined) {
    const why =
      'The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will ' +
      'automatically be purged by the system.';
    throw conflict(namespaces, name, why);
  }
  const marked = { ...markedForDeletion(existing, options.time), status: { phase: 'Terminating' } };
  return options.dryRun ? marked : store.put(namespaces, marked);
}

function refusePreconditions(
  resource: ServedResource,
  existing: ApiObject,
  options: ObjectRemoval,
): void {
  const { name, uid = '', resourceVersion = '' } = existing.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    throw preconditionFailed(
      resource,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw preconditionFailed(
      resource,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in ` +
        `record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** Unlike other conflicts this one names the kind, not its plural. */
function preconditionFailed(resource: ServedResource, name: string, why: string): StatusError {
  const { group, kind } = resource;
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedKind(resource)} ${JSON.stringify(name)}: ${why}`,
    details: { name, ...(group === '' ? {} : { group }), kind },
  });
}

function success(resource: ServedResource, { metadata: { name, uid } }: ApiObject): object {
  const { group, plural } = resource;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
  };
}
