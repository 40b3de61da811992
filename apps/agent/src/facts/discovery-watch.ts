import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@ambit/kernel';
import { isKubeError } from '@ambit/kube';
import type { Discovery, KubeClient } from '@ambit/kube';
import type { ApiResource } from '@ambit/rbac';

export interface DiscoveryWatchOptions {
  readonly client: Pick<KubeClient, 'discovery'>;
  readonly logger: Logger;
  /** Between two looks, in milliseconds. */
  readonly everyMs?: number;
}

/** A look costs two answers without a body as long as nothing changed. */
const lookEveryMs = 60_000;
/** After a failure, and doubled with each that follows. */
const firstRetryMs = 1_000;
/** A cluster of the size Kubernetes is tested with serves some thousands. Central keeps no more of one either. */
const mostResources = 20_000;

/**
 * What the API server serves, read at the start and looked at every minute: discovery cannot be watched, and whoever
 * installs a new kind of object may do so without a right that the agent has to see.
 */
export class DiscoveryWatch {
  readonly #options: DiscoveryWatchOptions;
  #known: Discovery | undefined;
  #resources: readonly ApiResource[] | undefined;
  #failures = 0;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: DiscoveryWatchOptions) {
    this.#options = options;
  }

  /** Undefined until the first list is whole; it stays so where discovery is refused. */
  get resources(): readonly ApiResource[] | undefined {
    return this.#resources;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks at once, and from then on by itself. */
  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { client, everyMs = lookEveryMs } = this.#options;
    let next = everyMs;
    try {
      const found = await client.discovery(this.#known);
      if (this.#stopped) return;
      if (found !== undefined) this.#take(found);
      this.#failures = 0;
    } catch (error) {
      next = this.#failed(error, everyMs);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), next).unref();
  }

  #take(found: Discovery): void {
    const resources = [...found.resources, ...this.#heldOf(found.unread)].slice(0, mostResources);
    this.#known = found.unread.length === 0 ? found : { ...found, etags: {} };
    const same = isDeepStrictEqual(resources, this.#resources);
    this.#resources = resources;
    if (!same) for (const listener of this.#listeners) listener();
  }

  /** What an extension API server served before it went down is still a name of something. */
  #heldOf(unread: readonly string[]): readonly ApiResource[] {
    const versions = new Set(unread);
    return (this.#resources ?? []).filter(({ group, version }) =>
      versions.has(`${group}/${version}`),
    );
  }

  /** The answer is no reason to end anything: central then says that names could not be checked. */
  #failed(error: unknown, everyMs: number): number {
    if (this.#failures === 0) {
      const refused = isKubeError(error, 401) || isKubeError(error, 403);
      const { logger } = this.#options;
      if (refused) {
        logger.warn(
          'the API server refuses discovery, so central cannot check the names of resources: bind the ClusterRole system:discovery to the agent',
          { error },
        );
      } else logger.warn('what the API server serves could not be read', { error });
    }
    this.#failures += 1;
    return Math.min(everyMs, firstRetryMs * 2 ** Math.min(10, this.#failures - 1));
  }
}
