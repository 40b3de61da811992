import { defaultCeiling } from '@ambit/rbac';
import type { AgentAuditEvent } from '../../apps/agent/src/reconcile/object-audit.ts';
import { Invariants, Violation } from './invariants.ts';
import { Policy } from './policy.ts';
import { SeededRandom } from '@ambit/testing';
import { VirtualAgent } from './virtual-agent.ts';
import type { AgentGround, Defect } from './virtual-agent.ts';
import type { AgentWrite, Weather } from './virtual-client.ts';
import { VirtualInventory } from './virtual-inventory.ts';
import { namespaceNames, World } from './world.ts';

const hour = 3_600_000;
const people = ['ambit:ann', 'ambit:bob', 'ambit:cat'];
const keys = ['g0', 'g1', 'g2', 'g3'];
const stepsOfARun = 30;
const checkEveryMs = 750;

export interface RunResult {
  readonly seed: number;
  readonly violation: string | undefined;
  /** What was done before it, the last things last. */
  readonly steps: readonly string[];
}

/** One run from one seed: the same seed does the same. */
export async function run(seed: number, defect: Defect = {}): Promise<RunResult> {
  const simulation = new Run(seed, defect);
  try {
    await simulation.go();
    return { seed, violation: undefined, steps: simulation.steps };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { seed, violation: error.message, steps: simulation.steps };
  } finally {
    simulation.close();
  }
}

class Run {
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #time: World['time'];
  readonly #weather: Weather = { failing: 0, silent: false, listMs: 0 };
  readonly #policy = new Policy({ ...defaultCeiling, subjectPrefixes: ['ambit:'] });
  readonly #writes: AgentWrite[] = [];
  readonly #events: AgentAuditEvent[] = [];
  readonly #invariants: Invariants;
  readonly #ground: AgentGround;
  #agent: VirtualAgent | undefined;
  #inventory: VirtualInventory;
  /** The latest time that the agent may have taken for now: what it ended by that stays ended. */
  #high = 0;

  constructor(seed: number, defect: Defect) {
    this.#random = new SeededRandom(seed);
    this.#world = new World(this.#random);
    const { time, cluster, strangers } = this.#world;
    this.#time = time;
    this.#inventory = new VirtualInventory(time);
    const [policy, writes] = [this.#policy, this.#writes];
    this.#invariants = new Invariants({ time, cluster, policy, writes, strangers });
    const [weather, events] = [this.#weather, this.#events];
    const random = new SeededRandom(seed + 1_000_003);
    this.#ground = { time, cluster, weather, policy, random, writes, events, defect };
  }

  async go(): Promise<void> {
    this.#world.begin();
    await this.#start();
    await this.#pass(1_000);
    for (let step = 0; step < stepsOfARun; step++) {
      this.#step();
      await this.#pass(this.#random.pick([20, 300, 2_000, 12_000, 40_000]) * this.#random.next());
    }
    await this.#calmDown();
    await this.#secondPass();
  }

  close(): void {
    this.#agent?.kill();
  }

  async #start(): Promise<void> {
    this.#agent = new VirtualAgent(this.#ground, this.#inventory);
    await this.#agent.start(this.#policy);
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= checkEveryMs) {
      await this.#time.advance(Math.min(left, checkEveryMs));
      this.#high = Math.max(this.#high, this.#agent?.interval.now().high ?? 0);
      this.#check();
    }
  }

  #check(): void {
    const { failing, silent } = this.#weather;
    const blind = failing > 0 || silent;
    this.#invariants.check(this.#agent, { blind, refused: !this.#world.admitsAll });
  }

  #step(): void {
    const steps: readonly (readonly [number, string, () => string | void])[] = [
      [8, 'grant', () => this.#grant()],
      [4, 'revoke', () => this.#revoke()],
      [3, 'ceiling', () => this.#changeCeiling()],
      [6, 'drift', () => this.#world.drift(this.#inventory)],
      [2, 'stranger', () => this.#world.putStranger()],
      [3, 'stranger goes', () => this.#world.strangerGoes()],
      [3, 'admission', () => this.#world.changeAdmission()],
      [2, 'weather', () => this.#changeWeather()],
      [2, 'watches cut', () => this.#cutWatches()],
      [2, 'clock', () => this.#setClock()],
      [4, 'restart', () => this.#restart()],
      [2, 'restart across an end', () => this.#restartAcrossAnEnd()],
      [2, 'namespace', () => this.#world.changeNamespace()],
    ];
    let at = this.#random.next() * steps.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, what, act] of steps) {
      at -= weight;
      if (at > 0) continue;
      const said = act() ?? '';
      this.steps.push(`${Math.round(this.#time.monotonic())} ${what} ${said}`);
      return;
    }
  }

  #grant(): string {
    const random = this.#random;
    const subjects = random.some(people, 0.5);
    const temporary = random.chance(0.4);
    const grant = {
      key: random.pick(keys),
      role: random.pick(['view', 'edit', 'admin']),
      namespaces: random.some(namespaceNames, 0.5),
      subjects: subjects.length === 0 ? [random.pick(people)] : subjects,
      ...(temporary
        ? { notAfter: Math.round(this.#time.truth() + random.between(1_000, 60_000)) }
        : {}),
    };
    this.#accept(() => this.#policy.put(grant));
    return JSON.stringify(grant);
  }

  #revoke(): string {
    const key = this.#random.pick(keys);
    this.#accept(() => this.#policy.remove(key));
    return key;
  }

  #accept(change: () => ReturnType<Policy['put']>): void {
    const accepted = change();
    this.#agent?.reconciler.accept(accepted);
  }

  #changeCeiling(): string {
    const { allowedRoles } = this.#policy;
    this.#policy.allowedRoles = allowedRoles.length > 1 ? ['view'] : ['view', 'edit'];
    this.#agent?.reconciler.setCeiling(this.#policy.ceilingOfNow);
    return this.#policy.allowedRoles.join();
  }

  #changeWeather(): string {
    const weather = this.#weather;
    if (weather.failing > 0 || weather.silent) {
      weather.failing = 0;
      weather.silent = false;
      // What was not told is told by a watch that begins anew.
      this.#agent?.cutWatches();
    } else if (this.#random.chance(0.7)) weather.failing = this.#random.between(0.1, 0.9);
    else weather.silent = true;
    return JSON.stringify(weather);
  }

  #cutWatches(): string {
    const compacts = this.#random.chance(0.5);
    if (compacts) this.#world.cluster.compact();
    this.#agent?.cutWatches();
    return compacts ? 'and what happened before is forgotten' : '';
  }

  #setClock(): string {
    const back = this.#random.chance(0.5);
    this.#time.offBy = this.#time.offBy === 0 ? (back ? -hour : 20_000) : 0;
    return String(this.#time.offBy);
  }

  #restart(): string {
    if (this.#agent === undefined) {
      this.#weather.listMs = this.#random.chance(0.5) ? this.#random.between(2_000, 8_000) : 0;
      void this.#start();
      return `up, lists take ${Math.round(this.#weather.listMs)} ms`;
    }
    this.#kill();
    return 'down';
  }

  #kill(): void {
    if (this.#agent === undefined) return;
    this.#agent.kill();
    this.#agent = undefined;
    this.#inventory = this.#inventory.afterCrash();
  }

  /** What ends while it is down has to go when it is up again, before its lists are there. */
  #restartAcrossAnEnd(): string {
    if (this.#agent === undefined) return 'it is down';
    const subjects = [this.#random.pick(people)];
    const notAfter = this.#time.truth() + 4_000;
    const grant = { key: 'g0', role: 'view', namespaces: namespaceNames, subjects, notAfter };
    this.#accept(() => this.#policy.put(grant));
    this.#time.after(1_000, () => this.#kill());
    this.#time.after(6_000, () => {
      if (this.#agent === undefined) this.#restart();
    });
    return subjects.join();
  }

  /** Every fault ends. */
  async #calmDown(): Promise<void> {
    this.steps.push(`${Math.round(this.#time.monotonic())} everything is well again`);
    Object.assign(this.#weather, { failing: 0, silent: false, listMs: 0 });
    this.#world.admitAll();
    this.#time.offBy = 0;
    while (this.#world.strangerGoes() !== 'nobody');
    if (this.#agent === undefined) await this.#start();
    this.#agent?.cutWatches();
    await this.#pass(180_000);
    this.#converged();
  }

  #converged(): void {
    const standing = new Set(this.#invariants.standing().keys());
    const wanted = this.#invariants.wanted();
    const lacking = this.#certain().filter((access) => !standing.has(access));
    if (lacking.length > 0) throw new Violation(`nobody gave ${lacking.join(', ')}`);
    const excess = Array.from(standing).filter((access) => !wanted.has(access));
    if (excess.length > 0) throw new Violation(`nobody took away ${excess.join(', ')}`);
    const { problems = [] } = this.#agent?.reconciler.status().report ?? {};
    const strange = problems.filter(
      ({ reason }) => !['ceiling_refused', 'namespace_missing'].includes(reason),
    );
    if (strange.length > 0) throw new Violation(`it still tells of ${JSON.stringify(strange)}`);
  }

  /** What is wanted and was not ended by a clock that was ahead. */
  #certain(): string[] {
    const there = new Set(
      this.#world.cluster.all('namespaces').map(({ metadata }) => metadata.name),
    );
    return [...this.#policy.access(this.#high, there)];
  }

  async #secondPass(): Promise<void> {
    const before = this.#writes.length;
    this.#agent?.reconciler.resync();
    await this.#pass(5_000);
    const more = this.#writes.slice(before);
    if (more.length > 0) throw new Violation(`the second pass wrote ${JSON.stringify(more)}`);
  }
}
