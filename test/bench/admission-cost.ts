import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devClusterSettings, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster } from '@ambit/dev-cluster';
import { printed } from '../support/run-program.ts';
import { RawKube } from '../support/raw-kube.ts';
import type { Bench, Benchmark } from './harness/benchmark.ts';
import { quantile } from './harness/statistics.ts';

const pairs = 6;
const writesPerRun = 150;
const rbacGroup = 'rbac.authorization.k8s.io';
const path = `/apis/${rbacGroup}/v1/namespaces/default/rolebindings`;
const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

interface Run {
  readonly who: string;
  readonly subjects: number;
}

const runs: readonly Run[] = [
  { who: 'agent', subjects: 1 },
  { who: 'agent', subjects: 256 },
  { who: 'admin', subjects: 1 },
];

/** Creates and deletes bindings, with the policies and without them in turns, so that what drifts drifts in both. */
export const admissionCost: Benchmark = {
  id: 'admission-cost',
  name: 'admission-cost',
  says: 'writes of the agent and of others, with the admission policies of a ceiling and without',
  notInSmoke: true,
  run: (bench) => writeBindings(bench),
};

async function writeBindings(bench: Bench): Promise<void> {
  const settings = devClusterSettings(process.env);
  const clusters = await startDevClusters({ names: ['bench'], settings, forTests: true });
  const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
  try {
    if (clusters.kind === 'simulated') throw new Error('there is no real API server to measure');
    const cluster = clusters.cluster('bench');
    const file = join(folder, 'ceiling.yaml');
    await writeFile(file, JSON.stringify({ spec: largeCeiling() }));
    await measure(bench, cluster, file);
  } finally {
    await clusters.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** 30 roles and 20 rules: more than anybody is likely to write. */
function largeCeiling(): object {
  const rules = Array.from({ length: 20 }, (_, index) => ({
    apiGroups: [`group-${index}`],
    resources: ['a', 'b', 'c'],
    verbs: ['get', 'list', 'watch'],
  }));
  const more = Array.from({ length: 29 }, (_, index) => `role-${index}`);
  return { allowedClusterRoles: ['view', ...more], customRoles: { rules } };
}

async function measure(bench: Bench, cluster: DevCluster, file: string): Promise<void> {
  const rights = await printed('print-rbac', file);
  const text = await printed('print-policy', file);
  const admin = await RawKube.open(cluster.adminKubeconfig);
  const agent = await RawKube.open(await cluster.agentKubeconfig(rights));
  const times = new Map<string, number[]>();
  for (let pair = 0; pair < pairs; pair++) {
    for (const state of ['with', 'without']) {
      await cluster.agentKubeconfig(rights, state === 'with' ? text : undefined);
      if (state === 'without') await takeOff(admin, agent);
      for (const run of runs) {
        const key = `${run.who}, ${run.subjects} subjects, ${state}`;
        const samples = await write(run.who === 'agent' ? agent : admin, run.subjects);
        times.set(key, [...(times.get(key) ?? []), ...samples]);
      }
    }
  }
  for (const { who, subjects } of runs) {
    const of = (state: string): number => {
      return quantile(times.get(`${who}, ${subjects} subjects, ${state}`) ?? [], 0.5);
    };
    const name = `p50 of a write of the ${who}, ${subjects} ${subjects === 1 ? 'subject' : 'subjects'}`;
    bench.figure(`${name}, without policies`, of('without'), 'ms');
    bench.figure(`${name}, with policies`, of('with'), 'ms');
  }
  admin.close();
  agent.close();
}

async function write(kube: RawKube, subjects: number): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < writesPerRun; index++) {
    const body = bindingOf(subjects);
    const began = performance.now();
    const { status, message } = await kube.send({ method: 'POST', path, body });
    samples.push(performance.now() - began);
    if (status !== 201) throw new Error(`${status} ${message}`);
    await kube.send({ method: 'DELETE', path: `${path}/${body.metadata.name}` });
  }
  return samples;
}

function bindingOf(subjects: number): { readonly metadata: { readonly name: string } } {
  const labels = {
    'ambit.dev/managed-by': 'ambit',
    'ambit.dev/cluster': 'bench',
    'ambit.dev/installation': 'bench',
  };
  const body = {
    metadata: {
      name: 'ambit-view-abcdefghijkl',
      labels,
      annotations: { 'ambit.dev/identity': 'x' },
    },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' },
    subjects: Array.from({ length: subjects }, (_, index) => ({
      kind: 'User',
      apiGroup: rbacGroup,
      name: `ambit:person-${index}@example.com`,
    })),
  };
  return body;
}

/** Resolves when the API server no longer asks the policies. */
async function takeOff(admin: RawKube, agent: RawKube): Promise<void> {
  for (const name of ['ambit-agent-gate', 'ambit-agent-ceiling']) {
    await admin.send({ method: 'DELETE', path: `${policies}/${name}` });
  }
  const body = { ...bindingOf(1), metadata: { name: 'free' } };
  for (;;) {
    const { status } = await agent.send({ method: 'POST', path: `${path}?dryRun=All`, body });
    if (status === 201) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
