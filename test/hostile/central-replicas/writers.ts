import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@ambit/kernel';
import type { AmbitClient } from '@ambit/client';
import type { SeededRandom } from '@ambit/testing';

const apiVersion = 'ambit.dev/v1' as const;

/** A change that central said it has made. */
export interface Acknowledged {
  readonly kind: 'Grant' | 'User';
  readonly name: string;
  readonly op: 'put' | 'delete';
  readonly revision: number;
  /** Of a counter: what it was set to. */
  readonly count?: number;
}

/** What a writer may be told while a replica dies: it does not know then whether its change was made. */
const unanswered = ['unavailable', 'timeout'];
const tryAgainMs = 100;

export interface WriterOptions {
  /** A new one for each change: whoever comes next may get another replica. */
  readonly client: () => AmbitClient;
  readonly clusters: readonly string[];
  readonly counters: readonly string[];
  readonly random: SeededRandom;
  /** Access that was taken away from a cluster, in this revision. */
  readonly tookAway: (cluster: string, revision: number) => void;
}

/**
 * People and programs that change the policy without end, and remember each answer: grants that come and go, and counters that
 * several raise by one, each only if nobody else did meanwhile.
 */
export class Writers {
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that say something else than that a replica was gone. */
  readonly strange: string[] = [];
  /** Changes of which nobody knows whether they were made. */
  unknown = 0;
  /** Raises of a counter that were refused, because another was faster. */
  conflicts = 0;
  readonly #options: WriterOptions;
  readonly #loops: Promise<void>[] = [];
  #writing = false;
  #granted = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#writing = true;
    for (const nth of [0, 1]) this.#loops.push(this.#grantForever(nth));
    for (const _ of [0, 1]) this.#loops.push(this.#countForever());
  }

  /** Resolves when the last answers are there. */
  async stop(): Promise<void> {
    this.#writing = false;
    await Promise.all(this.#loops.splice(0));
  }

  async #grantForever(nth: number): Promise<void> {
    const open: { name: string; cluster: string }[] = [];
    while (this.#writing) {
      const granted = await this.#grant();
      if (granted !== undefined) open.push(granted);
      // The two differ in how long their grants live.
      if (open.length <= nth * 10) continue;
      const oldest = open.shift();
      if (oldest !== undefined) await this.#revoke(oldest);
    }
    for (const each of open) await this.#revoke(each);
  }

  async #grant(): Promise<{ name: string; cluster: string } | undefined> {
    const { clusters, random } = this.#options;
    const name = `g-${++this.#granted}`;
    const cluster = random.pick(clusters);
    const scope = { clusters: { names: [cluster] }, namespaces: { names: ['payments'] } };
    const user = `${name}@example.com`;
    const spec = { subjects: [{ user }], role: 'view', scope };
    const objects = [
      { apiVersion, kind: 'User', metadata: { name: user } },
      { apiVersion, kind: 'Grant', metadata: { name }, spec },
    ];
    const done = await this.#try((client) => client.api.apply({ body: { objects } as never }));
    if (done === undefined) return undefined;
    this.#acknowledge({ kind: 'Grant', name, op: 'put', revision: done.revision });
    return { name, cluster };
  }

  async #revoke(of: { name: string; cluster: string }): Promise<number | undefined> {
    const { name, cluster } = of;
    const done = await this.#try((client) => client.api.deleteGrant({ params: { name } }));
    if (done === undefined) return undefined;
    this.#acknowledge({ kind: 'Grant', name, op: 'delete', revision: done.revision });
    this.#options.tookAway(cluster, done.revision);
    return done.revision;
  }

  async #countForever(): Promise<void> {
    while (this.#writing) await this.#raise(this.#options.random.pick(this.#options.counters));
  }

  async #raise(name: string): Promise<void> {
    const params = { name };
    const found = await this.#try((client) => client.api.getUser({ params }));
    if (found === undefined) return;
    const count = Number(found.metadata.labels['count'] ?? 0) + 1;
    const labels = { count: String(count) };
    const body = { apiVersion, kind: 'User', metadata: { name, labels } } as const;
    const ifMatch = found.metadata.resourceVersion;
    const done = await this.#try((client) => client.api.putUser({ params, body, ifMatch }));
    if (done === undefined || !('metadata' in done)) return;
    const revision = Number(done.metadata.resourceVersion);
    this.#acknowledge({ kind: 'User', name, op: 'put', revision, count });
  }

  #acknowledge(change: Acknowledged): void {
    this.acknowledged.push(change);
  }

  async #try<T>(call: (client: AmbitClient) => Promise<T>): Promise<T | undefined> {
    const client = this.#options.client();
    try {
      return await call(client);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.kind === 'precondition') this.conflicts++;
      else if (unanswered.includes(error.kind)) {
        this.unknown++;
        await pause(tryAgainMs);
      } else this.strange.push(`${error.code}: ${error.message}`);
      return undefined;
    } finally {
      client.close();
    }
  }
}
