import { kubeResources } from '@ambit/kube';
import { AgentWorld, timeBound } from '../agent/agent-world.ts';
import { bindingsOfOurs, since } from '../agent/bindings.ts';
import { sendRaw } from '../agent/raw-writer.ts';
import type { Bench, Benchmark, Side } from '../harness/benchmark.ts';

const pageSize = 250;
const wrong = 10;

export const reconcileWarm: Benchmark = {
  id: 'B08',
  name: 'agent-reconcile-warm',
  says: 'an agent restarted over bindings that stand, right or with ten wrong ones, and a change that touches ten, beside a bare list of the same',
  async run(bench) {
    const size = bench.smoke ? { people: 10, namespaces: 20 } : { people: 100, namespaces: 100 };
    const world = await AgentWorld.open(size.namespaces);
    try {
      await world.begin();
      await world.give(timeBound(size.people, size.namespaces));
      await world.stop();
      const standing = size.people * size.namespaces;
      await countRestart(bench, world, standing);
      await countWrong(bench, world);
      await countChange(bench, world);
      await world.stop();
      await bench.compare({
        name: `restart over ${standing} bindings until everything is read`,
        ours: restart(world),
        floor: bareList(world),
        gate: { of: 'cpu', processes: ['kube-apiserver'] },
        goal: { atMost: 1.3 },
        pairs: bench.smoke ? 3 : 11,
      });
    } finally {
      await world.close();
    }
  },
};

async function countRestart(bench: Bench, world: AgentWorld, standing: number): Promise<void> {
  const before = await world.requests();
  await world.begin();
  const {
    LIST = 0,
    POST = 0,
    PATCH = 0,
    DELETE = 0,
    GET = 0,
  } = since(before, await world.requests());
  await world.stop();
  const pages = Math.max(1, Math.ceil(standing / pageSize));
  // What is not ours is listed beside it, and not again with it.
  bench.count('pages of a restart', LIST, { exactly: pages + 1 });
  bench.count('writes of a restart over what is right', POST + PATCH + DELETE, { exactly: 0 });
  bench.count('GET of a restart', GET, { exactly: 0 });
}

/** Half of them are gone, half name somebody else. */
async function countWrong(bench: Bench, world: AgentWorld): Promise<void> {
  const some = (await bindingsOfOurs(world.admin)).slice(0, wrong);
  for (const [index, { metadata, subjects = [] }] of some.entries()) {
    const { name, namespace = '' } = metadata;
    if (index % 2 === 0) await world.admin.delete(kubeResources.roleBindings, { name, namespace });
    else {
      const patch = { subjects: subjects.map((subject) => ({ ...subject, name: 'ambit:eve' })) };
      await world.admin.mergePatch(kubeResources.roleBindings, { name, namespace }, patch);
    }
  }
  const before = await world.requests();
  await world.begin();
  await world.give(timeBound(1, 1, 10_000));
  const { POST = 0, PATCH = 0, DELETE = 0 } = since(before, await world.requests());
  // The one that shows that all before it was done is one more.
  bench.count('writes for ten wrong ones', POST + PATCH + DELETE - 1, { exactly: wrong });
}

async function countChange(bench: Bench, world: AgentWorld): Promise<void> {
  const before = await world.requests();
  await world.give(timeBound(1, wrong, 20_000));
  const { LIST = 0, GET = 0, POST = 0 } = since(before, await world.requests());
  bench.count('writes of a change that touches ten', POST, { exactly: wrong });
  bench.count('LIST and GET of it', LIST + GET, { exactly: 0 });
}

function restart(world: AgentWorld): Side {
  return {
    name: 'ambit-agent, from its start',
    async run() {
      const cpu = world.cpu();
      const began = performance.now();
      await world.begin();
      const wallMs = performance.now() - began;
      const cpuMs = since({ ...cpu, agent: 0 }, world.cpu());
      await world.stop();
      return { wallMs, cpuMs };
    },
  };
}

function bareList(world: AgentWorld): Side {
  const path =
    '/apis/rbac.authorization.k8s.io/v1/rolebindings?labelSelector=ambit.dev%2Fmanaged-by%3Dambit';
  return {
    name: 'one bare LIST',
    async run() {
      const cpu = world.cpu();
      const done = await sendRaw(world.adminKubeconfig, [{ method: 'GET', path }], 200);
      const { 'kube-apiserver': server = 0, etcd = 0 } = since(cpu, world.cpu());
      const cpuMs = { callers: done.cpuMs, 'kube-apiserver': server, etcd };
      return { wallMs: done.wallMs, cpuMs };
    },
  };
}
