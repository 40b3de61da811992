import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { may } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import {
  clusterLabels,
  clusters,
  Dice,
  namespaceLabels,
  people,
  places,
  probes,
  RandomPolicy,
  services,
} from '../support/random-access.ts';

const ceiling = `
spec:
  allowedClusterRoles: [view, edit]
  clusterScope: true
  customRoles:
    rules:
      - {apiGroups: [""], resources: [pods, configmaps], verbs: [get, list, watch]}
`;
const seed = Number(process.env['AMBIT_SEED'] ?? 20261129);
const dice = new Dice(seed);
const policy = new RandomPolicy(dice);
let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start(clusters, Object.fromEntries(clusters.map((name) => [name, ceiling])));
  for (const { kube } of fleet.members) {
    for (const [name, labels] of Object.entries(namespaceLabels)) {
      await kube.create<Namespace>(kubeResources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels },
      });
    }
  }
  await Promise.all(clusters.map((name) => fleet.enrol(name, clusterLabels[name])));
}, 240_000);
afterAll(() => fleet?.stop(), 60_000);

/** Applies and waits until the agents have made it so; gives the revision. */
async function applied(objects: object[]): Promise<number> {
  const { api } = fleet.client();
  const dry = await api.apply({ body: { objects, dryRun: 'All' } as never });
  const digest = dry.removalGuard?.digest;
  const body = { objects, ...(digest === undefined ? {} : { confirmRemovals: digest }) };
  await api.apply({ body: body as never });
  const { revision } = await api.getSystem({});
  await eventually(
    async () => {
      const status = await api.getRevisionStatus({
        params: { revision },
        query: { wait: '10s', clusters: clusters.join(',') },
      });
      expect(status.clusters.map(({ done }) => done)).toEqual(clusters.map(() => true));
    },
    { what: `revision ${revision} being applied`, withinMs: 60_000 },
  );
  return revision;
}

type Whom = { readonly user: string } | { readonly service: string };

interface Sample {
  readonly kind: 'can-i' | 'who-can' | 'why';
  readonly whom: Whom;
  readonly cluster: string;
  readonly namespace: string;
  readonly probe: (typeof probes)[number];
}

const everybody: readonly Whom[] = [
  ...people.map((user) => ({ user })),
  ...services.map((service) => ({ service })),
];
const holderText = (whom: Whom): string => ('user' in whom ? whom.user : `service/${whom.service}`);
const subject = (whom: Whom): string =>
  'user' in whom ? `ambit:${whom.user}` : `ambit:service:${whom.service}`;

const samplesOf = (count: number): Sample[] =>
  Array.from({ length: count }, (_, nth) => ({
    kind: (['can-i', 'who-can', 'why'] as const)[nth % 3] ?? 'why',
    whom: dice.one(everybody),
    cluster: dice.one(clusters),
    namespace: dice.one(places),
    probe: dice.one(probes),
  }));

/** By Ambit, now or as it was. */
async function told(
  { kind, whom, cluster, namespace, probe }: Sample,
  at?: string,
): Promise<boolean> {
  const { api } = fleet.client();
  const when = at === undefined ? {} : { at };
  const place = { cluster, namespace, ...probe };
  if (kind === 'can-i') {
    const checks = [{ ...whom, ...place }];
    const { items } = await api.checkAccess({ query: when, body: { checks } });
    return items[0]?.allowed === true;
  }
  if (kind === 'who-can') {
    const { items } = await api.whoCan({ query: { ...place, limit: 500, ...when } });
    return items.some(({ user }) => user === holderText(whom));
  }
  const scope = `${cluster}/${namespace}`;
  return (await api.explainAccess({ query: { ...whom, scope, ...when } })).allowed;
}

/** By the API server itself. Somebody holds a role in a place when anything is allowed there that every role allows some of. */
async function decided({ kind, whom, cluster, namespace, probe }: Sample): Promise<boolean> {
  const { kube } = fleet.member(cluster);
  const asked = kind === 'why' ? probes : [probe];
  for (const each of asked)
    if (await may(kube, { user: subject(whom), namespace, ...each })) return true;
  return false;
}

interface Answer extends Sample {
  readonly answer: boolean;
}
const answers = async (
  samples: readonly Sample[],
  ask: (sample: Sample) => Promise<boolean>,
): Promise<readonly Answer[]> => {
  const found: Answer[] = [];
  for (const sample of samples) found.push({ ...sample, answer: await ask(sample) });
  return found;
};

test('300 answers are those of the API servers, and at a past revision those that were recorded then', async () => {
  const before = await applied(policy.objects());
  const first = samplesOf(150);
  const recorded = await answers(first, decided);
  expect({ seed, answers: await answers(first, (sample) => told(sample)) }).toEqual({
    seed,
    answers: recorded,
  });

  const after = await applied(policy.changes());
  expect(after).toBeGreaterThan(before);
  const second = samplesOf(150);
  expect({ seed, answers: await answers(second, (sample) => told(sample)) }).toEqual({
    seed,
    answers: await answers(second, decided),
  });
  expect({ seed, answers: await answers(first, (sample) => told(sample, String(before))) }).toEqual(
    {
      seed,
      answers: recorded,
    },
  );

  const yes = recorded.filter(({ answer }) => answer).length;
  expect([yes > 20, yes < 130]).toEqual([true, true]);
  const now = await answers(first, decided);
  expect(now.filter(({ answer }, nth) => answer !== recorded[nth]?.answer).length).toBeGreaterThan(
    0,
  );
}, 120_000);

test('the objects that why names are there and name the person, and no others of their roles do', async () => {
  const { api } = fleet.client();
  let seen = 0;
  for (const name of clusters) {
    const { kube } = fleet.member(name);
    const { items } = await kube.list<BindingObject>(kubeResources.roleBindings, {
      labelSelector: 'ambit.dev/managed-by=ambit',
    });
    for (const user of people) {
      const namespace = 'pay';
      const { ways } = await api.explainAccess({ query: { user, scope: `${name}/${namespace}` } });
      const named = ways.flatMap(({ objects = [] }) => objects);
      const bound = items
        .filter(({ metadata }) => metadata.namespace === namespace)
        .filter(({ subjects }) => subjects?.some((each) => each.name === `ambit:${user}`))
        .map(({ metadata }) => `RoleBinding/${namespace}/${metadata.name}`);
      const ours = new Set(named.filter((object) => object.startsWith('RoleBinding/')));
      expect({ name, user, objects: [...ours].sort() }).toEqual({
        name,
        user,
        objects: bound.sort(),
      });
      const inForce = ways.filter(({ state }) => state === 'in_force');
      expect(inForce.filter(({ applied: isMade }) => isMade !== true)).toEqual([]);
      seen += bound.length;
    }
  }
  expect(seen).toBeGreaterThan(20);
}, 60_000);
