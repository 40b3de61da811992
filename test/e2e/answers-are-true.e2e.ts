import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { UnmanagedWay } from '@ambit/contracts';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { may } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import { everybody as everybodyIn, RandomForeign } from '../support/random-foreign.ts';
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
const foreign = new RandomForeign(dice);
/** By cluster, as they stand. */
const theirs = new Map<string, readonly BindingObject[]>();
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
    await RandomForeign.roles(kube);
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

/** What Ambit says: what it grants, and what others bound. */
interface Told {
  readonly granted: boolean;
  readonly byOthers: boolean;
}

/** By Ambit, now or as it was. */
async function told({ kind, whom, cluster, namespace, probe }: Sample, at?: string): Promise<Told> {
  const { api } = fleet.client();
  const when = at === undefined ? {} : { at };
  const place = { cluster, namespace, ...probe };
  if (kind === 'can-i') {
    const checks = [{ ...whom, ...place }];
    const { items } = await api.checkAccess({ query: when, body: { checks } });
    return said(items[0]?.allowed, items[0]);
  }
  if (kind === 'who-can') {
    const { items, unmanaged = [] } = await api.whoCan({
      query: { ...place, limit: 500, ...when },
    });
    const holder = holderText(whom);
    const meant = unmanaged.filter(
      ({ users, subjects }) => users.includes(holder) || subjects.includes(`group ${everybodyIn}`),
    );
    return said(
      items.some(({ user }) => user === holder),
      { unmanaged: meant },
    );
  }
  const scope = `${cluster}/${namespace}`;
  const explained = await api.explainAccess({ query: { ...whom, scope, ...when } });
  return said(explained.allowed, explained);
}

const said = (
  granted: boolean | undefined,
  { unmanaged = [] }: { readonly unmanaged?: readonly UnmanagedWay[] | undefined } = {},
): Told => ({
  granted: granted === true,
  byOthers: unmanaged.some(({ certain, system }) => certain && !system),
});

const toldInAll = async (sample: Sample): Promise<boolean> => {
  const { granted, byOthers } = await told(sample);
  return granted || byOthers;
};

/** Waits until central lists what others bound as it stands. */
async function foreignTold(): Promise<void> {
  const { api } = fleet.client();
  for (const name of clusters) {
    const made = theirs.get(name)?.map(({ metadata }) => metadata.name) ?? [];
    await eventually(
      async () => {
        const query = { system: false, limit: 500 } as const;
        const { items } = await api.listUnmanaged({ params: { name }, query });
        // The owner of the cluster bound the account of the agent.
        const told = items.map((item) => item.name).filter((each) => each !== 'ambit-agent');
        expect(told.sort()).toEqual([...made].sort());
      },
      { what: `what others bound in ${name} being told`, withinMs: 30_000 },
    );
  }
}

/** By the API server itself. Somebody holds a role in a place when anything is allowed there that every role allows some of. */
async function decided({ kind, whom, cluster, namespace, probe }: Sample): Promise<boolean> {
  const { kube } = fleet.member(cluster);
  const asked = kind === 'why' ? probes : [probe];
  for (const each of asked)
    if (await may(kube, { user: subject(whom), namespace, ...each })) return true;
  return false;
}

interface Answer<T> extends Sample {
  readonly answer: T;
}
async function answers<T>(
  samples: readonly Sample[],
  ask: (sample: Sample) => Promise<T>,
): Promise<readonly Answer<T>[]> {
  const found: Answer<T>[] = [];
  for (const sample of samples) found.push({ ...sample, answer: await ask(sample) });
  return found;
}
const granted = async (sample: Sample, at?: string): Promise<boolean> =>
  (await told(sample, at)).granted;

const first = samplesOf(150);
/** What the API servers decided on the first samples when nobody but Ambit had bound anybody, and the revision then. */
let recorded: readonly Answer<boolean>[];
let before: number;

test('150 answers are those of the API servers as long as only Ambit binds', async () => {
  before = await applied(policy.objects());
  recorded = await answers(first, decided);
  expect({ seed, answers: await answers(first, toldInAll) }).toEqual({ seed, answers: recorded });
  const yes = recorded.filter(({ answer }) => answer).length;
  expect([yes > 20, yes < 130]).toEqual([true, true]);
}, 120_000);

test('300 answers are those of the API servers with what others bound in them, which is marked', async () => {
  for (const { name, kube } of fleet.members) theirs.set(name, await foreign.bind(kube, 20));
  await foreignTold();
  const now = await answers(first, decided);
  expect({ seed, answers: await answers(first, toldInAll) }).toEqual({ seed, answers: now });
  // What Ambit says of itself is as before: a binding of others is never taken for a grant.
  expect({ seed, answers: await answers(first, (sample) => granted(sample)) }).toEqual({
    seed,
    answers: recorded,
  });
  for (const kind of ['can-i', 'who-can', 'why'] as const)
    expect({ kind, onlyByOthers: onlyByOthers(kind, now).length > 0 }).toEqual({
      kind,
      onlyByOthers: true,
    });

  for (const { name, kube } of fleet.members) {
    const kept = await RandomForeign.unbind(kube, theirs.get(name) ?? []);
    theirs.set(name, [...kept, ...(await foreign.bind(kube, 5))]);
  }
  expect(await applied(policy.changes())).toBeGreaterThan(before);
  await foreignTold();
  const second = samplesOf(150);
  expect({ seed, answers: await answers(second, toldInAll) }).toEqual({
    seed,
    answers: await answers(second, decided),
  });
}, 180_000);

/** Those that are a yes now and were a no before others bound anybody. */
const onlyByOthers = (kind: Sample['kind'], now: readonly Answer<boolean>[]) =>
  now.filter((each, nth) => each.kind === kind && each.answer && recorded[nth]?.answer === false);

test('150 answers about a past revision are those that were recorded then, and say nothing of what others bind now', async () => {
  const past = await answers(first, (sample) => told(sample, String(before)));
  const expected = recorded.map(({ answer, ...sample }) => ({
    ...sample,
    answer: { granted: answer, byOthers: false },
  }));
  expect({ seed, answers: past }).toEqual({ seed, answers: expected });
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
