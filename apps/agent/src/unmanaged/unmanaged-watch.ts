import type { Logger, Millis, Random } from '@ambit/kernel';
import { isKubeError, kubeResources, Reflector } from '@ambit/kube';
import type { KubeClient, KubeResource } from '@ambit/kube';
import { ambitLabels, managedByValue, objectKey } from '@ambit/rbac';
import type { BindingObject, ObjectKey, RoleObject } from '@ambit/rbac';
import type { UnmanagedObjects } from './unmanaged-objects.ts';

export interface UnmanagedWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'get'>;
  readonly objects: UnmanagedObjects;
  /** True of a binding of ours from which somebody took the label: the reconciler mends it. */
  readonly isOurs: (key: ObjectKey, uid: string | undefined) => boolean;
  readonly random: Random;
  readonly logger: Logger;
}

/** A page is read, told and forgotten as a whole: a small one keeps the peak small. */
const pageSize = 250;
const others = `${ambitLabels.managedBy}!=${managedByValue}`;
const bindingResources = [kubeResources.clusterRoleBindings, kubeResources.roleBindings] as const;

/** Follows bindings that do not carry our label, and all Roles in namespaces. ClusterRoles the reconciler follows already. */
export class UnmanagedWatch {
  readonly #options: UnmanagedWatchOptions;
  readonly #pending: Set<string>;
  readonly #reflectors: readonly { start(): void; stop(): Promise<void> }[];
  readonly #whenListed = new Set<() => void>();
  #filling = false;
  #stopped = false;

  constructor(options: UnmanagedWatchOptions) {
    this.#options = options;
    this.#reflectors = [
      ...bindingResources.map((resource) => this.#bindings(resource)),
      this.#roles(),
    ];
    this.#pending = new Set([...bindingResources, kubeResources.roles].map(({ kind }) => kind));
  }

  /** False as long as a first list is not complete: what is not seen yet must not count as gone. */
  get listed(): boolean {
    return this.#pending.size === 0;
  }

  onListed(listener: () => void): void {
    this.#whenListed.add(listener);
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  #bindings(resource: (typeof bindingResources)[number]): Reflector<BindingObject> {
    const { objects, isOurs } = this.#options;
    const { kind } = resource;
    const seen = (binding: BindingObject): void => {
      const { namespace, name, uid } = binding.metadata;
      const key = objectKey(kind, namespace, name);
      if (isOurs(key, uid)) objects.removeBinding(key, 'others');
      else objects.putBinding({ ...binding, kind }, 'others');
    };
    return this.#reflector<BindingObject>(resource, others, {
      seen,
      gone: (key) => {
        objects.removeBinding(key, 'others');
        void this.#fillRoom();
      },
    });
  }

  #roles(): Reflector<RoleObject> {
    const { objects } = this.#options;
    return this.#reflector<RoleObject>(kubeResources.roles, undefined, {
      seen: (role) => objects.putRole({ ...role, kind: 'Role' }),
      gone: (key) => objects.removeRole(key),
    });
  }

  #reflector<T extends BindingObject | RoleObject>(
    resource: KubeResource,
    labelSelector: string | undefined,
    tell: { readonly seen: (object: T) => void; readonly gone: (key: ObjectKey) => void },
  ): Reflector<T> {
    const { client, random, logger } = this.#options;
    const { kind } = resource;
    return new Reflector<T>({
      client,
      resource,
      random,
      pageSize,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      handler: {
        onAdd: tell.seen,
        onUpdate: tell.seen,
        onDelete: ({ key }) => tell.gone(objectKey(kind, key.namespace, key.name)),
        onSynced: () => this.#synced(kind),
        onError: (error: unknown, retryInMs: Millis) =>
          logger.warn('a watch was interrupted', { kind, retryInMs, error }),
      },
    });
  }

  #synced(kind: string): void {
    if (!this.#pending.delete(kind) || !this.listed) return;
    for (const listener of this.#whenListed) listener();
  }

  /** Somebody went: whoever was left out for want of room is read, one at a time. */
  async #fillRoom(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    try {
      for (const key of this.#options.objects.waiting()) {
        if (this.#stopped || !(await this.#readLeftOut(key))) return;
      }
    } catch (error) {
      this.#options.logger.warn('a binding that was left out could not be read', { error });
    } finally {
      this.#filling = false;
    }
  }

  /** False when there is still no room for it. */
  async #readLeftOut(key: ObjectKey): Promise<boolean> {
    const { client, objects } = this.#options;
    const [kind = '', namespace = '', name = ''] = key.split('/');
    const resource = bindingResources.find((each) => each.kind === kind);
    if (resource === undefined) return false;
    const at = namespace === '' ? { name } : { name, namespace };
    try {
      const found = await client.get<BindingObject>(resource, at);
      objects.putBinding({ ...found, kind: resource.kind }, 'others');
    } catch (error) {
      if (!isKubeError(error, 404)) throw error;
      objects.removeBinding(key, 'others');
      return true;
    }
    return objects.fact(key) !== undefined;
  }
}
