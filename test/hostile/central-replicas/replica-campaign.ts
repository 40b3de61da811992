import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeIntent } from '@ambit/protocol';
import { eventually } from '@ambit/testing';
import { createEnvelopeOpeners, nodeDigests } from '@ambit/transport';
import { enrolFleet } from '../../bench/fleet/enrolled.ts';
import { quantile } from '../../bench/harness/statistics.ts';
import type { Escape, FamilyResult } from '../family.ts';
import type { SeededRandom } from '@ambit/testing';
import type { TwoCentrals } from './two-centrals.ts';
import type { Absence } from './watched-agent.ts';
import { WatchedAgent } from './watched-agent.ts';
import { checkAgentEvents, checkChanges, checkHeld, checkOwnEvents } from './what-is-kept.ts';
import { Writers } from './writers.ts';

/** What a connected agent may hold of what was taken away. */
const takenAwayWithinMs = 2_000;
/** A handshake and a Hello, on a machine that starts a central meanwhile. */
const handshakeMs = 5_000;
const apiVersion = 'ambit.dev/v1' as const;
const counters = ['counter-a', 'counter-b', 'counter-c'];

/** Two centrals that are killed while a fleet is connected and people change the policy. */
export class ReplicaCampaign {
  readonly #centrals: TwoCentrals;
  readonly #random: SeededRandom;
  readonly #agents: readonly WatchedAgent[];
  readonly #folder: string;
  readonly #writers: Writers;
  readonly #telling: NodeJS.Timeout;
  readonly #escapes: Escape[] = [];
  readonly #notes: string[] = [];
  /** From when both were killed until the first of them served again. */
  readonly #nobodyServed: Absence[] = [];
  #kills = 0;

  private constructor(
    centrals: TwoCentrals,
    random: SeededRandom,
    { agents, folder }: { readonly agents: readonly WatchedAgent[]; readonly folder: string },
  ) {
    this.#centrals = centrals;
    this.#random = random;
    this.#agents = agents;
    this.#folder = folder;
    const byCluster = new Map(agents.map((agent) => [agent.cluster, agent]));
    this.#writers = new Writers({
      client: () => centrals.client,
      clusters: [...byCluster.keys()],
      counters,
      random,
      tookAway: (cluster, revision) => byCluster.get(cluster)?.awaits(revision, performance.now()),
    });
    this.#telling = setInterval(() => random.pick(agents).tell(), 20);
  }

  static async begin(
    centrals: TwoCentrals,
    random: SeededRandom,
    size: number,
  ): Promise<ReplicaCampaign> {
    const { agents: facts, fleet } = await enrolFleet(centrals, size);
    const rows = await centrals.database.query<{ uid: string; name: string }>(
      'SELECT uid, name FROM clusters',
    );
    const nameOf = new Map(rows.map(({ uid, name }) => [uid, name]));
    const folder = await mkdtemp(join(tmpdir(), 'ambit-watched-agents-'));
    const ports = { digests: nodeDigests, ...createEnvelopeOpeners(fleet), decodeIntent };
    const shared = { fleet: { ...fleet, bare: false, countBytes: false }, ports, folder };
    const agents = await Promise.all(
      facts.map((each) => WatchedAgent.start(nameOf.get(each.clusterUid) ?? '', each, shared)),
    );
    const objects = counters.map((name) => ({ apiVersion, kind: 'User', metadata: { name } }));
    await centrals.client.api.apply({ body: { objects } as never });
    return new ReplicaCampaign(centrals, random, { agents, folder });
  }

  async run(kills: number): Promise<FamilyResult> {
    await this.#allConnected('the fleet');
    this.#writers.start();
    await this.#redisDies();
    while (this.#kills < kills) await this.#round(kills - this.#kills);
    await this.#writers.stop();
    await this.#settled();
    await this.#judge();
    return { attacks: this.#kills, escapes: this.#escapes, notes: this.#notes };
  }

  async stop(): Promise<void> {
    clearInterval(this.#telling);
    await this.#writers.stop();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** One replica dies, or at times both, whatever they are at; what supervises them starts them again. */
  async #round(left: number): Promise<void> {
    const { replicas } = this.#centrals;
    const both = left > 1 && this.#random.chance(0.1);
    const victims = both ? replicas : [this.#random.pick(replicas)];
    await pause(this.#random.below(800));
    const from = performance.now();
    await Promise.all(victims.map((victim) => this.#centrals.kill(victim)));
    this.#kills += victims.length;
    const started = victims.map((victim) => this.#centrals.startReplica(victim));
    await Promise.race(started);
    if (both) this.#nobodyServed.push({ from, to: performance.now() });
    await Promise.all(started);
    await this.#allConnected(`after ${this.#kills} kills`);
  }

  /** No change waits for Redis, and it may lose all that it holds. */
  async #redisDies(): Promise<void> {
    const { redis } = this.#centrals;
    await redis.kill();
    const before = this.#writers.acknowledged.length;
    await eventually(
      async () => {
        const made = this.#writers.acknowledged.length - before;
        if (made < 20) throw new Error(`${made} changes; ${this.#writers.strange.join()}`);
      },
      { withinMs: 30_000, what: 'changes without Redis' },
    );
    await redis.startAgain();
    await eventually(
      async () => {
        const ran = await redis.command('ZCARD bull:ambit:completed');
        if (ran === ':0') throw new Error('no job has run');
      },
      { withinMs: 60_000, everyMs: 100, what: 'a job after Redis came back empty' },
    );
    this.#notes.push('Redis was killed and came back empty: changes went on, and jobs run again');
  }

  async #allConnected(when: string): Promise<void> {
    await eventually(
      async () => {
        const off = this.#agents.filter(({ connected }) => !connected).length;
        if (off > 0) throw new Error(`${off} are not connected\n${await this.#centrals.words()}`);
      },
      { withinMs: 90_000, everyMs: 20, what: `every agent being connected, ${when}` },
    );
  }

  /** Nothing is on its way any more. */
  async #settled(): Promise<void> {
    clearInterval(this.#telling);
    await eventually(
      async () => {
        for (const { cluster, told, acknowledged, awaitsSomething } of this.#agents) {
          if (awaitsSomething) throw new Error(`${cluster} still holds what was taken away`);
          if (acknowledged < told) throw new Error(`${cluster}: ${acknowledged} of ${told} events`);
        }
      },
      { withinMs: 120_000, everyMs: 50, what: 'the end of it all' },
    );
  }

  async #judge(): Promise<void> {
    const { database } = this.#centrals;
    const checked = [
      await checkChanges(database, this.#writers.acknowledged),
      await checkOwnEvents(database),
      await checkAgentEvents(database, this.#agents),
      await checkHeld(database, this.#agents),
    ];
    for (const { escapes, notes } of checked) {
      this.#escapes.push(...escapes);
      this.#notes.push(...notes);
    }
    const { unknown, conflicts, strange } = this.#writers;
    this.#notes.push(
      `${unknown} changes were not answered, ${conflicts} raises were refused as stale`,
    );
    this.#escapes.push(...strange.map((got) => ({ attack: 'a change while a replica dies', got })));
    this.#judgeAgents();
  }

  #judgeAgents(): void {
    const all = <T>(of: (agent: WatchedAgent) => readonly T[]): T[] => this.#agents.flatMap(of);
    for (const agent of this.#agents) {
      const got = this.#faultsOf(agent);
      this.#escapes.push(
        ...got.map((each) => ({ attack: `agent of ${agent.cluster}`, got: each })),
      );
    }
    const windows = all(({ windows: each }) => each);
    const back = all((agent) => this.#backAfterMs(agent));
    const away = all(({ absences }) => absences).map(({ from, to }) => to - from);
    const connected = windows.map(({ whileConnectedMs }) => whileConnectedMs);
    const total = (of: (agent: WatchedAgent) => number): number =>
      this.#agents.reduce((sum, agent) => sum + of(agent), 0);
    this.#notes.push(
      `agents were back after ${spread(back)}, counted while a replica served`,
      `they were away for ${spread(away)}`,
      `sent again although it was held: ${total(({ resent }) => resent)} entries; whole states for a change while away: ${total(({ whole }) => whole)}`,
      `what was taken away was held, while connected, for ${spread(connected)}`,
      `with the time while cut off, for ${spread(windows.map(({ fromAnswerMs }) => fromAnswerMs))}`,
    );
  }

  #faultsOf(agent: WatchedAgent): string[] {
    const late = this.#backAfterMs(agent).filter((ms) => ms > agent.backoffCapMs + handshakeMs);
    const held = agent.windows
      .map(({ whileConnectedMs }) => whileConnectedMs)
      .filter((ms) => ms > takenAwayWithinMs);
    return [
      ...agent.refused,
      ...(agent.resent > 0 ? [`${agent.resent} entries were sent again`] : []),
      ...late.map((ms) => `back after ${seconds(ms)}`),
      ...held.map((ms) => `held what was taken away for ${seconds(ms)}`),
    ];
  }

  #backAfterMs({ absences }: WatchedAgent): number[] {
    return absences.map(({ from, to }) => {
      const outage = this.#nobodyServed.find((each) => each.from <= to && from <= each.to);
      return Math.max(0, to - Math.max(from, outage?.to ?? 0));
    });
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

function spread(samples: readonly number[]): string {
  if (samples.length === 0) return 'never';
  const at = (share: number): string => seconds(quantile(samples, share));
  return `${at(0.5)} in the middle, ${at(0.99)} at p99, ${seconds(Math.max(...samples))} at most (${samples.length} times)`;
}
