import { spawn } from 'node:child_process';
import { eventually } from '@ambit/testing';
import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { since } from '../agent/bindings.ts';
import { buildInformer } from '../agent/go-informer.ts';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { memoryOf } from '../harness/processes.ts';

const settleMs = 20_000;
const idleMs = 60_000;
const wait = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

export const agentFootprint: Benchmark = {
  id: 'B10',
  name: 'agent-footprint',
  says: 'resident memory of an agent with none and with 10,000 bindings and after a restart over them, and its idle CPU, beside bare Node and a Go informer',
  async run(bench) {
    const size = bench.smoke ? { people: 10, namespaces: 20 } : { people: 100, namespaces: 100 };
    const pause = bench.smoke ? 500 : settleMs;
    const world = await AgentWorld.open(size.namespaces);
    try {
      const standing = size.people * size.namespaces;
      await world.begin();
      await wait(pause);
      bench.figure('agent, no bindings', memoryOf(world.agentPid).resident, 'MiB');
      await world.give(timeBound(size.people, size.namespaces));
      await wait(pause);
      bench.figure(
        `agent, ${standing} bindings that it wrote`,
        memoryOf(world.agentPid).resident,
        'MiB',
      );
      bench.figure('agent, the most while writing', memoryOf(world.agentPid).peak, 'MiB');
      if (!bench.smoke) await idle(bench, world);
      await world.stop();
      await restarted(bench, world, standing, pause);
      await beside(bench, world, standing);
    } finally {
      await world.close();
    }
  },
};

async function idle(bench: Bench, world: AgentWorld): Promise<void> {
  const before = world.cpu();
  await wait(idleMs);
  const { agent = 0 } = since(before, world.cpu());
  const perHour = (agent / idleMs) * 3_600;
  bench.figure('idle CPU of an hour', perHour, 's', { atMost: 1 });
}

async function restarted(
  bench: Bench,
  world: AgentWorld,
  standing: number,
  pause: number,
): Promise<void> {
  const before = await world.requests();
  await world.begin();
  await wait(pause);
  const { LIST = 0 } = since(before, await world.requests());
  bench.count('pages of a restart', LIST, { atMost: 110 });
  const { resident, peak } = memoryOf(world.agentPid);
  const goal = bench.smoke ? undefined : { atMost: 72 };
  bench.figure(`agent, restarted over ${standing} bindings`, resident, 'MiB', goal);
  bench.figure('agent, the most while it restarts', peak, 'MiB');
  await world.stop();
}

async function beside(bench: Bench, world: AgentWorld, standing: number): Promise<void> {
  bench.figure(
    'bare Node',
    await residentOf(process.execPath, ['-e', 'setInterval(()=>{},1e3)']),
    'MiB',
  );
  if (bench.smoke) return;
  const informer = await buildInformer();
  if (informer === undefined) {
    bench.note('No Go here: the informer beside it was not measured.');
    return;
  }
  const resident = await residentOf(informer, [world.adminKubeconfig], 'synced');
  bench.figure(`Go informer, ${standing} bindings`, resident, 'MiB');
}

/** Resident memory once it said the word, or a second after its start. */
async function residentOf(program: string, args: readonly string[], word = ''): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  try {
    await eventually(
      () => {
        if (!said.includes(word)) throw new Error(`it said ${said}`);
      },
      { withinMs: 60_000, everyMs: 20, what: `${program} being ready` },
    );
    await wait(1_000);
    return memoryOf(child.pid ?? 0).resident;
  } finally {
    child.kill('SIGKILL');
  }
}
