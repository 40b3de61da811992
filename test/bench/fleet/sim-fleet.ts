import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '@ambit/testing';
import type { AgentFacts, FleetFacts, FleetProgress, ToAgents } from './messages.ts';

const program = fileURLToPath(new URL('./agents-process.ts', import.meta.url));
/** Handshakes that agents have open at once: more would only wait in queues. */
const inFlight = 240;

/** Simulated agents in two processes of their own. */
export class SimFleet {
  readonly size: number;
  readonly #processes: readonly ChildProcess[];
  readonly #progress = new Map<ChildProcess, FleetProgress>();

  constructor(fleet: FleetFacts, agents: readonly AgentFacts[]) {
    this.size = agents.length;
    const half = Math.ceil(agents.length / 2);
    this.#processes = [agents.slice(0, half), agents.slice(half)].map((part) => {
      const child = fork(program, { execArgv: ['--no-warnings'], serialization: 'advanced' });
      child.on('message', (progress: FleetProgress) => this.#progress.set(child, progress));
      this.#tell(child, { do: 'hold', fleet, agents: part });
      return child;
    });
  }

  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Agents dial until so many of them are connected, and again when they are cut off. */
  dial(agents = this.size): void {
    const each = { inFlight: inFlight / this.#processes.length };
    const share = Math.ceil(agents / this.#processes.length);
    this.#tellAll({ do: 'dial', ...each, agents: share });
  }

  /** Agents that are cut off from now on wait to be told again. */
  stay(): void {
    this.#tellAll({ do: 'dial', inFlight: 0, agents: 0 });
  }

  /** Forgets what was counted. */
  async reset(): Promise<void> {
    this.#progress.clear();
    this.#tellAll({ do: 'reset' });
    await eventually(
      async () => {
        if (this.#progress.size < this.#processes.length) throw new Error('not all have answered');
      },
      { withinMs: 10_000, everyMs: 2, what: 'the fleet to begin anew' },
    );
  }

  /** When the last of all agents had acknowledged this revision, or a later one; milliseconds since 1970. */
  async accepted(revision: number, agents = this.size, withinMs = 300_000): Promise<number> {
    return eventually(
      async () => {
        const done = this.acceptedFrom(revision);
        if (done.agents >= agents) return done.at;
        throw new Error(`${done.agents} of ${agents} hold revision ${revision}`);
      },
      { withinMs, everyMs: 5, what: `${agents} agents to hold revision ${revision}` },
    );
  }

  acceptedFrom(revision: number): { readonly agents: number; readonly at: number } {
    const all = [...this.#progress.values()].flatMap(({ accepted }) => Object.entries(accepted));
    const enough = all.filter(([number]) => Number(number) >= revision).map(([, each]) => each);
    return {
      agents: enough.reduce((sum, each) => sum + each.agents, 0),
      at: Math.max(0, ...enough.map(({ at }) => at)),
    };
  }

  async cutOff(withinMs = 60_000): Promise<void> {
    await eventually(
      async () => {
        const { connected } = this.counted();
        if (connected > 0) throw new Error(`${connected} are connected`);
      },
      { withinMs, everyMs: 10, what: 'every agent to be cut off' },
    );
  }

  counted(): Omit<FleetProgress, 'accepted'> {
    const all = [...this.#progress.values()];
    const sum = (of: (progress: FleetProgress) => number): number =>
      all.reduce((total, progress) => total + of(progress), 0);
    const names = new Set(all.flatMap(({ heard }) => Object.keys(heard)));
    return {
      connected: sum(({ connected }) => connected),
      cut: sum(({ cut }) => cut),
      bytes: sum(({ bytes }) => bytes),
      entries: sum(({ entries }) => entries),
      heard: Object.fromEntries(
        [...names].map((name) => [name, sum(({ heard }) => heard[name] ?? 0)]),
      ),
    };
  }

  stop(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  #tellAll(order: ToAgents): void {
    for (const child of this.#processes) this.#tell(child, order);
  }

  #tell(child: ChildProcess, order: ToAgents): void {
    child.send(order);
  }
}
