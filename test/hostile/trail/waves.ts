import type { AmbitClient } from '@ambit/client';
import type { SeededRandom } from '@ambit/testing';

const apiVersion = 'ambit.dev/v1' as const;
const person = 'witnessed';
const largest = 40;

/** Grants that come and go, many at a time; each is an object of its own in the cluster, as it ends by itself. */
export class Waves {
  readonly #client: AmbitClient;
  readonly #cluster: string;
  readonly #random: SeededRandom;
  #standing: string[] = [];
  #made = 0;
  /** Grants made and taken back so far. */
  changes = 0;

  constructor(client: AmbitClient, cluster: string, random: SeededRandom) {
    this.#client = client;
    this.#cluster = cluster;
    this.#random = random;
  }

  async prepare(): Promise<void> {
    const body = { apiVersion, kind: 'User', metadata: { name: person } } as const;
    await this.#client.api.putUser({ params: { name: person }, body });
  }

  /** Resolves when central has taken all of it. */
  async send(): Promise<void> {
    const random = this.#random;
    const goes = this.#standing.filter(() => random.chance(0.5)).slice(0, largest);
    const comes = Array.from({ length: 1 + random.below(largest) }, () => `wave-${++this.#made}`);
    this.#standing = [...this.#standing.filter((name) => !goes.includes(name)), ...comes];
    this.changes += goes.length + comes.length;
    const { api } = this.#client;
    const objects = comes.map((name) => this.#grant(name));
    await Promise.all([
      api.apply({ body: { objects } as never }),
      ...goes.map((name) => api.deleteGrant({ params: { name } })),
    ]);
  }

  #grant(name: string): object {
    const until = new Date(Date.now() + 12 * 3_600_000).toISOString();
    const scope = { clusters: { names: [this.#cluster] }, namespaces: { names: ['payments'] } };
    const spec = { subjects: [{ user: person }], role: 'view', scope, until };
    return { apiVersion, kind: 'Grant', metadata: { name }, spec };
  }
}
