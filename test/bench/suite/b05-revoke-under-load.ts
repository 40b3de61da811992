import type { AmbitClient } from '@ambit/client';
import { kubeResources, type Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { untilMay } from '../../support/access-review.ts';
import { Fleet, type Member } from '../../support/fleet.ts';
import type { Bench, Benchmark, Measured, Side } from '../harness/benchmark.ts';
import { controlPlanePids, postgresBelow, Processes } from '../harness/processes.ts';

const apiVersion = 'ambit.dev/v1' as const;
const cluster = 'bench';
const home = 'home';

interface Size {
  readonly namespaces: number;
  /** A person's grant is an object in each of the namespaces. */
  readonly people: number;
  /** Synced at the same time; nothing is granted to them. */
  readonly strangers: number;
  readonly revokes: number;
}

const whole: Size = { namespaces: 100, people: 20, strangers: 1_000, revokes: 40 };
const small: Size = { namespaces: 25, people: 12, strangers: 100, revokes: 5 };

/** Ours is the same revoke in the middle of a flood, the floor on an idle system. */
export const revokeUnderLoad: Benchmark = {
  id: 'B05',
  name: 'revoke-under-load',
  says: 'one grant is revoked while the agent is in the middle of thousands of writes, beside the same on an idle system',
  async run(bench) {
    const fleet = await Fleet.start([cluster], {});
    try {
      if (fleet.kind === 'simulated') throw new Error('there is no real API server to measure');
      const flood = new Flood(fleet, bench.smoke ? small : whole);
      await flood.prepare();
      await compare(bench, flood);
    } finally {
      await fleet.stop();
    }
  },
};

async function compare(bench: Bench, flood: Flood): Promise<void> {
  const ours: Side = { name: 'in the middle of writes', run: () => flood.revoke(true) };
  const floor: Side = { name: 'idle', run: () => flood.revoke(false) };
  await bench.compare({
    name: 'revoke → denied',
    ours,
    floor,
    gate: { of: 'latency', quantile: 0.99 },
    goal: { atMost: 3 },
    pairs: 9,
    // A small flood may be over before the last revoke.
    counts: {
      ...(bench.smoke ? {} : { 'revokes after the last write': { exactly: 0 } }),
      lists: { exactly: 0 },
    },
  });
}

/** A cluster in which more and more stands: each flood adds its own people, so that none has to be taken away. */
class Flood {
  readonly #fleet: Fleet;
  readonly #size: Size;
  readonly #member: Member;
  readonly #client: AmbitClient;
  readonly #processes: Processes;
  #runs = 0;
  #objects = 0;

  constructor(fleet: Fleet, size: Size) {
    this.#fleet = fleet;
    this.#size = size;
    this.#member = fleet.member(cluster);
    this.#client = fleet.client();
    this.#processes = new Processes({
      central: fleet.central?.pid,
      postgres: () => postgresBelow(fleet.central?.pid),
      agent: () => this.#member.agent?.pid,
      ...controlPlanePids(this.#member.dev.server),
    });
  }

  async prepare(): Promise<void> {
    const { kube } = this.#member;
    for (const name of [home, ...this.#namespaces()]) {
      const metadata = { name };
      await kube.create<Namespace>(kubeResources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata,
      });
    }
    await this.#fleet.enrol(cluster);
  }

  /** Grants are made and in force before, and the cluster is at rest again after. */
  async revoke(inFlood: boolean): Promise<Measured> {
    const run = this.#runs++;
    const doomed = Array.from({ length: this.#size.revokes }, (_, at) => `doomed-${run}-${at}`);
    await this.#grant(doomed, [home]);
    await this.#standing(this.#objects);
    const people = Array.from({ length: this.#size.people }, (_, at) => `flood-${run}-${at}`);
    const before = this.#objects;
    const flooding = inFlood ? this.#pour(run, people) : Promise.resolve();
    if (inFlood) await this.#standing(before + this.#flood() / 10);
    const lists = await this.#lists();
    const measured = await this.#processes.measure(() => this.#revokeAll(doomed));
    const atRest = inFlood && (await this.#stood()) >= before + this.#flood();
    await flooding;
    this.#objects -= doomed.length;
    await this.#standing(this.#objects);
    const counts = {
      'revokes after the last write': atRest ? doomed.length : 0,
      lists: (await this.#lists()) - lists,
    };
    return { ...measured, counts };
  }

  async #revokeAll(people: readonly string[]): Promise<{ readonly latenciesMs: number[] }> {
    const latenciesMs: number[] = [];
    for (const name of people) {
      const question = { user: `ambit:${name}`, verb: 'list', resource: 'pods', namespace: home };
      const began = performance.now();
      await this.#client.api.deleteGrant({ params: { name } });
      await untilMay(this.#member.kube, question, false);
      latenciesMs.push(performance.now() - began);
    }
    return { latenciesMs };
  }

  /** People with their grants, and at the same time many to whom nothing is granted. */
  async #pour(run: number, people: readonly string[]): Promise<void> {
    const strangers = Array.from(
      { length: this.#size.strangers },
      (_, at) => `stranger-${run}-${at}`,
    );
    await Promise.all([
      this.#grant(people, this.#namespaces()),
      this.#client.api.apply({ body: { objects: strangers.map(user) } }),
    ]);
  }

  /** Time-bound, so that each is an object of its own in each namespace. */
  async #grant(people: readonly string[], namespaces: readonly string[]): Promise<void> {
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const scope = { clusters: { names: [cluster] }, namespaces: { names: [...namespaces] } };
    const grants = people.map((name) => ({
      apiVersion,
      kind: 'Grant' as const,
      metadata: { name },
      spec: { subjects: [{ user: name }], role: 'view', scope, until },
    }));
    await this.#client.api.apply({ body: { objects: [...people.map(user), ...grants] } });
    this.#objects += people.length * namespaces.length;
  }

  #namespaces(): string[] {
    return Array.from({ length: this.#size.namespaces }, (_, at) => `team-${at}`);
  }

  #flood(): number {
    return this.#size.people * this.#size.namespaces;
  }

  async #stood(): Promise<number> {
    const counts = await this.#member.dev.requestCounts();
    const of = (wanted: string): number =>
      counts
        .filter(({ resource, verb }) => resource === 'rolebindings' && verb === wanted)
        .reduce((sum, { count }) => sum + count, 0);
    return of('POST') - of('DELETE');
  }

  /** By what the API server answered, which asks nothing of central. */
  #standing(objects: number): Promise<void> {
    return eventually(
      async () => {
        const stood = await this.#stood();
        if (stood < objects) throw new Error(`${stood} of ${objects} objects`);
      },
      { withinMs: 240_000, everyMs: 50, what: `${objects} bindings standing` },
    );
  }

  async #lists(): Promise<number> {
    const counts = await this.#member.dev.requestCounts();
    return counts
      .filter(({ resource, verb }) => resource === 'rolebindings' && verb === 'LIST')
      .reduce((sum, { count }) => sum + count, 0);
  }
}

const user = (name: string) => ({ apiVersion, kind: 'User' as const, metadata: { name } });
