import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { may } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';
import { ms, printMachine, quantile, spread } from './figures.ts';

const warmUp = 20;
const rounds = 300;
const apiVersion = 'ambit.dev/v1' as const;
const namespace = 'bench';
/** One client, so that its connection is kept, as the raw side keeps its own. */
let client: ReturnType<Fleet['client']> | undefined;

interface Round {
  readonly granted: number;
  readonly revoked: number;
  /** Until the write itself was answered. */
  readonly answered: number;
}

/** Each round gives a person access and takes it away again, by Ambit and by the raw floor in turn (ABBA). */
export async function changeToEnforced(): Promise<void> {
  const fleet = await Fleet.start(['bench'], {});
  try {
    const member = fleet.member('bench');
    await member.kube.create<Namespace>(kubeResources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await fleet.enrol('bench');
    const { api } = fleet.client();
    for (let i = 0; i < rounds + warmUp; i++) {
      await api.putUser({
        params: { name: `user-${i}` },
        body: { apiVersion, kind: 'User', metadata: { name: `user-${i}` } },
      });
    }
    const { ours, floor } = await measure(fleet, member);
    print(fleet, ours, floor);
  } finally {
    await fleet.stop();
  }
}

/** Both sides in turns, each first every other time. */
async function measure(fleet: Fleet, member: Member): Promise<{ ours: Round[]; floor: Round[] }> {
  const ours: Round[] = [];
  const floor: Round[] = [];
  for (let i = 0; i < rounds + warmUp; i++) {
    const [a, b] = i % 2 === 0 ? ([ambit, raw] as const) : ([raw, ambit] as const);
    for (const side of [a, b]) {
      const round = await side(fleet, member, i);
      if (i >= warmUp) (side === ambit ? ours : floor).push(round);
    }
  }
  return { ours, floor };
}

async function ambit(fleet: Fleet, { kube }: Member, i: number): Promise<Round> {
  client ??= fleet.client();
  const { api } = client;
  const name = `bench-${i}`;
  const user = `ambit:user-${i}`;
  const scope = { clusters: { names: ['bench'] }, namespaces: { names: [namespace] } };
  // Time-bound, so that each grant is an object of its own, as on the raw side.
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const spec = { subjects: [{ user: `user-${i}` }], role: 'view', scope, until };
  const began = performance.now();
  await api.putGrant({
    params: { name },
    body: { apiVersion, kind: 'Grant', metadata: { name }, spec },
  });
  const answered = performance.now() - began;
  const granted = (await decided(kube, user, true)) - began;
  const taken = performance.now();
  await api.deleteGrant({ params: { name } });
  return { answered, granted, revoked: (await decided(kube, user, false)) - taken };
}

async function raw(_fleet: Fleet, { kube }: Member, i: number): Promise<Round> {
  const name = `raw-${i}`;
  const user = `raw:user-${i}`;
  const binding: BindingObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  };
  const began = performance.now();
  await kube.create(kubeResources.roleBindings, binding);
  const answered = performance.now() - began;
  const granted = (await decided(kube, user, true)) - began;
  const taken = performance.now();
  await kube.delete(kubeResources.roleBindings, { name, namespace });
  return { answered, granted, revoked: (await decided(kube, user, false)) - taken };
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

function print(fleet: Fleet, ours: readonly Round[], floor: readonly Round[]): void {
  printMachine(`Kubernetes ${fleet.kind}`);
  console.log('write → answered');
  console.log(`  raw object  ${spread(floor.map(({ answered }) => answered))}`);
  console.log(`  Ambit       ${spread(ours.map(({ answered }) => answered))}`);
  for (const what of ['granted', 'revoked'] as const) {
    const [mine, theirs] = [ours.map((round) => round[what]), floor.map((round) => round[what])];
    const over = quantile(mine, 0.5) - quantile(theirs, 0.5);
    console.log(`${what === 'granted' ? 'grant → allowed' : 'revoke → denied'}`);
    console.log(`  raw object  ${spread(theirs)}`);
    console.log(`  Ambit       ${spread(mine)}`);
    console.log(`  Ambit is ${ms(over)} above the floor at p50 (aim: at most 5.0 ms)`);
  }
}
