import { randomBytes, randomUUID } from 'node:crypto';
import type { UserInfo } from '@ambit/rbac';
import type { SimulatedAdmission } from './admission.ts';
import { sameValue } from './api-object.ts';
import type { ApiMeta, ApiObject, StoreKey } from './api-object.ts';
import { decodeObject } from './decode-object.ts';
import { refuseEscalation } from './escalation.ts';
import { afterUpdate } from './managed-fields.ts';
import type { Writer } from './managed-fields.ts';
import { refuseMissingNamespace } from './namespace-lifecycle.ts';
import type { ObjectStore } from './object-store.ts';
import { refuseTooLarge } from './object-size.ts';
import { applyConfig } from './server-side-apply.ts';
import { namespaces } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  modifiedMeanwhile,
  notFound,
  StatusError,
} from './status-error.ts';
import { objectFaults, updateFaults } from './validate-object.ts';

/** Everything about a write but its content. */
export interface WriteRequest {
  readonly user: UserInfo;
  readonly resource: ServedResource;
  readonly namespace: string;
  /** Name in the path: empty for POST. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly writer: Writer;
}

export interface Written {
  readonly object: ApiObject;
  readonly created: boolean;
}

/** What an update makes of what is there; undefined there is nothing. */
type Change = (existing: ApiObject | undefined) => ApiObject;

/** Creates and changes objects by the rules of a kube-apiserver's generic registry and RBAC storage. */
export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #admission: SimulatedAdmission;

  constructor(store: ObjectStore, admission: SimulatedAdmission) {
    this.#store = store;
    this.#admission = admission;
  }

  create(request: WriteRequest, sent: unknown): ApiObject {
    const object = named(place(decodeObject(request.resource, sent), request));
    refuseMissingNamespace(this.#store, request.resource, object);
    refuseEscalation({ store: this.#store, ...request, object, requestName: request.name });
    if (object.metadata.resourceVersion !== undefined) {
      throw new StatusError({
        code: 500,
        message: 'resourceVersion should not be set on objects to be created',
      });
    }
    return this.#insert(request, object);
  }

  /** PUT. Makes the object when it is not there and its kind allows that. */
  replace(request: WriteRequest, sent: unknown): Written {
    const object = place(decodeObject(request.resource, sent), request);
    const existing = this.#existing(request);
    const { uid } = object.metadata;
    if (uid !== undefined && uid !== existing?.metadata.uid) {
      const found = existing?.metadata.uid ?? '';
      throw conflict(
        request.resource,
        request.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`,
      );
    }
    return this.#update(request, existing, () => object);
  }

  /** A patch of what is there. `change` works on the JSON as it would be read. */
  patch(request: WriteRequest, change: (existing: ApiObject) => unknown): Written {
    const existing = this.#existing(request);
    if (existing === undefined) throw notFound(request.resource, request.name);
    return this.#update(request, existing, () =>
      place(decodeObject(request.resource, change(existing)), request),
    );
  }

  apply(request: WriteRequest, sent: unknown, force: boolean): Written {
    const config = { ...place(decodeObject(request.resource, sent), request), ...emptied(sent) };
    const existing = this.#existing(request);
    const { uid } = config.metadata;
    if (existing === undefined && uid !== undefined) {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw conflict(request.resource, request.name, why);
    }
    return this.#update(request, existing, () =>
      decodeObject(request.resource, applyConfig(config, existing, request.writer, force)),
    );
  }

  #update(request: WriteRequest, existing: ApiObject | undefined, change: Change): Written {
    const { resource, name } = request;
    if (existing === undefined && !resource.createsOnUpdate) throw notFound(resource, name);
    const object = change(existing);
    const question = { store: this.#store, ...request, object, requestName: name };
    if (existing === undefined) {
      refuseMissingNamespace(this.#store, resource, object);
      refuseEscalation(question);
      return { object: this.#insert(request, object), created: true };
    }
    refuseEscalation({ ...question, existing });
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== existing.metadata.resourceVersion) {
      throw conflict(resource, name, modifiedMeanwhile);
    }
    return { object: this.#change(request, existing, carryOver(object, existing)), created: false };
  }

  #change(request: WriteRequest, existing: ApiObject, sent: ApiObject): ApiObject {
    const { resource, writer } = request;
    const object = this.#admission.admit(resource, sent);
    const faults = [...updateFaults(object, existing), ...objectFaults(resource, object)];
    if (faults.length > 0) throw invalid(resource, request.name, faults);
    const applied = writer.operation === 'Apply';
    const fields = applied ? object.metadata.managedFields : afterUpdate(object, existing, writer);
    const next = withManagedFields(object, fields);
    if (sameValue(withoutTimes(next), withoutTimes(existing))) return existing;
    refuseTooLarge(next);
    if (request.dryRun) return next;
    if (next.metadata.deletionTimestamp === undefined || isHeld(next)) {
      return this.#store.put(resource, next);
    }
    this.#store.delete(resource, keyIn(request));
    return next;
  }

  #insert(request: WriteRequest, asked: ApiObject): ApiObject {
    const { resource, writer } = request;
    const sent = this.#admission.admit(resource, asked);
    const faults = objectFaults(resource, sent);
    if (faults.length > 0) throw invalid(resource, sent.metadata.name, faults);
    const key = { name: sent.metadata.name, namespace: request.namespace };
    if (this.#store.get(resource, key) !== undefined) throw alreadyExists(resource, key.name);
    const {
      resourceVersion: _version,
      deletionTimestamp: _end,
      managedFields,
      ...meta
    } = sent.metadata;
    const metadata = { ...meta, uid: randomUUID(), creationTimestamp: writer.time };
    const object = resource === namespaces ? newNamespace(sent, metadata) : { ...sent, metadata };
    const fields =
      writer.operation === 'Apply' ? managedFields : afterUpdate(object, undefined, writer);
    const complete = withManagedFields(object, fields);
    refuseTooLarge(complete);
    return request.dryRun ? complete : this.#store.put(resource, complete);
  }

  #existing(request: WriteRequest): ApiObject | undefined {
    return this.#store.get(request.resource, keyIn(request));
  }
}

function isHeld({ metadata, spec }: ApiObject): boolean {
  return [...(metadata.finalizers ?? []), ...(spec?.finalizers ?? [])].length > 0;
}

function keyIn(request: WriteRequest): StoreKey {
  return { name: request.name, namespace: request.namespace };
}

/** The object in the request's namespace and under its name. Throws 400 when it says otherwise. */
function place(object: ApiObject, request: WriteRequest): ApiObject {
  const { name, namespace = request.namespace } = object.metadata;
  if (request.name !== '' && name !== '' && name !== request.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${request.name})`,
    );
  }
  if (namespace !== request.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  const metadata = { ...object.metadata, name: request.name === '' ? name : request.name };
  return { ...object, metadata: namespace === '' ? metadata : { ...metadata, namespace } };
}

function named(object: ApiObject): ApiObject {
  const { name, generateName = '' } = object.metadata;
  if (name !== '' || generateName === '') return object;
  const suffix = randomBytes(5).toString('hex').slice(0, 5);
  return { ...object, metadata: { ...object.metadata, name: `${generateName}${suffix}` } };
}

/** Lists that are said to be empty: applying one is not the same as leaving it out. */
function emptied(sent: unknown): Pick<ApiObject, 'subjects' | 'rules'> {
  const { subjects, rules } = sent as { subjects?: unknown; rules?: unknown };
  const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  return { ...(isEmpty(subjects) && { subjects: [] }), ...(isEmpty(rules) && { rules: [] }) };
}

/** What only the server sets stays as it was; an update without resourceVersion means the one that is there. */
function carryOver(object: ApiObject, existing: ApiObject): ApiObject {
  const { deletionTimestamp: _end, deletionGracePeriodSeconds: _grace, ...sent } = object.metadata;
  const { uid, resourceVersion, creationTimestamp, generateName, deletionTimestamp } =
    existing.metadata;
  const metadata: ApiMeta = {
    ...sent,
    ...(sent.uid === undefined && uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(generateName !== undefined && { generateName }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp, deletionGracePeriodSeconds: 0 }),
  };
  const { spec, status } = existing;
  return { ...object, ...(spec && { spec }), ...(status && { status }), metadata };
}

function newNamespace(sent: ApiObject, metadata: ApiMeta): ApiObject {
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  return {
    ...sent,
    metadata: { ...metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function withManagedFields(object: ApiObject, fields: ApiMeta['managedFields']): ApiObject {
  const { managedFields: _before, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: fields === undefined ? metadata : { ...metadata, managedFields: fields },
  };
}

/** Who wrote last does not make an object another one. */
function withoutTimes(object: ApiObject): unknown {
  const managedFields = object.metadata.managedFields?.map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
