import { kubeResources, Reflector } from '@ambit/kube';
import type {
  GoneObject,
  KubeClient,
  KubeResource,
  Namespace,
  ObjectVersion,
  RelistReason,
  Timers,
} from '@ambit/kube';
import type { Logger, Millis, Random } from '@ambit/kernel';
import { ambitLabels, managedByValue, objectKey } from '@ambit/rbac';
import type { ObjectKey, ObjectMeta, RoleObject } from '@ambit/rbac';
import type { LiveObject } from './observed-objects.ts';

/** What the watches tell. */
export interface ClusterWatchHandler {
  /** An object that carries our label. */
  seen(object: LiveObject): void;
  gone(key: ObjectKey, uid: string, resourceVersion: string): void;
  /** An object that carries our label; true when this version of it is known already. */
  isKnown(key: ObjectKey, uid: string, resourceVersion: string): boolean;
  /** Any ClusterRole. */
  roleSeen(role: RoleObject): void;
  roleGone(name: string, uid: string, resourceVersion: string): void;
  namespaceSeen(namespace: Namespace): void;
  namespaceGone(name: string): void;
  /** Every list is complete for the first time. */
  listed(): void;
  /** A list of objects of ours was made anew: what is in the inventory and was not in it has to be looked at. */
  relisted(): void;
}

export interface ClusterWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly logger: Logger;
  readonly random: Random;
  readonly timers?: Timers | undefined;
  readonly handler: ClusterWatchHandler;
}

/** A page is read, told and forgotten as a whole: a small one keeps the peak small, a large one the number of requests. */
const pageSize = 250;

const ours = `${ambitLabels.managedBy}=${managedByValue}`;

/** Follows what the reconciler has to know of a cluster: our objects by label, all ClusterRoles, all namespaces. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #reflectors: Reflector<never>[];
  readonly #pending: Set<string>;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { handler } = options;
    const labelled = [
      kubeResources.clusterRoleBindings,
      kubeResources.roleBindings,
      kubeResources.roles,
    ];
    this.#reflectors = [
      this.#follow<RoleObject>(kubeResources.clusterRoles, {
        seen: (role) => handler.roleSeen({ ...role, kind: 'ClusterRole' }),
        gone: ({ key, uid, resourceVersion }) => handler.roleGone(key.name, uid, resourceVersion),
      }),
      ...labelled.map((resource) => this.#followOurs(resource)),
      this.#follow<Namespace>(kubeResources.namespaces, {
        seen: (namespace) => handler.namespaceSeen(namespace),
        gone: ({ key }) => handler.namespaceGone(key.name),
      }),
    ] as unknown as Reflector<never>[];
    this.#pending = new Set(
      [kubeResources.clusterRoles, ...labelled, kubeResources.namespaces].map(({ kind }) => kind),
    );
  }

  /** Kinds whose first list is not complete. */
  get missing(): readonly string[] {
    return [...this.#pending];
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  relist(): void {
    for (const reflector of this.#reflectors) reflector.relist();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  #followOurs(resource: KubeResource): Reflector<LiveObject> {
    const { handler } = this.#options;
    const { kind } = resource;
    return this.#follow<LiveObject>(
      resource,
      {
        seen: (object) => handler.seen({ ...object, kind } as LiveObject),
        gone: ({ key, uid, resourceVersion }) =>
          handler.gone(objectKey(kind, key.namespace, key.name), uid, resourceVersion),
        isKnown: ({ namespace, name, uid, resourceVersion }) =>
          handler.isKnown(objectKey(kind, namespace, name), uid, resourceVersion),
      },
      ours,
    );
  }

  #follow<T extends { readonly metadata: ObjectMeta }>(
    resource: KubeResource,
    tell: {
      seen(object: T): void;
      gone(gone: GoneObject<T>): void;
      isKnown?(version: ObjectVersion): boolean;
    },
    labelSelector?: string,
  ): Reflector<T> {
    const { client, random, logger, timers } = this.#options;
    return new Reflector<T>({
      ...(timers === undefined ? {} : { timers }),
      client,
      resource,
      random,
      pageSize,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      handler: {
        onAdd: (object) => tell.seen(object),
        onUpdate: (object) => tell.seen(object),
        onDelete: (gone) => tell.gone(gone),
        isKnown: (version) => tell.isKnown?.(version) ?? false,
        onSynced: (reason) => this.#synced(resource.kind, reason),
        onError: (error: unknown, retryInMs: Millis) =>
          logger.warn('a watch was interrupted', { kind: resource.kind, retryInMs, error }),
      },
    });
  }

  #synced(kind: string, reason: RelistReason): void {
    if (this.#pending.delete(kind)) {
      if (this.#pending.size === 0) this.#options.handler.listed();
    } else if (reason !== 'start' && kind !== 'Namespace') this.#options.handler.relisted();
  }
}
