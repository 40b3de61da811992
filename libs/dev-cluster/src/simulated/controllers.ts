import { randomUUID } from 'node:crypto';
import { aggregateRules } from '@ambit/rbac';
import { asRole, keyOf, sameValue } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import { markedForDeletion } from './object-remover.ts';
import type { ObjectStore, StoreEvent } from './object-store.ts';
import {
  clusterRoles,
  namespacedResources,
  namespaces,
  servedResources,
  serviceAccounts,
} from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

export interface ControllerOptions {
  readonly now: () => string;
  /** How long a namespace stays `Terminating` at least. */
  readonly namespaceDeletionMs: number;
}

/** How soon the garbage collector of a quiet cluster notices. */
const collectAfterMs = 100;

/**
 * What kube-controller-manager does with the kinds served here: aggregated roles get their rules, namespaces get a
 * ServiceAccount, are emptied and removed, and objects whose owners do not exist are collected.
 */
export class Controllers {
  readonly #store: ObjectStore;
  readonly #options: ControllerOptions;
  readonly #unsubscribe: () => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #aggregating = false;

  constructor(store: ObjectStore, options: ControllerOptions) {
    this.#store = store;
    this.#options = options;
    this.#unsubscribe = store.subscribe((event) => this.#react(event));
  }

  stop(): void {
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Gives all aggregated roles their rules, until nothing changes: aggregated roles aggregate into others. */
  aggregate(): void {
    let changed = true;
    while (changed) {
      changed = false;
      const all = [...this.#store.items(clusterRoles)].map(asRole);
      for (const role of this.#store.items(clusterRoles)) {
        const rules = aggregateRules(asRole(role), all);
        if (rules === undefined || sameValue(rules, role.rules ?? [])) continue;
        this.#store.put(clusterRoles, { ...role, rules: rules.length === 0 ? null : rules });
        changed = true;
      }
    }
  }

  #react(event: StoreEvent): void {
    if (event.resource === clusterRoles) this.#aggregateSoon();
    if (event.resource === namespaces) this.#reactToNamespace(event);
    const shown = event.object ?? event.previous;
    if (shown !== undefined) this.#emptySoon(keyOf(shown).namespace);
    if (event.object?.metadata.ownerReferences !== undefined)
      this.#collectSoon(event.resource, event.object);
  }

  #reactToNamespace({ object, previous }: StoreEvent): void {
    if (object === undefined) return;
    if (previous === undefined) this.#after(1, () => this.#giveDefaultAccount(object));
    this.#emptySoon(object.metadata.name);
  }

  #collectSoon(resource: ServedResource, object: ApiObject): void {
    this.#after(collectAfterMs, () => this.#collect(resource, object));
  }

  #giveDefaultAccount(namespace: ApiObject): void {
    const key = { name: 'default', namespace: namespace.metadata.name };
    const current = this.#store.get(namespaces, { name: key.namespace, namespace: '' });
    if (current === undefined || current.metadata.deletionTimestamp !== undefined) return;
    if (this.#store.get(serviceAccounts, key) !== undefined) return;
    const { kind } = serviceAccounts;
    const metadata = { ...key, uid: randomUUID(), creationTimestamp: this.#options.now() };
    this.#store.put(serviceAccounts, { kind, apiVersion: 'v1', metadata });
  }

  #aggregateSoon(): void {
    if (this.#aggregating) return;
    this.#aggregating = true;
    this.#after(1, () => {
      this.#aggregating = false;
      this.aggregate();
    });
  }

  #emptySoon(name: string): void {
    if (this.#terminating(name) === undefined) return;
    this.#after(this.#options.namespaceDeletionMs, () => this.#empty(name));
  }

  #terminating(name: string): ApiObject | undefined {
    const found = this.#store.get(namespaces, { name, namespace: '' });
    return found?.metadata.deletionTimestamp === undefined ? undefined : found;
  }

  #empty(name: string): void {
    const namespace = this.#terminating(name);
    if (namespace === undefined) return;
    for (const resource of namespacedResources) {
      const objects = Array.from(this.#store.items(resource, name));
      for (const object of objects) this.#remove(resource, object);
    }
    if (namespacedResources.some((resource) => !this.#store.items(resource, name).next().done))
      return;
    if ((namespace.metadata.finalizers?.length ?? 0) === 0) {
      this.#store.delete(namespaces, { name, namespace: '' });
    } else this.#store.put(namespaces, { ...namespace, spec: {} });
  }

  #remove(resource: ServedResource, object: ApiObject): void {
    if ((object.metadata.finalizers?.length ?? 0) === 0)
      this.#store.delete(resource, keyOf(object));
    else this.#store.put(resource, markedForDeletion(object, this.#options.now()));
  }

  #collect(resource: ServedResource, object: ApiObject): void {
    const current = this.#store.get(resource, keyOf(object));
    if (current?.metadata.uid !== object.metadata.uid || current === undefined) return;
    const owners = current.metadata.ownerReferences ?? [];
    if (owners.length > 0 && !owners.some(({ uid }) => this.#exists(uid))) {
      this.#remove(resource, current);
    }
  }

  #exists(uid: string): boolean {
    return servedResources.some((resource) => {
      for (const object of this.#store.items(resource))
        if (object.metadata.uid === uid) return true;
      return false;
    });
  }

  #after(delay: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delay);
    timer.unref();
    this.#timers.add(timer);
  }
}
