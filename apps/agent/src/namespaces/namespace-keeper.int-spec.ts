import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { defaultCeiling } from '@ambit/rbac';
import type { Ceiling, Intent, NamespaceEntry, ProfileEntry } from '@ambit/rbac';
import { silentLogger } from '@ambit/testing';
import { changeOf, digests, ReconcileScene } from '../../test/reconcile-scene.ts';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import { systemTimers } from '../platform/timers.ts';
import type { ApplyProgress } from '../reconcile/ports.ts';
import { HeldNamespaces } from './held-namespaces.ts';
import { NamespaceKeeper } from './namespace-keeper.ts';
import { profileResources } from './profile-objects.ts';
import type { SpecObject } from './profile-objects.ts';
import { releaseNamespaces } from './release-namespace.ts';

const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: namespaces of teams are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const { ResourceQuota, LimitRange, NetworkPolicy } = profileResources;
const enforce = 'pod-security.kubernetes.io/enforce';

const profile = (more: Partial<ProfileEntry> = {}): ProfileEntry => ({
  section: 'PROFILE',
  key: 'PROFILE/p1',
  uid: 'p1',
  name: 'small',
  create: true,
  labels: [
    [enforce, 'restricted'],
    ['tier', 'one'],
  ],
  objects: [
    {
      kind: 'LimitRange',
      name: 'ambit-limits',
      // The API server fills in `default` and `defaultRequest` from it.
      spec: '{"limits":[{"max":{"cpu":"2"},"type":"Container"}]}',
    },
    {
      kind: 'NetworkPolicy',
      name: 'ambit-default-deny',
      spec: '{"egress":[{"ports":[{"port":53}],"to":[{"podSelector":{}}]}],"podSelector":{}}',
    },
    { kind: 'ResourceQuota', name: 'ambit-quota', spec: '{"hard":{"pods":"5"}}' },
  ],
  ...more,
});

const kept = (pattern: string, team = 'pay'): NamespaceEntry => ({
  section: 'NAMESPACE',
  key: `NAMESPACE/${pattern}`,
  pattern,
  teamUid: `uid-of-${team}`,
  team,
  profileUid: 'p1',
});

(atHand === undefined ? describe.skip : describe)('namespaces of teams', () => {
  let clusters: DevClusters;
  let cluster: DevCluster;
  let scene: ReconcileScene;
  let ceiling: Ceiling;
  let keeper: NamespaceKeeper;
  let events: NewAuditEvent[];
  let count = 0;
  /** Unlike those of other tests: a namespace takes its time to go. */
  let base: string;

  beforeAll(async () => {
    clusters = await startDevClusters({ names: ['teams'], settings, forTests: true });
    cluster = clusters.cluster('teams');
  });
  afterAll(() => clusters?.stop());

  beforeEach(async () => {
    base = `pay-${++count}`;
    const held = new HeldNamespaces();
    ceiling = {
      ...defaultCeiling,
      namespaces: { manage: ['pay-*'], labels: ['tier'], weakestPodSecurity: 'baseline' },
      protectedNamespaces: [...defaultCeiling.protectedNamespaces, `${base}-protected`],
    };
    scene = await ReconcileScene.open({ cluster, ceiling, follower: held });
    await scene.ready();
    events = [];
    keeper = opened(held);
  });
  afterEach(async () => {
    await keeper.stop();
    await scene.close();
  });

  function opened(
    held: HeldNamespaces,
    progress: ApplyProgress = scene.reconciler.progress,
  ): NamespaceKeeper {
    const made = new NamespaceKeeper({
      client: scene.agent,
      owner: { clusterUid: 'cluster-1', installationUid: 'installation-1' },
      held,
      ceiling: () => ceiling,
      facts: scene.reconciler.facts,
      progress,
      audit: { record: (event) => void events.push(event) },
      digests,
      logger: silentLogger,
      timers: systemTimers,
      random: Math.random,
    });
    made.start();
    return made;
  }

  const get = <T extends KubeObject = SpecObject>(
    resource: KubeResource,
    name: string,
    namespace?: string,
  ): Promise<T> =>
    scene.admin.get<T>(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
  const labelsOf = async (name: string): Promise<Record<string, string>> => ({
    ...(await get(kubeResources.namespaces, name)).metadata.labels,
  });
  const patch = (resource: KubeResource, name: string, change: object, namespace?: string) =>
    scene.admin.mergePatch(
      resource,
      { name, ...(namespace === undefined ? {} : { namespace }) },
      change,
    );
  const apply = (...put: Intent[]) => scene.apply({ put });
  const reasons = async (...put: Intent[]): Promise<string[]> =>
    (await apply(...put)).problems.map(({ key, reason }) => `${key} ${reason}`);
  const told = (type: string): NewAuditEvent[] => events.filter((event) => event.type === type);
  const asRestored = (what: string, probe: () => Promise<void>) => scene.eventually(what, probe);

  test('are made with their labels and objects before the revision counts as applied', async () => {
    expect(await reasons(profile(), kept(base))).toEqual([]);
    expect(await labelsOf(base)).toEqual({
      [enforce]: 'restricted',
      'kubernetes.io/metadata.name': base,
      'ambit.dev/installation': 'installation-1',
      'ambit.dev/team': 'pay',
      tier: 'one',
    });
    const quota = await get(ResourceQuota, 'ambit-quota', base);
    expect(quota.spec).toEqual({ hard: { pods: '5' } });
    expect(quota.metadata.labels).toMatchObject({ 'ambit.dev/managed-by': 'ambit' });
    await get(LimitRange, 'ambit-limits', base);
    await get(NetworkPolicy, 'ambit-default-deny', base);
    expect(events.map(({ type }) => type)).toEqual([
      'namespace.created',
      ...Array.from({ length: 3 }, () => 'namespace_object.created'),
    ]);
  });

  test('hold pods to the level of Pod Security, by the API server itself', async () => {
    await apply(profile(), kept(base));
    const pod = {
      metadata: { name: 'bad', namespace: base },
      spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
    };
    const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
    await expect(scene.admin.create(pods, pod)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('violates PodSecurity "restricted'),
    });
  });

  test('are put right when somebody changes an object, takes one away or strips its labels', async () => {
    await apply(profile(), kept(base));
    await patch(
      ResourceQuota,
      'ambit-quota',
      { spec: { hard: { pods: '500', secrets: '1' } } },
      base,
    );
    await asRestored('the quota', async () =>
      expect((await get(ResourceQuota, 'ambit-quota', base)).spec).toEqual({ hard: { pods: '5' } }),
    );
    await patch(NetworkPolicy, 'ambit-default-deny', { spec: { egress: [{}] } }, base);
    await asRestored('the policy', async () => {
      const { spec } = await get(NetworkPolicy, 'ambit-default-deny', base);
      expect(spec).toMatchObject({ egress: [{ to: [{ podSelector: {} }] }] });
    });
    await scene.admin.delete(LimitRange, { name: 'ambit-limits', namespace: base });
    await asRestored('the limits', async () => void (await get(LimitRange, 'ambit-limits', base)));
    await patch(
      ResourceQuota,
      'ambit-quota',
      { metadata: { labels: { 'ambit.dev/managed-by': null } } },
      base,
    );
    await asRestored('the label', async () =>
      expect((await get(ResourceQuota, 'ambit-quota', base)).metadata.labels).toHaveProperty([
        'ambit.dev/managed-by',
      ]),
    );
    await patch(kubeResources.namespaces, base, {
      metadata: { labels: { [enforce]: 'privileged', tier: null } },
    });
    await asRestored('the labels', async () =>
      expect(await labelsOf(base)).toMatchObject({ [enforce]: 'restricted', tier: 'one' }),
    );
    expect(told('drift.corrected').map(({ object }) => object?.kind)).toEqual([
      'ResourceQuota',
      'NetworkPolicy',
      'LimitRange',
      'ResourceQuota',
      'Namespace',
    ]);
  });

  test('are not fought for: who changes something again and again has it for a minute', async () => {
    await apply(profile(), kept(base));
    const change = async (pods: number): Promise<void> => {
      await patch(ResourceQuota, 'ambit-quota', { spec: { hard: { pods: `${pods}` } } }, base);
    };
    const problems = (): string[] =>
      scene.reconciler.status().report.problems.map(({ reason, object }) => `${reason} ${object}`);
    for (let n = 1; n <= 6; n++) {
      await change(100 + n);
      await asRestored(`repair ${n}`, async () => {
        expect((await get(ResourceQuota, 'ambit-quota', base)).spec).toEqual({
          hard: { pods: '5' },
        });
        expect(told('drift.corrected')).toHaveLength(n);
      });
    }
    await asRestored('the problem', async () =>
      expect(await Promise.resolve(problems())).toEqual([
        `contended ResourceQuota/${base}/ambit-quota`,
      ]),
    );
    // What the policy says anew waits for nobody.
    await apply(profile({ objects: [] }));
    expect(problems()).toEqual([]);
  });

  test('are not written a second time, also not by an agent that starts anew', async () => {
    await apply(profile(), kept(base));
    const versions = async (): Promise<(string | undefined)[]> => [
      (await get(kubeResources.namespaces, base)).metadata.resourceVersion,
      (await get(LimitRange, 'ambit-limits', base)).metadata.resourceVersion,
      (await get(NetworkPolicy, 'ambit-default-deny', base)).metadata.resourceVersion,
    ];
    const before = await versions();
    await keeper.stop();
    events = [];
    const held = new HeldNamespaces();
    const settled: string[] = [];
    const ignored = (): void => undefined;
    keeper = opened(held, {
      expect: ignored,
      failed: ignored,
      settled: (key) => void settled.push(key),
    });
    held.accept(changeOf(1, { put: [profile(), kept(base)], full: true }));
    await asRestored('the second look', async () =>
      expect(await Promise.resolve(settled)).toContain(kept(base).key),
    );
    expect(await versions()).toEqual(before);
    expect(events).toEqual([]);
  });

  test('of how their names begin are kept where they are, and none is made', async () => {
    await scene.namespace(`${base}-x`, { owner: 'me' });
    expect(await reasons(profile(), kept(`${base}-*`))).toEqual([]);
    expect(await labelsOf(`${base}-x`)).toMatchObject({ owner: 'me', tier: 'one' });
    await scene.namespace(`${base}-y`);
    await asRestored('the one that came', async () =>
      expect((await get(ResourceQuota, 'ambit-quota', `${base}-y`)).spec).toBeDefined(),
    );
    expect(told('namespace.created')).toEqual([]);
  });

  test('are told of and left alone where the profile makes none, the ceiling keeps none, or others say whose they are', async () => {
    await scene.namespace(`${base}-claimed`, { 'ambit.dev/team': 'shop' });
    const problems = await reasons(
      profile({ create: false }),
      kept(`${base}-missing`),
      kept('shop'),
      kept(`${base}-protected`),
      kept(`${base}-claimed`),
    );
    expect(problems.sort()).toEqual([
      `NAMESPACE/${base}-claimed foreign_object`,
      `NAMESPACE/${base}-missing namespace_missing`,
      `NAMESPACE/${base}-protected ceiling_refused`,
      'NAMESPACE/shop ceiling_refused',
    ]);
    const { items } = await scene.admin.list(ResourceQuota, { namespace: `${base}-claimed` });
    expect(items).toEqual([]);
    // The one that is made by somebody at last is kept from then on.
    await scene.namespace(`${base}-missing`);
    await asRestored('the one that came', async () =>
      expect(await labelsOf(`${base}-missing`)).toMatchObject({ 'ambit.dev/team': 'pay' }),
    );
  });

  test('keep what others put there under a name or a label of ours, and say so', async () => {
    await scene.namespace(base, { [enforce]: 'baseline' });
    const foreign = {
      metadata: { name: 'ambit-quota', namespace: base },
      spec: { hard: { pods: '1' } },
    };
    await scene.admin.create(ResourceQuota, foreign);
    const { problems } = await apply(
      profile({
        labels: [
          [enforce, 'restricted'],
          ['no', '1'],
        ],
      }),
      kept(base),
    );
    expect(problems.map(({ reason, object }) => [reason, object]).sort()).toEqual([
      ['ceiling_refused', `Namespace/${base}`],
      ['foreign_object', `Namespace/${base}`],
      ['foreign_object', `ResourceQuota/${base}/ambit-quota`],
    ]);
    expect((await labelsOf(base))[enforce]).toBe('baseline');
    expect((await get(ResourceQuota, 'ambit-quota', base)).spec).toEqual({ hard: { pods: '1' } });
  });

  test('follow their profile: what it has no more goes, and what it says otherwise is put right', async () => {
    await apply(profile(), kept(base));
    await scene.admin.create(ResourceQuota, {
      metadata: { name: 'theirs', namespace: base },
      spec: { hard: { secrets: '9' } },
    } as SpecObject);
    const [first] = profile().objects;
    const labels: ProfileEntry['labels'] = [[enforce, 'baseline']];
    await apply(profile({ labels, objects: first === undefined ? [] : [first] }));
    const named = async (resource: KubeResource): Promise<string[]> =>
      (await scene.admin.list(resource, { namespace: base })).items.map(
        ({ metadata }) => metadata.name,
      );
    expect([
      await named(ResourceQuota),
      await named(NetworkPolicy),
      await named(LimitRange),
    ]).toEqual([['theirs'], [], ['ambit-limits']]);
    expect(Object.keys(await labelsOf(base)).sort()).toEqual([
      'ambit.dev/installation',
      'ambit.dev/team',
      'kubernetes.io/metadata.name',
      enforce,
    ]);
  });

  test('hold pods to what the ceiling wants at least, whatever their profile says', async () => {
    await apply(profile(), kept(base));
    for (const level of ['privileged', 'anything', undefined]) {
      const labels: ProfileEntry['labels'] = level === undefined ? [] : [[enforce, level]];
      const problems = await reasons(profile({ labels }), kept(base), kept(`${base}-new`));
      expect(problems.sort()).toEqual([
        `NAMESPACE/${base} ceiling_refused`,
        `NAMESPACE/${base}-new ceiling_refused`,
      ]);
    }
    expect(await labelsOf(base)).toMatchObject({ [enforce]: 'restricted', tier: 'one' });
    await expect(labelsOf(`${base}-new`)).rejects.toMatchObject({ status: 404 });
  });

  test('that a team gives up stay with everything in them; our labels go, but for Pod Security', async () => {
    await apply(profile(), kept(base));
    await scene.apply({ remove: [kept(base).key] });
    expect(await labelsOf(base)).toEqual({
      [enforce]: 'restricted',
      'kubernetes.io/metadata.name': base,
    });
    const quota = await get(ResourceQuota, 'ambit-quota', base);
    expect([quota.spec, quota.metadata.labels]).toEqual([{ hard: { pods: '5' } }, undefined]);
    const released = told('namespace.released').filter(({ object }) => object?.name === base);
    expect(released).toMatchObject([{ details: { objects: 3 } }]);
    // Who gets it next has it as the profile says.
    expect(await reasons(profile({ labels: [[enforce, 'baseline']] }), kept(base, 'shop'))).toEqual(
      [],
    );
    expect(await labelsOf(base)).toMatchObject({ [enforce]: 'baseline', 'ambit.dev/team': 'shop' });
  });

  test('are let go of all at once when everything of ours goes', async () => {
    await apply(profile(), kept(base));
    await keeper.stop();
    const owner = { clusterUid: 'cluster-1', installationUid: 'installation-1' };
    const gone = await releaseNamespaces(scene.agent, { owner, digests });
    expect([gone.released.includes(base), gone.left]).toEqual([true, []]);
    expect(await labelsOf(base)).not.toHaveProperty(['ambit.dev/team']);
    expect(await releaseNamespaces(scene.agent, { owner, digests })).toEqual({
      released: [],
      left: [],
    });
  });

  describe('the API server refuses to the account of the agent, whatever it was told,', () => {
    const namespace = (name: string, metadata: object = {}): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, ...metadata },
    });
    const quota = (at: string, metadata: object): SpecObject => ({
      metadata: {
        name: 'ambit-quota',
        namespace: at,
        labels: { 'ambit.dev/managed-by': 'ambit' },
        annotations: { 'ambit.dev/identity': 'x' },
        ...metadata,
      },
      spec: { hard: { pods: '1' } },
    });
    const set = (...keys: string[]) => ({
      annotations: { 'ambit.dev/set-labels': keys.join(',') },
    });

    test('every namespace and object beyond what it keeps', async () => {
      const { agent, admin } = scene;
      await scene.namespace(base, { [enforce]: 'restricted', mine: '1' });
      await admin.create(ResourceQuota, {
        ...quota(base, {}),
        metadata: { name: 'ambit-theirs', namespace: base },
      });
      const { namespaces } = kubeResources;
      const label = (name: string, metadata: object) =>
        agent.mergePatch(namespaces, { name }, { metadata });
      const tries: Record<string, () => Promise<unknown>> = {
        'a namespace outside': () => agent.create(namespaces, namespace('shop-x')),
        'a protected one': () => agent.create(namespaces, namespace(`${base}-protected`)),
        'a label that is not allowed': () =>
          agent.create(namespaces, namespace(`${base}-a`, { labels: { admin: '1' } })),
        'one whose pods may do anything': () =>
          agent.create(namespaces, namespace(`${base}-a`, { labels: { [enforce]: 'privileged' } })),
        'one whose pods nobody bounds': () =>
          agent.create(namespaces, namespace(`${base}-a`, { labels: { tier: 'x' } })),
        'its own level weakened': () => label(`${base}-b`, { labels: { [enforce]: 'privileged' } }),
        'its own level taken away': () =>
          label(`${base}-b`, { labels: { [enforce]: null }, ...set('tier') }),
        'labels outside': () => label('default', { labels: { tier: 'one' } }),
        'labels of kube-system': () =>
          label('kube-system', { labels: { [enforce]: 'privileged' } }),
        'a label of others': () => label(base, { labels: { [enforce]: 'privileged' } }),
        'a label of others called ours at once': () =>
          label(base, { labels: { [enforce]: 'privileged' }, ...set(enforce) }),
        'a label of others called ours first': () => label(base, set(enforce)),
        'a label of others taken away': () => label(base, { labels: { mine: null } }),
        'an annotation': () => label(base, { annotations: { other: '1' } }),
        'a finalizer': () => label(base, { finalizers: ['a.b/c'] }),
        'a namespace deleted': () => agent.delete(namespaces, { name: base }),
        'a quota outside': () => agent.create(ResourceQuota, quota('default', {})),
        'a quota in kube-system': () => agent.create(ResourceQuota, quota('kube-system', {})),
        'another name': () => agent.create(ResourceQuota, quota(base, { name: 'other' })),
        'a quota without our mark': () =>
          agent.create(ResourceQuota, quota(base, { annotations: {} })),
        'a quota without our label': () => agent.create(ResourceQuota, quota(base, { labels: {} })),
        'a quota with a label': () =>
          agent.create(
            ResourceQuota,
            quota(base, { labels: { 'ambit.dev/managed-by': 'ambit', a: 'b' } }),
          ),
        'a quota of others': () =>
          agent.mergePatch(
            ResourceQuota,
            { name: 'ambit-theirs', namespace: base },
            quota(base, { name: 'ambit-theirs' }),
          ),
        'a quota of others deleted': () =>
          agent.delete(ResourceQuota, { name: 'ambit-theirs', namespace: base }),
      };
      await agent.create(
        namespaces,
        namespace(`${base}-b`, { labels: { [enforce]: 'baseline' }, ...set(enforce) }),
      );
      const passed: string[] = [];
      for (const [what, attempt] of Object.entries(tries)) {
        const outcome = await attempt().then(
          () => 'done',
          (error: { status?: number; message?: string }) => `${error.status} ${error.message}`,
        );
        if (!outcome.startsWith('403 ')) passed.push(`${what}: ${outcome}`);
      }
      expect(passed).toEqual([]);
      expect(Object.keys(tries)).toHaveLength(24);
      // And lets it do what it is for.
      await label(`${base}-b`, {
        labels: { [enforce]: 'restricted', tier: 'x' },
        ...set(enforce, 'tier'),
      });
      await agent.create(ResourceQuota, quota(`${base}-b`, {}));
    });
  });
});
