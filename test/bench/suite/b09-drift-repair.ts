import { isKubeError, kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { bindingsOfOurs, creates, expectStanding, removals, since } from '../agent/bindings.ts';
import { sendRaw } from '../agent/raw-writer.ts';
import type { Bench, Benchmark, Side } from '../harness/benchmark.ts';

export const driftRepair: Benchmark = {
  id: 'B09',
  name: 'drift-repair',
  says: 'a binding of the agent deleted or edited by somebody, and many deleted at once, beside a raw watcher that posts back and a raw writer',
  async run(bench) {
    const size = bench.smoke ? { people: 10, namespaces: 20 } : { people: 100, namespaces: 100 };
    const world = await AgentWorld.open(size.namespaces);
    try {
      await world.begin();
      await world.give(timeBound(size.people, size.namespaces));
      const bindings = await bindingsOfOurs(world.admin);
      await countRepairs(bench, world, bindings);
      const next = inTurn(bindings);
      const single = (): BindingObject[] => next(bench.smoke ? 10 : 100);
      await bench.compare({
        name: 'one deleted, until it stands again',
        ours: repairs(world, single),
        floor: watcher(world, single),
        gate: { of: 'latency', quantile: 0.5 },
        goal: { atMost: 1.5 },
        pairs: bench.smoke ? 3 : 9,
      });
      const count = bench.smoke ? 100 : 1_000;
      const many = (): BindingObject[] => next(count);
      await bench.compare({
        name: `${count} deleted at once, until all stand again`,
        ours: wave(world, many, bindings.length),
        floor: posts(world, many),
        gate: { of: 'wall' },
        goal: { atMost: 1.2 },
        pairs: bench.smoke ? 3 : 9,
      });
    } finally {
      await world.close();
    }
  },
};

/**
 * Gives the next so many, from the first again after the last: whoever deletes one object again and again is contention
 * to the agent, which then waits longer and longer before it gives back.
 */
function inTurn(bindings: readonly BindingObject[]): (count: number) => BindingObject[] {
  let at = 0;
  return (count) => {
    const taken = Array.from({ length: count }, (_, i) => bindings[(at + i) % bindings.length]);
    at = (at + count) % bindings.length;
    return taken.filter((each) => each !== undefined);
  };
}

/** One write for each, and no list. What is gone from a watch may have lost its label only: the answer to the write says so. */
async function countRepairs(
  bench: Bench,
  world: AgentWorld,
  bindings: readonly BindingObject[],
): Promise<void> {
  const [first, second] = bindings;
  if (first === undefined || second === undefined) throw new Error('nothing stands');
  const before = await world.requests();
  const { looks } = await removeAndAwait(world, first);
  const repaired = since(before, await world.requests());
  bench.count('POST for a deleted one', repaired['POST'] ?? 0, { exactly: 1 });
  bench.count('LIST for it', repaired['LIST'] ?? 0, { exactly: 0 });
  bench.count('GET of the agent for it', (repaired['GET'] ?? 0) - looks, { exactly: 0 });
  const { name, namespace = '' } = second.metadata;
  const edited = await world.requests();
  const subjects = (second.subjects ?? []).map((subject) => ({ ...subject, name: 'ambit:eve' }));
  await world.admin.mergePatch(kubeResources.roleBindings, { name, namespace }, { subjects });
  const isRight = async (): Promise<void> => {
    const key = { name, namespace };
    const now = await world.admin.get<BindingObject>(kubeResources.roleBindings, key);
    if (now.subjects?.[0]?.name !== second.subjects?.[0]?.name) throw new Error('not yet');
  };
  await eventually(isRight, { withinMs: 30_000, everyMs: 5, what: 'the edit being undone' });
  const { PATCH = 0, LIST = 0 } = since(edited, await world.requests());
  // The edit itself is the other one.
  bench.count('PATCH for an edited one', PATCH - 1, { exactly: 1 });
  bench.count('LIST for it', LIST, { exactly: 0 });
}

/** From the answer to the deletion until it stands again, under another uid; and how often that was looked for. */
async function removeAndAwait(
  world: AgentWorld,
  { metadata }: BindingObject,
): Promise<{ readonly ms: number; readonly looks: number }> {
  const key = { name: metadata.name, namespace: metadata.namespace ?? '' };
  await world.admin.delete(kubeResources.roleBindings, key);
  const began = performance.now();
  for (let looks = 1; ; looks++) {
    try {
      await world.admin.get(kubeResources.roleBindings, key);
      return { ms: performance.now() - began, looks };
    } catch (error) {
      if (!isKubeError(error, 404)) throw error;
      if (performance.now() - began > 30_000)
        throw new Error('nobody repairs it', { cause: error });
    }
  }
}

function repairs(world: AgentWorld, next: () => BindingObject[]): Side {
  return {
    name: 'ambit-agent',
    async run() {
      const cpu = world.cpu();
      const began = performance.now();
      const latenciesMs: number[] = [];
      for (const binding of next()) {
        const { ms } = await removeAndAwait(world, binding);
        latenciesMs.push(ms);
      }
      const wallMs = performance.now() - began;
      return { wallMs, cpuMs: since(cpu, world.cpu()), latenciesMs };
    },
  };
}

/** The agent stands still meanwhile, so that it is not the one who repairs. */
function watcher(world: AgentWorld, next: () => BindingObject[]): Side {
  return {
    name: 'raw watcher that posts back',
    async run() {
      world.agent.signal('SIGSTOP');
      const stopping = new AbortController();
      const { resourceVersion } = await world.admin.list(kubeResources.roleBindings, { limit: 1 });
      const posting = postBack(world, resourceVersion, stopping.signal);
      try {
        return await repairs(world, next).run();
      } finally {
        stopping.abort();
        await posting;
        world.agent.signal('SIGCONT');
      }
    },
  };
}

/** Gives back whatever is deleted after that version, so that no deletion comes before it looks. */
async function postBack(
  world: AgentWorld,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<void> {
  const events = world.admin.watch<BindingObject>(
    kubeResources.roleBindings,
    { resourceVersion },
    signal,
  );
  try {
    for await (const event of events) {
      if (event.type !== 'DELETED') continue;
      const { uid: _uid, resourceVersion: _version, ...metadata } = event.object.metadata;
      await world.admin.create(kubeResources.roleBindings, { ...event.object, metadata });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function wave(world: AgentWorld, next: () => BindingObject[], standing: number): Side {
  return {
    name: 'ambit-agent',
    async run() {
      await sendRaw(world.adminKubeconfig, removals(next()), 200);
      const cpu = world.cpu();
      const began = performance.now();
      await eventually(() => expectStanding(world.admin, standing), {
        withinMs: 120_000,
        everyMs: 50,
        what: 'all standing again',
      });
      return { wallMs: performance.now() - began, cpuMs: since(cpu, world.cpu()) };
    },
  };
}

function posts(world: AgentWorld, next: () => BindingObject[]): Side {
  return {
    name: 'raw writer, 64 in flight',
    async run() {
      const bindings = next();
      world.agent.signal('SIGSTOP');
      try {
        await sendRaw(world.adminKubeconfig, removals(bindings), 200);
        const cpu = world.cpu();
        const done = await sendRaw(world.agentKubeconfig, creates(bindings), 201);
        const { 'kube-apiserver': server = 0, etcd = 0 } = since(cpu, world.cpu());
        const cpuMs = { callers: done.cpuMs, 'kube-apiserver': server, etcd };
        return { wallMs: done.wallMs, cpuMs };
      } finally {
        world.agent.signal('SIGCONT');
      }
    },
  };
}
