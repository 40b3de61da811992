import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { bindingsOfOurs, creates, expectStanding, removals, since } from '../agent/bindings.ts';
import { sendRaw } from '../agent/raw-writer.ts';
import type { Benchmark, Side } from '../harness/benchmark.ts';

const people = 10;
const namespaces = 20;
const standing = people * namespaces;

export const onboardCluster: Benchmark = {
  id: 'B21',
  name: 'onboard-cluster',
  says: 'an agent with a join token, from the start of its process until 200 bindings stand, beside a raw writer of the same',
  async run(bench) {
    const world = await AgentWorld.open(namespaces);
    try {
      world.central.commit(timeBound(people, namespaces));
      const before = await world.requests();
      const first = await onboard(world);
      const { POST = 0 } = since(before, await world.requests());
      bench.count('POST for each binding', POST, { exactly: standing });
      const goal = bench.smoke ? undefined : { atMost: 1_500 };
      bench.figure('start → in sync, the first time', first.wallMs, 'ms', goal);
      const bindings = await bindingsOfOurs(world.admin);
      await world.stop();
      await sendRaw(world.adminKubeconfig, removals(bindings), 200);
      await bench.compare({
        name: 'start with a join token until 200 bindings stand',
        ours: agentSide(world),
        floor: {
          name: 'raw writer, 64 in flight',
          async run() {
            const cpu = world.cpu();
            const done = await sendRaw(world.agentKubeconfig, creates(bindings), 201);
            const { 'kube-apiserver': server = 0, etcd = 0 } = since(cpu, world.cpu());
            await sendRaw(world.adminKubeconfig, removals(bindings), 200);
            const cpuMs = { callers: done.cpuMs, 'kube-apiserver': server, etcd };
            return { wallMs: done.wallMs, cpuMs };
          },
        },
        gate: { of: 'wall' },
        goal: { atMost: 2.5 },
        pairs: bench.smoke ? 3 : 11,
      });
    } finally {
      await world.close();
    }
  },
};

async function onboard(
  world: AgentWorld,
): Promise<{ readonly wallMs: number; readonly cpuMs: Readonly<Record<string, number>> }> {
  world.central.told.applied.length = 0;
  const cpu = { ...world.cpu(), agent: 0 };
  const began = performance.now();
  world.start({ fresh: true });
  await world.connected();
  await world.applied(world.central.revision);
  const wallMs = performance.now() - began;
  return { wallMs, cpuMs: since(cpu, world.cpu()) };
}

function agentSide(world: AgentWorld): Side {
  return {
    name: 'ambit-agent, with a new data folder',
    async run() {
      const measured = await onboard(world);
      await expectStanding(world.admin, standing);
      const bindings = await bindingsOfOurs(world.admin);
      await world.stop();
      await sendRaw(world.adminKubeconfig, removals(bindings), 200);
      return measured;
    },
  };
}
