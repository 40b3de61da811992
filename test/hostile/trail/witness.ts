import { kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject, WatchEvent } from '@ambit/kube';

const selector = { labelSelector: 'ambit.dev/managed-by=ambit' };
const kinds = ['roleBindings', 'clusterRoleBindings', 'clusterRoles'] as const;
const verbs: Readonly<Record<string, string>> = {
  ADDED: 'created',
  MODIFIED: 'updated',
  DELETED: 'deleted',
};

/** What the API server itself says was written of our objects: its watch is the log of its database, without a hole. */
export class Witness {
  /** `VERB KIND UID`, in the order of the writes of a kind. */
  readonly writes: string[] = [];
  /** Why it cannot be relied on any more. */
  broken: string | undefined;
  #waiting: (() => void)[] = [];
  readonly #stop = new AbortController();

  static async start(kube: KubeClient): Promise<Witness> {
    const witness = new Witness();
    for (const kind of kinds) {
      const { resourceVersion } = await kube.list(kubeResources[kind], selector);
      void witness.#watch(kube, kind, resourceVersion);
    }
    return witness;
  }

  /** Resolves when there are so many writes, or at the deadline, a time of `performance.now`. */
  async reaches(writes: number, deadline: number): Promise<void> {
    while (this.writes.length < writes && performance.now() < deadline) {
      const ms = deadline - performance.now();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(
    kube: KubeClient,
    kind: (typeof kinds)[number],
    resourceVersion: string,
  ): Promise<void> {
    const resource = kubeResources[kind];
    let from = resourceVersion;
    try {
      while (!this.#stop.signal.aborted) {
        const events = kube.watch<KubeObject>(
          resource,
          { ...selector, resourceVersion: from },
          this.#stop.signal,
        );
        for await (const event of events) from = this.#take(event, resource.kind) ?? from;
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.broken = String(error);
    }
  }

  /** The version from which the watch goes on. */
  #take({ type, object }: WatchEvent<KubeObject>, kind: string): string | undefined {
    if (type === 'ERROR') throw new Error(JSON.stringify(object));
    const { uid, resourceVersion } = (object as KubeObject).metadata;
    const verb = verbs[type];
    if (verb === undefined) return resourceVersion;
    this.writes.push(`${verb} ${kind} ${uid}`);
    for (const wake of this.#waiting.splice(0)) wake();
    return resourceVersion;
  }
}
