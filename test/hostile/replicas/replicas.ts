import { eventually, SeededRandom } from '@ambit/testing';
import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { strayWrites } from './one-writer.ts';
import { ReplicaWorld } from './replica-world.ts';
import type { AgentReplica } from './replica-world.ts';

/** From the end of the one that acted until the other one has the Lease, and to the deletion of what ended in between. */
const takesOverWithinMs = 15_000;
/** What an end may be late when somebody acts. */
const endsWithinMs = 2_000;

type Blow = 'killed' | 'killed without central' | 'stopped for a while' | 'told to stop';
const blows: Readonly<Record<Scale, Readonly<Record<Blow, number>>>> = {
  smoke: { killed: 3, 'killed without central': 1, 'stopped for a while': 1, 'told to stop': 1 },
  full: { killed: 50, 'killed without central': 5, 'stopped for a while': 10, 'told to stop': 5 },
};

/**
 * Two replicas of the agent, of which the one that acts is ended in every way. An escape is a write out of turn by the audit
 * log of the API server, a take-over that takes too long, or an end that comes too late.
 */
export const replicas: HostileFamily = {
  takesLong: true,
  says: 'two replicas of the agent, of which the one that acts is killed, stopped for a while or told to stop',
  async run(scale, seed): Promise<FamilyResult> {
    const world = await ReplicaWorld.open();
    if (world === undefined) {
      return {
        attacks: 0,
        escapes: [],
        notes: ['skipped: a simulated cluster keeps no audit log'],
      };
    }
    try {
      return await new Campaign(world, new SeededRandom(seed)).run(scale);
    } finally {
      await world.stop();
    }
  },
};

interface Measured {
  readonly takeOverMs: number;
  readonly lateMs: number;
}

class Campaign {
  readonly #world: ReplicaWorld;
  readonly #random: SeededRandom;
  readonly #escapes: Escape[] = [];
  readonly #notes: string[] = [];
  #rounds = 0;

  constructor(world: ReplicaWorld, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  async run(scale: Scale): Promise<FamilyResult> {
    for (const [blow, times] of Object.entries(blows[scale]) as [Blow, number][]) {
      const measured: Measured[] = [];
      for (let each = 0; each < times; each++) measured.push(await this.#round(blow));
      this.#notes.push(`${blow}, ${times} times: ${spread(measured)}`);
    }
    const writes = await this.#world.writes();
    const strays = strayWrites(writes);
    this.#escapes.push(...strays.map((got) => ({ attack: 'one writer at any time', got })));
    const ofAccess = writes.filter(({ holder }) => holder === undefined).length;
    this.#notes.push(`${ofAccess} writes in the audit log, ${strays.length} out of turn`);
    return { attacks: this.#rounds, escapes: this.#escapes, notes: this.#notes };
  }

  /** A grant that ends while nobody acts, many that are being made, and the blow in the middle of them. */
  async #round(blow: Blow): Promise<Measured> {
    const world = this.#world;
    const round = ++this.#rounds;
    const acting = await world.acting();
    const until = wholeSecond(Date.now() + 8_000 + this.#random.below(8_000));
    await world.grant([`ends-${round}`], until);
    const ending = await this.#made(until);
    if (blow === 'killed without central') await world.fleet.stopCentral();
    else await this.#busy(round);
    const blowAt = Date.now();
    await strike(acting, blow);
    await eventually(
      async () => {
        const left = await world.bindingsUntil(until);
        if (left.length > 0) throw new Error(`${left.join()} stands; ${await this.#words()}`);
        if ((await world.acting()) === acting) throw new Error(await this.#words());
      },
      { withinMs: 60_000, everyMs: 250, what: `round ${round}, ${blow}: the end of a grant` },
    );
    if (blow === 'killed without central') await world.fleet.startCentral();
    await this.#recover(acting, blow);
    return this.#measure({ acting, blowAt, until, ending, blow });
  }

  async #made(until: number): Promise<string> {
    let found: readonly string[] = [];
    await eventually(
      async () => {
        found = await this.#world.bindingsUntil(until);
        if (found.length === 0) throw new Error(await this.#words());
      },
      { withinMs: 30_000, everyMs: 50, what: 'the binding of a grant' },
    );
    return found[0] ?? '';
  }

  /** Writes are on their way when the blow falls. */
  async #busy(round: number): Promise<void> {
    const names = Array.from({ length: 30 }, (_, each) => `busy-${round}-${each}`);
    const until = wholeSecond(Date.now() + 3_600_000);
    const granted = this.#world.grant(names, until);
    if (this.#random.chance(0.5)) await granted;
    else void granted.catch(() => undefined);
  }

  async #recover(acting: AgentReplica, blow: Blow): Promise<void> {
    if (blow === 'stopped for a while') {
      acting.process.signal('SIGCONT');
      await this.#world.standsBy(acting);
    } else await this.#world.restart(acting);
    await this.#world.connected();
  }

  async #measure(round: {
    readonly acting: AgentReplica;
    readonly blowAt: number;
    readonly until: number;
    readonly ending: string;
    readonly blow: Blow;
  }): Promise<Measured> {
    const { acting, blowAt, until, ending, blow } = round;
    const next = this.#world.other(acting).credential.id;
    const after = (await this.#world.writes()).filter(({ to }) => to > blowAt);
    const taken = after.find(
      ({ by, holder }) => by === next && holder !== undefined && holder !== '',
    );
    const deletion = after.find(({ what }) => what === `delete rolebindings/${ending}`);
    const takeOverMs = (taken?.to ?? Infinity) - blowAt;
    const deletedAt = deletion?.to ?? Infinity;
    const attack = `round ${this.#rounds}, ${blow}`;
    if (takeOverMs > takesOverWithinMs)
      this.#escapes.push({ attack, got: `taken over after ${takeOverMs} ms` });
    if (deletedAt > Math.max(until + endsWithinMs, blowAt + takesOverWithinMs))
      this.#escapes.push({ attack, got: `an end came ${deletedAt - until} ms late` });
    return { takeOverMs, lateMs: Math.max(0, deletedAt - until) };
  }

  async #words(): Promise<string> {
    const tails = this.#world.replicas.map(
      async ({ name, process }) => `${name}: ${await process.tail(5)}`,
    );
    return (await Promise.all(tails)).join('\n');
  }
}

async function strike({ process }: AgentReplica, blow: Blow): Promise<void> {
  if (blow === 'stopped for a while') process.signal('SIGSTOP');
  else if (blow === 'told to stop') await process.stop(20_000);
  else process.signal('SIGKILL');
}

function spread(measured: readonly Measured[]): string {
  const said = (of: keyof Measured): string => {
    const sorted = measured.map((each) => each[of]).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? NaN;
    return `${seconds(middle)} in the middle, ${seconds(sorted.at(-1) ?? NaN)} at most`;
  };
  return `the other one has the Lease after ${said('takeOverMs')}; an end is late by ${said('lateMs')}`;
}

/** As grants keep their ends. */
const wholeSecond = (ms: number): number => Math.ceil(ms / 1_000) * 1_000;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
