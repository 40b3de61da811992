import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { covers } from '@ambit/rbac';
import type { BindingObject, PolicyRule, RbacObject } from '@ambit/rbac';
import * as fc from 'fast-check';
import {
  AdmissionScene,
  ourBinding,
  ourRole,
  policiesOf,
  untilGone,
  verdict,
} from '../../test/admission-scene.ts';

const { roleBindings, clusterRoles, clusterRoleBindings, namespaces } = kubeResources;
const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: admission policies are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
const policies: KubeResource = {
  ...admission,
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};
const policyBindings: KubeResource = {
  ...admission,
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};

const pods = (verbs: string[]): PolicyRule => ({ apiGroups: [''], resources: ['pods'], verbs });
/** Ends of lines and what nobody sees, as they may stand in names. */
const strange = 'a\u2028b\u0085c\u{e0001}"\\d\u{1f469}';
const ceiling = {
  clusterScope: true,
  protectedNamespaces: ['vault'],
  customRoles: {
    rules: [
      pods(['get', 'list']),
      { apiGroups: ['', 'apps'], resources: ['deployments', '*/scale'], verbs: ['get', 'update'] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['a', 'b', strange],
        verbs: ['get'],
      },
      { apiGroups: ['*'], resources: ['leases'], verbs: ['get'] },
      { nonResourceURLs: ['/healthz', '/metrics/*'], verbs: ['get'] },
    ],
  },
  breakGlass: ['ambit-view-breakglassaa'],
};
const aggregate = 'rbac.authorization.k8s.io/aggregate-to';
const other = 'ambit-role-bbbbbbbbbbbb';
const place = { name: 'ambit-view-abcdefghijkl', namespace: 'default' };
const strip = { metadata: { labels: { 'ambit.dev/managed-by': null } } };

(atHand === undefined ? describe.skip : describe)('admission policies on a real API server', () => {
  let scene: AdmissionScene;
  beforeAll(async () => {
    scene = await AdmissionScene.open(settings, ceiling);
    await scene.namespace('vault');
  });
  afterAll(() => scene?.close());

  const dry = (object: RbacObject, resource: KubeResource = roleBindings): Promise<string> =>
    verdict(scene.agent.create<RbacObject>(resource, object, { dryRun: true }));
  const remove = (name = place.name, namespace = place.namespace): Promise<string> =>
    verdict(scene.admin.delete(roleBindings, { name, namespace }));

  test('no owner is locked out: bindings of anybody, ours too, are made, changed and deleted by an admin anywhere', async () => {
    for (const namespace of ['default', 'vault', 'kube-system', 'ambit-system']) {
      if (namespace === 'ambit-system') await scene.namespace(namespace);
      for (const name of ['admins', 'ambit-view-abcdefghijkl', 'ambit-view-breakglassaa']) {
        const forbidden = ourBinding({ name, namespace, role: 'cluster-admin', subjects: ['eve'] });
        const at = { name, namespace };
        await scene.admin.create<RbacObject>(roleBindings, forbidden);
        await scene.admin.mergePatch(roleBindings, at, { subjects: [] });
        await scene.admin.mergePatch(roleBindings, at, strip);
        await scene.admin.delete(roleBindings, at);
      }
    }
  });

  test('namespaces that hold objects of ours are deleted to their end', async () => {
    await scene.namespace('short-lived');
    const object = ourBinding({ namespace: 'short-lived' });
    await scene.agent.create<RbacObject>(roleBindings, object);
    await scene.admin.delete(namespaces, { name: 'short-lived' });
    await untilGone(scene.admin, 'short-lived');
  });

  test('there is no parameter that could be missing, and the owner deletes either half of a policy', async () => {
    expect(policiesOf(ceiling)).not.toMatch(/param/i);
    for (const [kind, name] of [
      [policies, 'ambit-agent-ceiling'],
      [policyBindings, 'ambit-agent-gate'],
    ] as const) {
      await scene.admin.delete(kind, { name });
      for (let count = 0; count < 20; count++) {
        await scene.admin.create<RbacObject>(roleBindings, ourBinding({ role: 'admin' }));
        await scene.admin.delete(roleBindings, place);
      }
    }
    await scene.rule(ceiling);
    expect(await dry(ourBinding({ role: 'admin' }))).toContain('allowedClusterRoles');
  });

  test('while the ceiling is changed nobody is locked out and the agent gets nothing that neither allows', async () => {
    let over = false;
    const said = { admin: new Set<string>(), agent: new Set<string>() };
    const polling = (async () => {
      while (!over) {
        const forbidden = ourBinding({ name: 'ambit-view-pollingaaaaa', role: 'admin' });
        const options = { dryRun: true };
        const asked = scene.admin.create<RbacObject>(roleBindings, forbidden, options);
        said.admin.add(await verdict(asked));
        said.agent.add((await dry(forbidden)).slice(0, 3));
      }
    })();
    for (const allowedClusterRoles of [['view'], ['edit'], ['view', 'edit']]) {
      await scene.rule({ ...ceiling, allowedClusterRoles });
      const { agent } = scene;
      const own = ourBinding({ role: allowedClusterRoles[0] ?? '' });
      await agent.create<RbacObject>(roleBindings, own, { dryRun: true });
    }
    await scene.rule(ceiling);
    over = true;
    await polling;
    expect([[...said.admin], [...said.agent]]).toEqual([[''], ['403']]);
  });

  test('a label that was stripped is put back; without any proof of ours left the object is somebody’s', async () => {
    const { labels, annotations } = ourBinding().metadata;
    await scene.agent.create<RbacObject>(roleBindings, ourBinding());
    await scene.admin.mergePatch(roleBindings, place, strip);
    await scene.agent.mergePatch(roleBindings, place, { metadata: { labels } });
    await scene.admin.mergePatch(roleBindings, place, {
      metadata: { labels: null, annotations: null },
    });
    const again = scene.agent.mergePatch(roleBindings, place, {
      metadata: { labels, annotations },
    });
    expect(await verdict(again)).toContain('not one of Ambit');
    expect(await verdict(scene.agent.delete(roleBindings, place))).toContain('not one of Ambit');
    await remove();
    await scene.admin.create<RbacObject>(roleBindings, ourBinding({ name: 'admins' }));
    const foreign = { name: 'admins', namespace: 'default' };
    expect(await verdict(scene.agent.delete(roleBindings, foreign))).toContain('named as Ambit');
    await remove('admins');
  });

  test('in a protected namespace nothing is written, and what is ours there is taken away, also from a finalizer', async () => {
    const there = { ...place, namespace: 'vault' };
    const object = ourBinding({ namespace: 'vault' });
    expect(await dry(object)).toContain('protected');
    await scene.admin.create<RbacObject>(roleBindings, object);
    const gain = scene.agent.mergePatch(roleBindings, there, { subjects: [] });
    expect(await verdict(gain)).toContain('protected');
    await scene.admin.mergePatch(roleBindings, there, {
      metadata: { finalizers: ['acme.io/hold'] },
    });
    await scene.agent.delete(roleBindings, there);
    const more = { metadata: { finalizers: null }, subjects: ourBinding().subjects?.slice(1) };
    expect(await verdict(scene.agent.mergePatch(roleBindings, there, more))).toContain('protected');
    await scene.agent.mergePatch(roleBindings, there, { metadata: { finalizers: null } });
    expect(await verdict(scene.admin.get(roleBindings, there))).toMatch(/^404/);
  });

  test('objects without subjects or rules are judged too, and break-glass names never touched', async () => {
    const { subjects: _, ...bare } = ourBinding();
    expect(await dry(bare as BindingObject)).toBe('');
    expect(await dry(ourRole([]), clusterRoles)).toBe('');
    expect(await dry({ ...ourRole([]), rules: null }, clusterRoles)).toBe('');
    expect(await dry(ourBinding({ name: 'ambit-view-breakglassaa' }))).toContain('breakGlass');
  });

  test('a role of ours neither aggregates nor is aggregated: not a new one, not one that stands, and not by a label of its owner', async () => {
    const role = ourRole([pods(['get'])]);
    const { metadata } = role;
    const at = { name: metadata.name };
    const change = (patch: object): Promise<string> =>
      verdict(scene.agent.mergePatch(clusterRoles, at, patch));
    const labelled = (key: string): object => ({ metadata: { labels: { [key]: 'true' } } });
    const selectors = [{ matchLabels: { 'acme.io/collect': 'yes' } }, {}];
    await scene.agent.create<RbacObject>(clusterRoles, role);
    for (const selector of selectors) {
      const aggregationRule = { clusterRoleSelectors: [selector] };
      const aggregating = { ...role, metadata: { ...metadata, name: other }, aggregationRule };
      expect(await dry(aggregating, clusterRoles)).toContain('neither aggregates');
      expect(await change({ aggregationRule })).toContain('neither aggregates');
    }
    for (const key of [`${aggregate}-view`, `${aggregate}-admin`, `${aggregate}-x`, 'acme.io/x']) {
      const labels = { ...metadata.labels, [key]: 'true' };
      const aggregated = { ...role, metadata: { ...metadata, name: other, labels } };
      expect(await dry(aggregated, clusterRoles)).toContain('adds no labels');
      expect(await change(labelled(key))).toContain('adds no labels');
    }
    // An owner's label adds the rules of the role to another: nothing more flows there until it is off.
    await scene.admin.mergePatch(clusterRoles, at, labelled(`${aggregate}-view`));
    expect(await change({ rules: [pods(['list'])] })).toContain('is aggregated');
    const off = { metadata: { labels: { [`${aggregate}-view`]: null } }, rules: [pods(['list'])] };
    expect(await change(off)).toBe('');
    await scene.agent.delete(clusterRoles, at);
  });

  test('the agent gives no owners, finalizers, labels or annotations, to a new object or to one that stands; what its owner gave stays', async () => {
    const found = await scene.admin.get<KubeObject>(namespaces, { name: 'default' });
    // One that exists: what it owns would be collected otherwise.
    const uid = found.metadata.uid ?? '';
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'default', uid };
    const additions = [
      [{ ownerReferences: [owner] }, 'gives objects no owners'],
      [{ finalizers: ['hostile.io/keep'] }, 'adds no finalizers'],
      [{ labels: { 'hostile.io/x': 'true' } }, 'adds no labels'],
      [{ annotations: { 'hostile.io/x': 'true' } }, 'adds no annotations'],
    ] as const;
    const { namespace: _, ...wide } = ourBinding().metadata;
    const kinds: [KubeResource, RbacObject][] = [
      [roleBindings, ourBinding()],
      [clusterRoleBindings, { ...ourBinding(), kind: 'ClusterRoleBinding', metadata: wide }],
      [clusterRoles, ourRole([pods(['get'])])],
    ];
    for (const [resource, object] of kinds) {
      const { metadata } = object;
      const { name, namespace } = metadata;
      const at = namespace === undefined ? { name } : { name, namespace };
      const change = (patch: object): Promise<string> =>
        verdict(scene.agent.mergePatch(resource, at, patch));
      for (const [addition, said] of additions) {
        const { labels, annotations } = metadata;
        const added = {
          ...addition,
          ...('labels' in addition && { labels: { ...labels, ...addition.labels } }),
          ...('annotations' in addition && {
            annotations: { ...annotations, ...addition.annotations },
          }),
        };
        const spoilt = { ...object, metadata: { ...metadata, ...added } } as RbacObject;
        expect([resource.kind, await dry(spoilt, resource)]).toEqual([
          resource.kind,
          expect.stringContaining(said),
        ]);
      }
      await scene.agent.create<RbacObject>(resource, object);
      for (const [addition, said] of additions)
        expect(await change({ metadata: addition })).toContain(said);
      for (const [addition] of additions)
        await scene.admin.mergePatch(resource, at, { metadata: addition });
      expect(await change(object.kind === 'ClusterRole' ? { rules: [] } : { subjects: [] })).toBe(
        '',
      );
      const more = { finalizers: ['hostile.io/keep', 'hostile.io/more'] };
      expect(await change({ metadata: more })).toContain('adds no finalizers');
      const owners = { ownerReferences: [owner, { ...owner, kind: 'Node' }] };
      expect(await change({ metadata: owners })).toContain('no owners');
      await scene.admin.mergePatch(resource, at, { metadata: { finalizers: null } });
      await scene.admin.delete(resource, at);
    }
  });

  test('subjects with control characters are refused, as are Kubernetes’ own and ServiceAccounts', async () => {
    const names = [
      'ambit:a\n',
      'ambit:\u0000',
      'ambit:\u202eann',
      'ambit:\u200b',
      'ambit:',
      'eve',
      'system:x',
    ];
    for (const name of names) {
      expect([name, await dry(ourBinding({ subjects: ['ambit:ann', name] }))]).toEqual([
        name,
        expect.stringMatching(/^403 /),
      ]);
    }
    const accounts = { kind: 'ServiceAccount', name: 'ambit', namespace: 'default' } as const;
    expect(await dry({ ...ourBinding(), subjects: [accounts] })).toContain('ServiceAccount');
    expect(await dry(ourBinding({ subjects: ['ambit:Zoë', 'ambit:李'] }))).toBe('');
  });

  test('a ServiceAccount that is called as agents are is judged, whichever way it signs in', async () => {
    const kubeconfig = await scene.cluster.kubeconfigFor({
      user: 'system:serviceaccount:ambit-system:ambit-agent',
      groups: ['system:masters'],
    });
    const account = await scene.clientOf('account', kubeconfig);
    const made = account.create<KubeObject>(kubeResources.serviceAccounts, {
      metadata: { name: 'more', namespace: 'ambit-system' },
    });
    expect(await verdict(made)).toContain('nothing else');
    account.close();
  });

  test('rules are covered as Kubernetes reckons it, rule for rule', async () => {
    const some = (...all: string[]): fc.Arbitrary<string[]> =>
      fc.subarray(all, { minLength: 1, maxLength: 2 });
    const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
      fc.record({
        apiGroups: some('', 'apps', '*', 'x'),
        resources: some(
          'pods',
          'deployments',
          'deployments/scale',
          'leases',
          'configmaps',
          '*/scale',
          '*',
        ),
        verbs: some('get', 'list', 'update'),
        resourceNames: fc.oneof(fc.constant<string[]>([]), some('a', 'b', 'c', '')),
      }),
      fc.record({
        nonResourceURLs: some(
          '/healthz',
          '/metrics',
          '/metrics/',
          '/metrics/a',
          '/metrics/*',
          '/*',
          '*',
        ),
        verbs: some('get', 'post'),
      }),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 2 }), async (rules) => {
        const said = await dry(ourRole(rules), clusterRoles);
        const { covered } = covers(ceiling.customRoles.rules, rules);
        if (covered) taken += 1;
        expect([said === '', said]).toEqual([
          covered,
          covered ? '' : expect.stringMatching(/^403 /),
        ]);
      }),
      { numRuns: 250 },
    );
    expect(taken).toBeGreaterThan(5);
  });

  test('a name of the ceiling is the same name to the policy, whatever stands in it', async () => {
    const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] };
    expect(await dry(ourRole([{ ...rule, resourceNames: [strange] }]), clusterRoles)).toBe('');
    const other = strange.replace('\u2028', '\u2029');
    expect(await dry(ourRole([{ ...rule, resourceNames: [other] }]), clusterRoles)).toMatch(
      /^403 /,
    );
  });

  test('the largest that there is fits into what the API server spends on a policy', async () => {
    const many = (count: number, of: (index: number) => string): string[] =>
      Array.from({ length: count }, (_, index) => of(index));
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
    const rules = many(20, (index) => `group-${index}.acme.io`).map((group) => ({
      apiGroups: [group],
      resources: many(10, (index) => `resource-${index}`),
      verbs,
    }));
    const roles = many(30, (index) => `role-${index}`);
    await scene.rule({
      ...ceiling,
      allowedClusterRoles: roles,
      customRoles: { rules },
      subjectPrefixes: many(10, (index) => `company-${index}:`),
      protectedNamespaces: many(200, (index) => `namespace-${index}`),
    });
    const subject = (index: number): string => `company-9:${'x'.repeat(200)}-${index}`;
    const name = 'ambit-role-abcdefghijkl';
    const full = ourBinding({ name, role: 'role-29', subjects: many(256, subject) });
    await scene.agent.create<RbacObject>(roleBindings, full);
    const at = { name, namespace: 'default' };
    const changed = { subjects: full.subjects?.slice(1) };
    await scene.agent.mergePatch(roleBindings, at, changed);
    await scene.agent.delete(roleBindings, at);
    expect(await dry(ourRole(rules), clusterRoles)).toBe('');
    const over = ourBinding({ role: 'role-1', subjects: many(257, subject) });
    expect(await dry(over)).toContain('at most 256');
    await scene.rule(ceiling);
  });

  test('nothing of the whole cluster is bound unless the ceiling says so', async () => {
    const { namespace: _, ...metadata } = ourBinding().metadata;
    const wide: BindingObject = { ...ourBinding(), kind: 'ClusterRoleBinding', metadata };
    expect(await dry(wide, clusterRoleBindings)).toBe('');
    await scene.rule({ ...ceiling, clusterScope: false });
    expect(await dry(wide, clusterRoleBindings)).toContain('whole cluster');
    await scene.rule(ceiling);
  });
});
