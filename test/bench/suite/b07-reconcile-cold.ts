import { kubectl } from '@ambit/dev-cluster';
import type { BindingObject } from '@ambit/rbac';
import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { bindingsOfOurs, creates, expectStanding, removals, since } from '../agent/bindings.ts';
import { sendRaw } from '../agent/raw-writer.ts';
import type { Bench, Benchmark, Measured, Side } from '../harness/benchmark.ts';

/** Those of the agent's start.mjs: what they cost a writer that does nothing else. */
const agentFlags = ['--max-semi-space-size=1', '--optimize-for-size', '--no-opt', '--no-maglev'];
/** Objects of the baselines that take too long for all. */
const few = 200;
const perSecondOfInfra = 5;

interface Size {
  readonly people: number;
  readonly namespaces: number;
}

export const reconcileCold: Benchmark = {
  id: 'B07',
  name: 'agent-reconcile-cold',
  says: 'time-bound bindings, each an object of its own, written by the agent, beside a raw HTTP/2 writer with 64 requests in flight, both under the admission policies',
  async run(bench) {
    const size = bench.smoke ? { people: 10, namespaces: 20 } : { people: 100, namespaces: 100 };
    const world = await AgentWorld.open(size.namespaces);
    try {
      await countRequests(bench, world, size);
      const bindings = await bodiesOf(world, size);
      if (!bench.smoke) await baselines(bench, world, bindings.slice(0, few));
      const sides = { ours: agentSide(world, size), floor: rawSide(world, bindings) };
      const { length } = bindings;
      await bench.compare({
        name: `wall time of ${length} bindings`,
        ...sides,
        gate: { of: 'wall' },
        goal: { atMost: 1.1 },
        pairs: bench.smoke ? 3 : 9,
      });
      if (bench.smoke) return;
      const part = { people: 20, namespaces: size.namespaces };
      await bench.compare({
        name: `CPU of the client, ${part.people * part.namespaces} bindings`,
        ours: agentSide(world, part),
        floor: rawSide(world, bindings.slice(0, part.people * part.namespaces)),
        gate: { of: 'cpu', processes: ['agent', 'callers'] },
        goal: { atMost: 2.5 },
        pairs: 9,
      });
    } finally {
      await world.close();
    }
  },
};

/** A create is one request, and so is a removal: nothing is read for either. */
async function countRequests(bench: Bench, world: AgentWorld, size: Size): Promise<void> {
  const wanted = size.people * size.namespaces;
  await world.begin();
  const intents = timeBound(size.people, size.namespaces);
  const before = await world.requests();
  await world.give(intents);
  const made = since(before, await world.requests());
  const standing = await world.requests();
  await world.take(intents);
  const removed = since(standing, await world.requests());
  await world.stop();
  bench.count('POST for each binding that is made', made['POST'] ?? 0, { exactly: wanted });
  bench.count('LIST while they are made', made['LIST'] ?? 0, { exactly: 0 });
  bench.count('GET while they are made', made['GET'] ?? 0, { exactly: 0 });
  bench.count('DELETE for each that is removed', removed['DELETE'] ?? 0, { exactly: wanted });
  bench.count('GET while they are removed', removed['GET'] ?? 0, { exactly: 0 });
  bench.count('LIST while they are removed', removed['LIST'] ?? 0, { exactly: 0 });
}

function agentSide(world: AgentWorld, { people, namespaces }: Size): Side {
  return {
    name: 'ambit-agent',
    async run(): Promise<Measured> {
      await world.begin();
      const intents = timeBound(people, namespaces);
      const cpu = world.cpu();
      const began = performance.now();
      await world.give(intents);
      const wallMs = performance.now() - began;
      const cpuMs = since(cpu, world.cpu());
      await expectStanding(world.admin, people * namespaces);
      await world.take(intents);
      await world.stop();
      return { wallMs, cpuMs };
    },
  };
}

function rawSide(world: AgentWorld, bindings: readonly BindingObject[]): Side {
  return {
    name: 'raw HTTP/2 writer, 64 in flight',
    async run(): Promise<Measured> {
      const cpu = world.cpu();
      const { wallMs, cpuMs } = await sendRaw(world.agentKubeconfig, creates(bindings), 201);
      const { 'kube-apiserver': server = 0, etcd = 0 } = since(cpu, world.cpu());
      await expectStanding(world.admin, bindings.length);
      await sendRaw(world.agentKubeconfig, removals(bindings), 200);
      return { wallMs, cpuMs: { callers: cpuMs, 'kube-apiserver': server, etcd } };
    },
  };
}

/** The objects as the agent makes them; they stand no more. */
async function bodiesOf(
  world: AgentWorld,
  { people, namespaces }: Size,
): Promise<readonly BindingObject[]> {
  await world.begin();
  const intents = timeBound(people, namespaces);
  await world.give(intents);
  const bindings = await bindingsOfOurs(world.admin);
  await world.take(intents);
  await world.stop();
  return bindings;
}

/** What others do, at a size that they manage in a minute. */
async function baselines(
  bench: Bench,
  world: AgentWorld,
  bindings: readonly BindingObject[],
): Promise<void> {
  const requests = creates(bindings);
  const write = async (options: Parameters<typeof sendRaw>[3]): Promise<number> => {
    const { wallMs, cpuMs } = await sendRaw(world.agentKubeconfig, requests, 201, options);
    await sendRaw(world.agentKubeconfig, removals(bindings), 200);
    if (options?.flags !== undefined) {
      bench.figure('raw writer with the V8 flags of the agent', cpuMs / few, 'ms CPU per binding');
    }
    return wallMs;
  };
  await write({ flags: agentFlags });
  const serial = await write({ inFlight: 1 });
  bench.figure('one after another (the shape of rbac-manager)', perSecond(serial), 'bindings/s');
  bench.figure('paced (the shape of Infra)', perSecondOfInfra, 'bindings/s');
  const items = requests.map(({ body }) => JSON.parse(body ?? '') as unknown);
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { cluster, settings } = world;
  const began = performance.now();
  const args = ['apply', '--server-side', '-f', '-'];
  const { exitCode, stderr } = await kubectl(cluster, args, {
    settings,
    input,
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  const took = performance.now() - began;
  bench.figure('kubectl apply --server-side', perSecond(took), 'bindings/s');
  await sendRaw(world.agentKubeconfig, removals(bindings), 200);
}

const perSecond = (wallMs: number): number => (few / wallMs) * 1000;
