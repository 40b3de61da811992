import { isKubeError, kubeResources } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { bindingsOfOurs } from '../agent/bindings.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';

const standing = { people: 20, namespaces: 5 };
const untilEndMs = 2_000;

export const endsAfterRestart: Benchmark = {
  id: 'ends-after-restart',
  name: 'ends-after-restart',
  says: 'an agent started after an end that came while it was stopped, central dead: from the start of its process until the binding is gone',
  async run(bench) {
    const rounds = bench.smoke ? 2 : 60;
    const world = await AgentWorld.open(standing.namespaces);
    try {
      await world.begin();
      await world.give(timeBound(standing.people, standing.namespaces));
      const took: number[] = [];
      for (let round = 0; round < rounds; round++) took.push(await endOf(world, round));
      const count = standing.people * standing.namespaces;
      const left = (await bindingsOfOurs(world.admin)).length;
      bench.count('bindings that stand afterwards', left, { exactly: count });
      const goal = bench.smoke ? undefined : { atMost: 1_500 };
      bench.figure('start → ended, p50', quantile(took, 0.5), 'ms');
      bench.figure('start → ended, p99', quantile(took, 0.99), 'ms', goal);
    } finally {
      await world.close();
    }
  },
};

async function endOf(world: AgentWorld, round: number): Promise<number> {
  const notAfter = Date.now() + untilEndMs;
  const [intent] = timeBound(1, 1, 1_000 + round);
  if (intent === undefined) throw new Error('no intent');
  const before = new Set((await bindingsOfOurs(world.admin)).map(({ metadata }) => metadata.name));
  await world.give([{ ...intent, notAfter }]);
  const bindings = await bindingsOfOurs(world.admin);
  const made = bindings.find(({ metadata }) => !before.has(metadata.name));
  await world.stop();
  await world.central.stop();
  const passed = (): void => {
    if (Date.now() <= notAfter) throw new Error('it has not come');
  };
  await eventually(passed, { withinMs: 2 * untilEndMs, everyMs: 10, what: 'the end' });
  const name = made?.metadata.name ?? '';
  const began = performance.now();
  world.start();
  await eventually(async () => stands(world, name), {
    withinMs: 60_000,
    everyMs: 5,
    what: 'the binding being gone',
  });
  const took = performance.now() - began;
  await world.central.listen();
  await world.connected();
  return took;
}

async function stands(world: AgentWorld, name: string): Promise<void> {
  try {
    await world.admin.get(kubeResources.roleBindings, { name, namespace: 'team-0' });
  } catch (error) {
    if (isKubeError(error, 404)) return;
    throw error;
  }
  throw new Error('it still stands');
}
