import type { Clock, Millis, Random } from '@ambit/kernel';
import { KubeError } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { silentLogger } from '@ambit/testing';
import { LeaseElection } from '../src/replicas/lease-election.ts';
import type { Lease } from '../src/replicas/lease-record.ts';
import type { LeaseTerm } from '../src/replicas/lease-term.ts';
import type { LeaseClient } from '../src/replicas/lease-writer.ts';

/** Time that passes only from one event to the next. */
class ModelTime {
  now: Millis = 0;
  #events: { at: Millis; happens: () => void }[] = [];

  at(at: Millis, happens: () => void): void {
    this.#events.push({ at: Math.max(at, this.now), happens });
  }

  wait(ms: Millis): Promise<void> {
    return new Promise((resolve) => this.at(this.now + ms, resolve));
  }

  async runUntil(end: Millis, afterEach: () => void): Promise<void> {
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at);
      const next = this.#events[0];
      if (next === undefined || next.at > end) break;
      this.#events.shift();
      this.now = next.at;
      next.happens();
      // All that follows from it happens at the same time.
      await new Promise((resolve) => setImmediate(resolve));
      afterEach();
    }
    this.now = end;
  }
}

/** The Lease as an API server keeps it: of two writes that saw the same version one goes through. */
class ModelServer {
  #version = 0;
  #lease: Lease | undefined;
  #actor = '';
  taken: (by: string) => void = () => undefined;

  /** As a person might by mistake. */
  delete(): void {
    this.#lease = undefined;
  }

  get(): Lease {
    if (this.#lease === undefined) throw refusal(404);
    return this.#lease;
  }

  create(lease: Lease): Lease {
    if (this.#lease !== undefined) throw refusal(409);
    return this.#store(lease);
  }

  patch({ metadata, spec = {} }: Lease): Lease {
    const { spec: before = {} } = this.get();
    if (metadata.resourceVersion !== String(this.#version)) throw refusal(409);
    const by = spec.holderIdentity ?? '';
    if (by !== '' && by !== this.#actor) this.taken(by);
    this.#actor = by;
    return this.#store({ metadata, spec: { ...before, ...spec } });
  }

  #store(lease: Lease): Lease {
    const resourceVersion = String(++this.#version);
    this.#lease = { ...lease, metadata: { ...lease.metadata, resourceVersion } };
    return this.#lease;
  }
}

const refusal = (status: number): KubeError =>
  new KubeError({ status, reason: '', message: `refused with ${status}` });

/** How a replica and its way to the API server misbehave. */
export interface ModelFaults {
  /** How fast its clock goes. */
  readonly rate: number;
  /** From when on, and for how long, its process does nothing; as SIGSTOP does. */
  readonly stops: readonly { readonly at: Millis; readonly ms: Millis }[];
  /** How many calls of a hundred get no answer; half of them are carried out all the same. */
  readonly lost: number;
  readonly slowestMs: Millis;
}

const timeoutMs: Millis = 2_500;

class ModelReplica {
  term: LeaseTerm | undefined;
  /** Until when what it was let write may land. */
  landsUntil: Millis = -Infinity;
  readonly #time: ModelTime;
  readonly #faults: ModelFaults;
  readonly #random: Random;
  readonly name: string;
  readonly #clock: Clock;
  readonly #end = new AbortController();

  constructor(name: string, time: ModelTime, faults: ModelFaults, random: Random) {
    this.name = name;
    this.#time = time;
    this.#faults = faults;
    this.#random = random;
    const read = (): Millis => time.now * faults.rate;
    this.#clock = { monotonic: read, now: () => 1_800_000_000_000 + read() };
  }

  async live(server: ModelServer): Promise<void> {
    const client = {
      get: () => this.#call(() => server.get()),
      create: (_resource: unknown, lease: KubeObject) => this.#call(() => server.create(lease)),
      mergePatch: (_resource: unknown, _key: unknown, patch: object) =>
        this.#call(() => server.patch(patch as Lease)),
    } as unknown as LeaseClient;
    const sleep = (ms: Millis): Promise<void> => this.#wakes(ms / this.#faults.rate);
    while (!this.#end.signal.aborted) {
      const election = new LeaseElection({
        client,
        namespace: 'ambit-system',
        replica: this.name,
        clock: this.#clock,
        random: this.#random,
        logger: silentLogger,
        sleep,
      });
      this.term = await election.lead(this.#end.signal);
      await this.term?.lost;
      this.term = undefined;
    }
  }

  /** What it may write now may land as late as it is let. */
  writes(): void {
    const within = (this.term?.writesWithin() ?? 0) / this.#faults.rate;
    if (within > 0) this.landsUntil = Math.max(this.landsUntil, this.#time.now + within);
  }

  end(): void {
    this.#end.abort();
  }

  /** A process that is stopped goes on when it is let, and its timers run then. */
  async #wakes(ms: Millis): Promise<void> {
    await this.#time.wait(ms);
    const { now } = this.#time;
    const stop = this.#faults.stops.find(({ at, ms: long }) => at <= now && now < at + long);
    if (stop !== undefined) await this.#time.wait(stop.at + stop.ms - now);
  }

  async #call<T>(carriedOut: () => T): Promise<T> {
    const way = (): Millis => this.#random() * this.#faults.slowestMs;
    const lost = this.#random() * 100 < this.#faults.lost;
    await this.#time.wait(way());
    if (lost && this.#random() < 0.5) return this.#noAnswer();
    try {
      const answer = carriedOut();
      if (lost) return await this.#noAnswer();
      return answer;
    } finally {
      await this.#wakes(way());
    }
  }

  async #noAnswer(): Promise<never> {
    await this.#wakes(timeoutMs);
    throw new KubeError({ status: 0, reason: 'TimedOut', message: 'no answer' });
  }
}

export interface ModelOutcome {
  /** Of writes that may have landed when another replica had the Lease. */
  readonly overlaps: readonly string[];
  readonly takes: number;
  /** Whether somebody acts in the end. */
  readonly acts: boolean;
}

/** Replicas with these faults, for so long. The Lease is deleted under them at the times given. */
export async function runLeaseModel(
  faults: readonly ModelFaults[],
  ms: Millis,
  random: Random,
  deleted: readonly Millis[] = [],
): Promise<ModelOutcome> {
  const time = new ModelTime();
  const server = new ModelServer();
  const replicas = faults.map(
    (each, index) => new ModelReplica(`replica-${index}`, time, each, random),
  );
  const overlaps: string[] = [];
  let takes = 0;
  server.taken = (by) => {
    takes += 1;
    for (const { name, landsUntil } of replicas) {
      if (name === by || landsUntil <= time.now) continue;
      overlaps.push(`${by} took the Lease at ${time.now}, ${name} may write until ${landsUntil}`);
    }
  };
  for (const at of deleted) time.at(at, () => server.delete());
  for (const replica of replicas) void replica.live(server);
  await time.runUntil(ms, () => replicas.forEach((each) => each.writes()));
  const acts = replicas.some(({ term }) => (term?.writesWithin() ?? 0) > 0);
  for (const replica of replicas) replica.end();
  return { overlaps, takes, acts };
}
