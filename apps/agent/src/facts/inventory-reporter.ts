import type { Clock, Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { ApiResource, NamespaceState, PolicyRule } from '@ambit/rbac';
import type { UnmanagedNews } from '../unmanaged/unmanaged-news.ts';
import { inventoryMessages } from './inventory-messages.ts';

/** What changed in the cluster. */
export type FactChange = { readonly namespace: string } | { readonly clusterRole: string };

/** Namespaces, and the rules of the ClusterRoles that the ceiling allows. */
export interface FactSource {
  readonly namespaces: ReadonlyMap<string, NamespaceState>;
  clusterRoles(): Iterable<readonly [string, readonly PolicyRule[]]>;
  rulesOf(name: string): readonly PolicyRule[] | undefined;
  onChange(listener: (change: FactChange) => void): void;
}

export interface InventoryReporterOptions {
  readonly facts: FactSource;
  /** What the API server serves; undefined as long as it is not known. */
  readonly apiResources: {
    readonly resources: readonly ApiResource[] | undefined;
    onChange(listener: () => void): void;
  };
  /** What gives access and is not ours: told from when its first lists are complete. */
  readonly unmanaged: UnmanagedNews;
  /** False as long as the first lists are not complete: what is not seen yet must not count as gone. */
  readonly listed: () => boolean;
  readonly sendAll: (messages: Iterable<wire.AgentMessage>) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const settleMs: Millis = 50;
const lookAgainMs: Millis = 100;

/** Tells central what there is in the cluster: everything once per stream, then what changes, at most once an interval. */
export class InventoryReporter {
  readonly #options: InventoryReporterOptions;
  readonly #namespaces = new Set<string>();
  readonly #clusterRoles = new Set<string>();
  /** True when what the API server serves is to be told anew. */
  #resources = false;
  #intervalMs: Millis = 5_000;
  #live = false;
  /** True once the complete inventory of this stream was handed over. */
  #complete = false;
  /** True while messages are on their way: a second sequence would replace them. */
  #sending = false;
  #sentAt: Millis = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: InventoryReporterOptions) {
    this.#options = options;
    options.facts.onChange((change) => this.#changed(change));
    options.apiResources.onChange(() => this.#resourcesChanged());
    options.unmanaged.onNews(() => this.#news());
  }

  /** A new stream is live. */
  begin(intervalMs: Millis): void {
    this.#intervalMs = intervalMs;
    this.#live = true;
    this.#complete = false;
    this.#sending = false;
    this.#sentAt = -Infinity;
    this.#options.unmanaged.begin();
    this.#sleep(0);
  }

  /** The stream is over. */
  end(): void {
    this.#live = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #changed(change: FactChange): void {
    if (!this.#complete) return;
    if ('namespace' in change) this.#namespaces.add(change.namespace);
    else this.#clusterRoles.add(change.clusterRole);
    this.#news();
  }

  #resourcesChanged(): void {
    if (!this.#complete) return;
    this.#resources = true;
    this.#news();
  }

  #news(): void {
    if (this.#complete && this.#timer === undefined) this.#sleep(this.#untilDue());
  }

  get #pending(): boolean {
    const { unmanaged } = this.#options;
    return (
      this.#resources || unmanaged.pending || this.#namespaces.size + this.#clusterRoles.size > 0
    );
  }

  #untilDue(): Millis {
    const since = this.#options.clock.monotonic() - this.#sentAt;
    return Math.max(settleMs, this.#intervalMs - since);
  }

  #sleep(ms: Millis): void {
    if (!this.#live) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#report(), ms).unref();
  }

  #report(): void {
    this.#timer = undefined;
    if (!this.#live) return;
    if (this.#sending || !this.#options.listed()) return this.#sleep(lookAgainMs);
    if (!this.#complete) return this.#reportAll();
    if (this.#pending) this.#reportChanges();
  }

  #reportAll(): void {
    const { facts } = this.#options;
    this.#complete = true;
    this.#namespaces.clear();
    this.#clusterRoles.clear();
    this.#resources = false;
    const namespaces = [...facts.namespaces.values()];
    const clusterRoles = [...facts.clusterRoles()];
    const { resources: apiResources } = this.#options.apiResources;
    const gone = { removedNamespaces: [], removedClusterRoles: [] };
    this.#send(inventoryMessages({ namespaces, clusterRoles, ...gone, apiResources }, true));
  }

  #reportChanges(): void {
    const { facts, apiResources } = this.#options;
    const told = this.#resources ? apiResources.resources : undefined;
    this.#resources = false;
    const names = [...this.#namespaces];
    const roles = [...this.#clusterRoles];
    this.#namespaces.clear();
    this.#clusterRoles.clear();
    const parts = {
      namespaces: names.flatMap((name) => facts.namespaces.get(name) ?? []),
      removedNamespaces: names.filter((name) => !facts.namespaces.has(name)),
      clusterRoles: roles.flatMap((name) => {
        const rules = facts.rulesOf(name);
        return rules === undefined ? [] : [[name, rules] as const];
      }),
      removedClusterRoles: roles.filter((name) => facts.rulesOf(name) === undefined),
      apiResources: told,
    };
    this.#send(inventoryMessages(parts, false));
  }

  #send(messages: Iterable<wire.AgentMessage>): void {
    this.#sending = true;
    this.#sentAt = this.#options.clock.monotonic();
    this.#options.sendAll(
      afterwards([messages, this.#options.unmanaged.take()], () => {
        this.#sending = false;
        if (this.#pending) this.#sleep(this.#untilDue());
      }),
    );
  }
}

function* afterwards<T>(
  parts: readonly Iterable<T>[],
  then: () => void,
): Generator<T, void, undefined> {
  for (const items of parts) yield* items;
  then();
}
