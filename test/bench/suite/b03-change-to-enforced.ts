import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { may } from '../../support/access-review.ts';
import { Fleet } from '../../support/fleet.ts';
import type { Member } from '../../support/fleet.ts';
import type { Bench, Benchmark, Measured, Side } from '../harness/benchmark.ts';
import { controlPlanePids, postgresBelow, Processes } from '../harness/processes.ts';

const apiVersion = 'ambit.dev/v1' as const;
const namespace = 'bench';
/** A run of a side does so many changes, one after the other. */
const changes = 10;

/** Gives a person access and takes it away, and says how long each took until the API server decided so. */
type Round = (at: number) => Promise<{ readonly granted: number; readonly revoked: number }>;

async function run(bench: Bench): Promise<void> {
  const fleet = await Fleet.start(['bench'], {});
  try {
    const member = fleet.member('bench');
    await member.kube.create<Namespace>(kubeResources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await fleet.enrol('bench');
    await addPeople(fleet);
    await countOne(bench, fleet, member);
    const processes = processesOf(fleet, member);
    const [ours, floor] = [ambit(fleet, member), raw(member)];
    for (const what of ['granted', 'revoked'] as const) {
      const sides = {
        ours: sideOf('Ambit', processes, ours, what),
        floor: sideOf('raw object', processes, floor, what),
      };
      const name = what === 'granted' ? 'grant → allowed' : 'revoke → denied';
      await bench.compare({
        name: `${name}, p50`,
        ...sides,
        gate: { of: 'latency', quantile: 0.5 },
        goal: { atMost: 5 },
        difference: true,
        pairs: 21,
      });
      await bench.compare({
        name: `${name}, p99`,
        ...sides,
        gate: { of: 'latency', quantile: 0.99 },
        goal: { atMost: 2 },
        pairs: 21,
      });
    }
  } finally {
    await fleet.stop();
  }
}

const people = 50;

async function addPeople(fleet: Fleet): Promise<void> {
  const objects = Array.from({ length: people }, (_, at) => ({
    apiVersion,
    kind: 'User' as const,
    metadata: { name: `user-${at}` },
  }));
  await fleet.client().api.apply({ body: { objects } });
}

function processesOf(fleet: Fleet, { dev, agent }: Member): Processes {
  return new Processes({
    central: fleet.central?.pid,
    postgres: postgresBelow(fleet.central?.pid),
    agent: agent?.pid,
    ...(fleet.kind === 'real' ? controlPlanePids(dev.server) : {}),
  });
}

let next = 0;

function sideOf(
  name: string,
  processes: Processes,
  round: Round,
  what: 'granted' | 'revoked',
): Side {
  return {
    name,
    run: (): Promise<Measured> =>
      processes.measure(async () => {
        const latenciesMs: number[] = [];
        for (let at = 0; at < changes; at++) latenciesMs.push((await round(next++))[what]);
        return { latenciesMs };
      }),
  };
}

function ambit(fleet: Fleet, { kube }: Member): Round {
  const { api } = fleet.client();
  return async (at) => {
    const name = `bench-${at}`;
    const person = `user-${at % people}`;
    const user = `ambit:${person}`;
    const scope = { clusters: { names: ['bench'] }, namespaces: { names: [namespace] } };
    // Time-bound, so that each grant is an object of its own, as on the raw side.
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const spec = { subjects: [{ user: person }], role: 'view', scope, until };
    const began = performance.now();
    await api.putGrant({
      params: { name },
      body: { apiVersion, kind: 'Grant', metadata: { name }, spec },
    });
    const granted = (await decided(kube, user, true)) - began;
    const taken = performance.now();
    await api.deleteGrant({ params: { name } });
    return { granted, revoked: (await decided(kube, user, false)) - taken };
  };
}

function raw({ kube }: Member): Round {
  return async (at) => {
    const name = `raw-${at}`;
    const user = `raw:user-${at}`;
    const binding: BindingObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
    };
    const began = performance.now();
    await kube.create(kubeResources.roleBindings, binding);
    const granted = (await decided(kube, user, true)) - began;
    const taken = performance.now();
    await kube.delete(kubeResources.roleBindings, { name, namespace });
    return { granted, revoked: (await decided(kube, user, false)) - taken };
  };
}

/** The time at which the API server first decides so; the same poll on both sides. */
async function decided(kube: Member['kube'], user: string, expected: boolean): Promise<number> {
  const deadline = performance.now() + 30_000;
  while ((await may(kube, { user, verb: 'list', resource: 'pods', namespace })) !== expected) {
    if (performance.now() > deadline)
      throw new Error(`${user} was not ${expected ? 'allowed' : 'denied'} in 30 s`);
  }
  return performance.now();
}

/** One change is one commit in central and one write in the cluster, as both sides of the trail tell it. */
async function countOne(bench: Bench, fleet: Fleet, member: Member): Promise<void> {
  const { api } = fleet.client();
  const round = ambit(fleet, member);
  const revision = async (): Promise<number> => (await api.getSystem({})).revision;
  const before = await revision();
  const rounds = 5;
  for (let at = 0; at < rounds; at++) await round(next++);
  bench.count('commits of a grant and its end', ((await revision()) - before) / rounds, {
    exactly: 2,
  });
  const written = async (type: 'binding.created' | 'binding.deleted'): Promise<number> =>
    (await api.listAuditEvents({ query: { type, limit: 100 } })).items.length;
  for (const type of ['binding.created', 'binding.deleted'] as const) {
    await eventually(
      async () => {
        if ((await written(type)) < rounds)
          throw new Error('the trail of the agent is not all here');
      },
      { withinMs: 30_000 },
    );
    bench.count(`${type} of a grant and its end`, (await written(type)) / rounds, { exactly: 1 });
  }
}

export const changeToEnforced: Benchmark = {
  id: 'B03',
  name: 'change-to-enforced',
  says: 'from a REST call until the API server decides by it, beside a raw POST and DELETE of the same object',
  run,
};
