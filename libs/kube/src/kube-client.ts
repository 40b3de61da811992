import { Caller } from './caller.ts';
import type { KubeClientOptions, KubeVerb } from './caller.ts';
import { readDiscovery } from './discovery.ts';
import type { Discovery } from './discovery.ts';
import type { KubeRequest } from './exchange.ts';
import { isKubeError } from './kube-error.ts';
import { listQuery, queryText, watchQuery, writeQuery } from './query.ts';
import { collectionPath, kubeResources, objectPath } from './resources.ts';
import type { KubeObject, KubeResource, ObjectName } from './resources.ts';
import { readWatch } from './watch-stream.ts';
import type {
  AccessReviewSpec,
  AccessReviewStatus,
  AccountToken,
  DeleteOptions,
  KubeList,
  KubeVersion,
  UserAttributes,
  ListOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './wire.ts';

/**
 * The calls Ambit makes to an API server, as JSON over two HTTP/2 sessions: one for requests, one for watches. It
 * repeats nothing but a call answered 401 (once, with the identity read anew) and a stream the server refused;
 * every other failure is a `KubeError`.
 */
export class KubeClient {
  readonly #caller: Caller;

  constructor(options: KubeClientOptions) {
    this.#caller = new Caller(options);
  }

  /** One page; `continue` of the answer asks for the next. */
  async list<T extends KubeObject>(
    resource: KubeResource,
    options: ListOptions = {},
    signal?: AbortSignal,
  ): Promise<KubeList<T>> {
    const path = `${collectionPath(resource, options.namespace)}${queryText(listQuery(options))}`;
    const answer = await this.#caller.json<RawList<T>>({
      verb: 'list',
      resource: resource.plural,
      request: { method: 'GET', path },
      ...(signal === undefined ? {} : { signal }),
    });
    const { metadata } = answer;
    return {
      items: withKind(answer.items ?? [], resource),
      resourceVersion: metadata.resourceVersion ?? '',
      ...(metadata.continue ? { continue: metadata.continue } : {}),
      ...(metadata.remainingItemCount === undefined
        ? {}
        : { remainingItemCount: metadata.remainingItemCount }),
    };
  }

  /** Events until the server ends the watch, which is no error, or until `signal`. Slow readers slow the server down. */
  async *watch<T extends KubeObject>(
    resource: KubeResource,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const path = `${collectionPath(resource, options.namespace)}${queryText(watchQuery(options))}`;
    const stream = await this.#caller.stream({
      verb: 'watch',
      resource: resource.plural,
      request: { method: 'GET', path },
      signal,
    });
    yield* readWatch<T>(stream, signal, options.isKnown);
  }

  get<T extends KubeObject>(resource: KubeResource, key: ObjectName): Promise<T> {
    return this.#caller.json({
      verb: 'get',
      resource: resource.plural,
      request: { method: 'GET', path: objectPath(resource, key) },
    });
  }

  create<T extends KubeObject>(
    resource: KubeResource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = collectionPath(resource, object.metadata.namespace);
    return this.#write('create', resource, {
      method: 'POST',
      path: `${path}${queryText(writeQuery(options))}`,
      body: JSON.stringify(object),
    });
  }

  /** Writes a part of an object that has a path of its own, such as `approval`; with its version nothing in between is lost. */
  replacePart<T extends KubeObject>(resource: KubeResource, object: T, part: string): Promise<T> {
    return this.#write('update', resource, {
      method: 'PUT',
      path: `${objectPath(resource, object.metadata)}/${part}`,
      body: JSON.stringify(object),
    });
  }

  /**
   * RFC 7396. With `metadata.uid` and `metadata.resourceVersion` in the patch nothing written in between is lost (409)
   * and nothing deleted comes back (404, or 422 when made anew).
   */
  mergePatch<T extends KubeObject>(
    resource: KubeResource,
    key: ObjectName,
    patch: object,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#write('patch', resource, {
      method: 'PATCH',
      path: `${objectPath(resource, key)}${queryText(writeQuery(options))}`,
      body: JSON.stringify(patch),
      contentType: 'application/merge-patch+json',
    });
  }

  /** The object as it still is when finalizers hold it; undefined when it is gone. 404 is an error like others. */
  async delete(
    resource: KubeResource,
    key: ObjectName,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    const preconditions = {
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.resourceVersion === undefined
        ? {}
        : { resourceVersion: options.resourceVersion }),
    };
    // With a body the API server ignores the query: a dry run asked for there would delete.
    const dryRun = options.dryRun === true ? { dryRun: ['All'] } : {};
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, ...dryRun };
    const answer = await this.#write<KubeObject>('delete', resource, {
      method: 'DELETE',
      path: objectPath(resource, key),
      body: JSON.stringify(body),
    });
    return answer.kind === 'Status' || !answer.metadata.deletionTimestamp ? undefined : answer;
  }

  /**
   * A token of a ServiceAccount for the API server itself, good for so many seconds (600 at least) and as long as the
   * account is there.
   */
  async createToken(account: ObjectName, expirationSeconds: number): Promise<AccountToken> {
    const resource = kubeResources.serviceAccounts;
    const { status } = await this.#write<{ status: AccountToken }>('create', resource, {
      method: 'POST',
      path: `${objectPath(resource, account)}/token`,
      body: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds },
      }),
    });
    return status;
  }

  /** What the API server itself would decide; needs `create` on subjectaccessreviews. */
  createSubjectAccessReview(spec: AccessReviewSpec): Promise<AccessReviewStatus> {
    return this.#review('SubjectAccessReview', 'subjectaccessreviews', spec);
  }

  /** May the caller itself do it? */
  createSelfSubjectAccessReview(
    spec: Pick<AccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>,
  ): Promise<AccessReviewStatus> {
    return this.#review('SelfSubjectAccessReview', 'selfsubjectaccessreviews', spec);
  }

  /** Who the API server takes the caller for. */
  async whoAmI(): Promise<UserAttributes> {
    const apiVersion = 'authentication.k8s.io/v1';
    const answer = await this.#caller.json<{ status: { userInfo: UserAttributes } }>({
      verb: 'review',
      resource: '',
      request: {
        method: 'POST',
        path: `/apis/${apiVersion}/selfsubjectreviews`,
        body: JSON.stringify({ apiVersion, kind: 'SelfSubjectReview' }),
      },
    });
    return answer.status.userInfo;
  }

  /** Does the API server know this kind? */
  async serves({ group, version, plural }: Omit<KubeResource, 'kind'>): Promise<boolean> {
    try {
      const { resources } = await this.#caller.json<{ resources: { name: string }[] }>({
        verb: 'probe',
        resource: '',
        request: {
          method: 'GET',
          path: group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
        },
      });
      return resources.some(({ name }) => name === plural);
    } catch (error) {
      if (isKubeError(error, 404)) return false;
      throw error;
    }
  }

  /** All that the server serves; undefined when nothing changed since `known`. */
  discovery(known?: Discovery): Promise<Discovery | undefined> {
    return readDiscovery(this.#caller, known);
  }

  version(): Promise<KubeVersion> {
    return this.#caller.json({
      verb: 'probe',
      resource: '',
      request: { method: 'GET', path: '/version' },
    });
  }

  /** Resolves when the API server says it is ready, rejects with what it says otherwise. */
  async readyz(): Promise<void> {
    await this.#caller.text({
      verb: 'probe',
      resource: '',
      request: { method: 'GET', path: '/readyz' },
    });
  }

  /** Ends both sessions and every call on them. */
  close(): void {
    this.#caller.close();
  }

  async #review(kind: string, plural: string, spec: AccessReviewSpec): Promise<AccessReviewStatus> {
    const apiVersion = 'authorization.k8s.io/v1';
    const answer = await this.#caller.json<{ status: AccessReviewStatus }>({
      verb: 'review',
      resource: '',
      request: {
        method: 'POST',
        path: `/apis/${apiVersion}/${plural}`,
        body: JSON.stringify({ apiVersion, kind, spec }),
      },
    });
    return answer.status;
  }

  #write<T>(verb: KubeVerb, resource: KubeResource, request: KubeRequest): Promise<T> {
    return this.#caller.json<T>({ verb, resource: resource.plural, request });
  }
}

interface RawList<T> {
  readonly items?: readonly T[] | null;
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** API servers leave kind and apiVersion out of the objects in a list. */
function withKind<T extends KubeObject>(items: readonly T[], resource: KubeResource): readonly T[] {
  const { group, version, kind } = resource;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return items.map((item) => ({ kind, apiVersion, ...item }));
}
