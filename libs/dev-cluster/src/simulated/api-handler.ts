import { createHash } from 'node:crypto';
import type { UserInfo } from '@ambit/rbac';
import type { SimulatedAdmission } from './admission.ts';
import { keyOf } from './api-object.ts';
import type { SimulatedAuthenticator } from './authenticator.ts';
import { aggregatedType, answerDiscovery } from './discovery.ts';
import { filterOf, listObjects } from './list-objects.ts';
import type { ObjectStore } from './object-store.ts';
import { removeObject } from './object-remover.ts';
import { ObjectWriter } from './object-writer.ts';
import type { WriteRequest, Written } from './object-writer.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from './patches.ts';
import type { RequestInfo } from './request-info.ts';
import { answerReview, reviewKinds } from './reviews.ts';
import { apiVersionOf, emptyResources, namespaces, serviceAccounts } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { answerOpenApi } from './openapi.ts';
import { requestToken } from './service-account-tokens.ts';
import { refuseUnknownFields } from './unknown-fields.ts';
import {
  badRequest,
  invalid,
  methodNotAllowed,
  notFound,
  unknownPath,
  unsupportedMediaType,
} from './status-error.ts';

export interface ApiRequest {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly contentType: string;
  readonly accept: string;
  readonly ifNoneMatch: string;
  /** Parsed as JSON; undefined without a body. */
  readonly body: unknown;
}

export interface ApiReply {
  readonly status: number;
  /** Sent as JSON, or as it is when it is a text. */
  readonly body: object | string;
  readonly etag?: string;
  /** Of a body that is an object; plain JSON when absent. */
  readonly contentType?: string;
}

export interface ApiHandlerOptions {
  readonly store: ObjectStore;
  readonly admission: SimulatedAdmission;
  readonly authenticator: SimulatedAuthenticator;
  readonly now: () => string;
}

/** Answers everything but watches, for requests that are authorised already. Throws `StatusError`. */
export class ApiHandler {
  readonly #options: ApiHandlerOptions;
  readonly #store: ObjectStore;
  readonly #writer: ObjectWriter;

  constructor(options: ApiHandlerOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#writer = new ObjectWriter(options.store, options.admission);
  }

  handle(request: ApiRequest): ApiReply {
    const { info } = request;
    const review = reviewKinds.find(
      ({ group, plural }) => group === info.group && plural === info.plural,
    );
    if (info.isResource && review !== undefined) {
      if (info.verb !== 'create') throw methodNotAllowed();
      const { namespace } = info;
      const asked = {
        store: this.#store,
        caller: request.user,
        review,
        namespace,
        body: request.body,
      };
      return { status: 201, body: answerReview(asked) };
    }
    if (info.resource !== undefined) return this.#object(request, info.resource);
    if (['/healthz', '/livez', '/readyz'].includes(info.path)) return { status: 200, body: 'ok' };
    return this.#document(request);
  }

  #document({ info, accept, ifNoneMatch }: ApiRequest): ApiReply {
    const document = answerDiscovery(info.path, accept) ?? answerOpenApi(info.path);
    if (document === undefined) throw unknownPath();
    if (!('items' in document)) return { status: 200, body: document };
    // Only lists of all resources carry a mark, as those of the real server do.
    const etag = `"${createHash('sha512').update(JSON.stringify(document)).digest('hex')}"`;
    return ifNoneMatch === etag
      ? { status: 304, body: '', etag }
      : { status: 200, body: document, etag, contentType: aggregatedType };
  }

  #object(request: ApiRequest, resource: ServedResource): ApiReply {
    const { info } = request;
    if (info.subresource !== '') return this.#subresource(request, resource);
    if (info.method !== 'GET' && emptyResources.includes(resource)) throw methodNotAllowed();
    switch (info.method) {
      case 'GET':
        return { status: 200, body: this.#read(info, resource) };
      case 'POST': {
        if (info.name !== '') throw methodNotAllowed();
        const write = this.#writeRequest(request, resource, 'Update');
        return { status: 201, body: this.#writer.create(write, whole(request, resource)) };
      }
      case 'PUT': {
        const write = this.#writeRequest(request, resource, 'Update');
        return replyTo(this.#writer.replace(write, whole(request, resource)));
      }
      case 'PATCH':
        return replyTo(this.#patch(request, resource));
      case 'DELETE':
        return { status: 200, body: this.#delete(request, resource) };
      default:
        throw methodNotAllowed();
    }
  }

  #read(info: RequestInfo, resource: ServedResource): object {
    const isObject = info.verb === 'get';
    if (!isObject)
      return listObjects(this.#store, resource, collectionNamespace(info, resource), info.query);
    const object = this.#store.get(resource, keyIn(info, resource));
    if (object === undefined) throw notFound(resource, info.name);
    return object;
  }

  #patch(request: ApiRequest, resource: ServedResource): Written {
    const { info, contentType } = request;
    const body = needed(request.body);
    if (
      contentType === 'application/apply-patch+yaml' ||
      contentType === 'application/apply-patch+json'
    ) {
      if (!info.query.get('fieldManager')) throw applyWithoutManager();
      const write = this.#writeRequest(request, resource, 'Apply');
      return this.#writer.apply(
        write,
        whole(request, resource),
        info.query.get('force') === 'true',
      );
    }
    const patches: Readonly<Record<string, (target: unknown, patch: unknown) => unknown>> = {
      'application/merge-patch+json': mergePatch,
      'application/strategic-merge-patch+json': strategicMergePatch,
      'application/json-patch+json': jsonPatch,
    };
    const patch = Object.hasOwn(patches, contentType) ? patches[contentType] : undefined;
    if (patch === undefined) throw unsupportedMediaType();
    const write = this.#writeRequest(request, resource, 'Update');
    return this.#writer.patch(write, (existing) => {
      const changed = patch(existing, body);
      if (isStrict(info)) refuseUnknownFields(resource, changed);
      return changed;
    });
  }

  #delete(request: ApiRequest, resource: ServedResource): object {
    const { info } = request;
    const options = request.body as DeleteBody | undefined;
    const { uid, resourceVersion } = options?.preconditions ?? {};
    const remove = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      dryRun: isDryRun(info, options),
      time: this.#options.now(),
    };
    if (info.verb === 'delete') {
      return removeObject(this.#store, resource, keyIn(info, resource), remove);
    }
    if (resource === namespaces) throw methodNotAllowed();
    const filter = filterOf(info.query);
    const items = [...this.#store.items(resource, collectionNamespace(info, resource))].filter(
      filter,
    );
    for (const object of items) removeObject(this.#store, resource, keyOf(object), remove);
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(this.#store.revision) },
      items,
    };
  }

  #subresource(request: ApiRequest, resource: ServedResource): ApiReply {
    const { info } = request;
    if (resource !== serviceAccounts || info.subresource !== 'token') throw unknownPath();
    if (info.method !== 'POST') throw methodNotAllowed();
    const { authenticator } = this.#options;
    const key = keyIn(info, resource);
    return { status: 201, body: requestToken(this.#store, authenticator, key, request.body) };
  }

  #writeRequest(
    request: ApiRequest,
    resource: ServedResource,
    operation: 'Update' | 'Apply',
  ): WriteRequest {
    const { info, user, userAgent } = request;
    return {
      user,
      resource,
      ...keyIn(info, resource),
      dryRun: isDryRun(info),
      writer: {
        manager: info.query.get('fieldManager') || userAgent.split('/')[0] || 'unknown',
        operation,
        apiVersion: apiVersionOf(resource),
        time: this.#options.now(),
      },
    };
  }
}

interface DeleteBody {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: readonly string[];
}

function replyTo({ object, created }: Written): ApiReply {
  return { status: created ? 201 : 200, body: object };
}

function keyIn(info: RequestInfo, resource: ServedResource): { name: string; namespace: string } {
  return { name: info.name, namespace: resource.namespaced ? info.namespace : '' };
}

export function collectionNamespace(info: RequestInfo, resource: ServedResource): string {
  return resource.namespaced ? info.namespace : '';
}

function needed(body: unknown): unknown {
  if (body === undefined) throw badRequest('the request has no body');
  return body;
}

/** A body that is an object of this kind, checked as strictly as the request asks for. */
function whole(request: ApiRequest, resource: ServedResource): unknown {
  const body = needed(request.body);
  if (isStrict(request.info)) refuseUnknownFields(resource, body);
  return body;
}

function isStrict(info: RequestInfo): boolean {
  return info.query.get('fieldValidation') === 'Strict';
}

function isDryRun(info: RequestInfo, options?: DeleteBody): boolean {
  // A DELETE with a body is read from the body alone.
  const asked = options === undefined ? info.query.getAll('dryRun') : (options.dryRun ?? []);
  const unknown = asked.find((value) => value !== 'All');
  if (unknown !== undefined) {
    const message = `Unsupported value: ${JSON.stringify(unknown)}: supported values: "All"`;
    const fault = { kind: 'NotSupported', field: 'dryRun', message } as const;
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [fault]);
  }
  return asked.length > 0;
}

function applyWithoutManager(): Error {
  const message = 'Required value: is required for apply patch';
  const fault = { kind: 'Required', field: 'fieldManager', message } as const;
  return invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [fault]);
}
