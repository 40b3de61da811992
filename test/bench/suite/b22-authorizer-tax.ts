import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeResources } from '@ambit/kube';
import type { BindingIntent } from '@ambit/rbac';
import { AgentWorld } from '../agent/agent-world.ts';
import { bindingsOfOurs, since } from '../agent/bindings.ts';
import { sendRaw } from '../agent/raw-writer.ts';
import type { RawRequest } from '../agent/raw-writer.ts';
import type { Benchmark, Side } from '../harness/benchmark.ts';

const group = 'rbac.authorization.k8s.io';
const roles = ['view', 'edit'] as const;
/** Where we give, where nobody has anything, and where each person has a binding of their own. */
const place = { ours: 'team-0', empty: 'team-1', single: 'team-2' } as const;
/** At most 256 are in one. */
const perShard = 250;

export const authorizerTax: Benchmark = {
  id: 'B22',
  name: 'authorizer-tax',
  says: 'what a denied request of somebody else costs in a namespace where thousands have access by groups, by our merged bindings of users, and by one binding each, beside an empty one',
  async run(bench) {
    const people = bench.smoke ? 200 : 5_000;
    const asks = bench.smoke ? 200 : 2_000;
    const world = await AgentWorld.open(3);
    try {
      await world.begin();
      await world.give(standing(people));
      const bindings = await bindingsOfOurs(world.admin);
      const sizes = bindings.map((binding) => JSON.stringify(binding).length);
      const shards = Math.ceil(people / perShard);
      bench.count('objects', bindings.length, { exactly: roles.length * shards });
      bench.figure('the largest of them', Math.max(...sizes) / 1_024, 'KiB');
      const stranger = await strangerOf(world);
      const pairs = bench.smoke ? 3 : 11;
      const floor = denied(world, stranger, place.empty, asks);
      const gate = { of: 'latency', quantile: 0.5 } as const;
      await bench.compare({
        name: `${people} people by our bindings`,
        ours: denied(world, stranger, place.ours, asks),
        floor,
        gate,
        goal: { atMost: 1.15 },
        pairs,
      });
      await sendRaw(world.adminKubeconfig, oneEach(people), 201);
      await bench.compare({
        name: `${people} people by one binding each, which others do`,
        ours: denied(world, stranger, place.single, asks),
        floor,
        gate,
        goal: { atLeast: 1.15 },
        pairs: bench.smoke ? 3 : 5,
      });
    } finally {
      await world.close();
    }
  },
};

/** In the shards in which they come. */
function standing(people: number): BindingIntent[] {
  return roles.flatMap((role) =>
    Array.from({ length: Math.ceil(people / perShard) }, (_, at): BindingIntent => {
      const shard = at.toString(2).padStart(5, '0');
      const subjects = Array.from({ length: perShard }, (_each, of) => `ambit:p-${at}-${of}`);
      return {
        section: 'BINDING',
        key: `BINDING/${role}/${shard}`,
        role: { type: 'existing', clusterRole: role },
        scope: { type: 'namespaces', names: [place.ours] },
        shard,
        subjectKind: 'Users',
        subjects,
        grants: ['everybody'],
      };
    }),
  );
}

function oneEach(people: number): RawRequest[] {
  const path = `/apis/${group}/v1/namespaces/${place.single}/rolebindings`;
  return Array.from({ length: people }, (_, at) => ({
    method: 'POST',
    path,
    body: JSON.stringify({
      metadata: { name: `person-${at}`, namespace: place.single },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: group, name: `person-${at}` }],
    }),
  }));
}

/** Path of the kubeconfig of somebody who may do nothing. */
async function strangerOf(world: AgentWorld): Promise<string> {
  const path = join(world.folder.path, 'stranger.kubeconfig');
  const kubeconfig = await world.cluster.kubeconfigFor({ user: 'stranger' });
  await writeFile(path, kubeconfig, { mode: 0o600 });
  return path;
}

function denied(world: AgentWorld, stranger: string, namespace: string, asks: number): Side {
  const { plural } = kubeResources.serviceAccounts;
  const request = { method: 'GET', path: `/api/v1/namespaces/${namespace}/${plural}` } as const;
  return {
    name: `denied in ${namespace}`,
    async run() {
      const cpu = world.cpu();
      const requests = Array.from({ length: asks }, () => request);
      const done = await sendRaw(stranger, requests, 403, { inFlight: 1 });
      const { 'kube-apiserver': server = 0 } = since(cpu, world.cpu());
      const { wallMs, latenciesMs } = done;
      return { wallMs, cpuMs: { 'kube-apiserver': server }, latenciesMs };
    },
  };
}
