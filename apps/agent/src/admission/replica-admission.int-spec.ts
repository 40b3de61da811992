import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject, KubeResource } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { AdmissionScene, verdict } from '../../test/admission-scene.ts';

jest.setTimeout(60_000);

const { leases, secrets, clusterRoleBindings } = kubeResources;
const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: policies on the objects of replicas are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const home = 'ambit-system';
const account = `system:serviceaccount:${home}:ambit-agent`;
const own = { name: 'ambit-agent', namespace: home };
const nothingElse = 'and nothing else';

/** With every right that RBAC can give, so that only the policies decide. */
(atHand === undefined ? describe.skip : describe)(
  'what the API server lets a ServiceAccount do with the objects of its replicas',
  () => {
    let scene: AdmissionScene;
    let agent: KubeClient;

    beforeAll(async () => {
      scene = await AdmissionScene.open(settings, {});
      for (const name of [home, 'payments']) await scene.namespace(name);
      const apiGroup = 'rbac.authorization.k8s.io';
      await scene.admin.create<BindingObject>(clusterRoleBindings, {
        apiVersion: `${apiGroup}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'everything' },
        roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup, kind: 'User', name: account }],
      });
      const kubeconfig = await scene.cluster.kubeconfigFor({ user: account });
      agent = await scene.clientOf('account', kubeconfig);
      for (const [name, namespace] of [
        ['ambit-agent', home],
        ['other', home],
        ['ambit-agent', 'payments'],
      ] as const)
        await scene.admin.create<KubeObject>(secrets, { metadata: { name, namespace } });
    }, 120_000);
    afterAll(async () => {
      agent?.close();
      await scene?.close();
    });

    const patch = (resource: KubeResource, change: object, where = own, by = agent) =>
      verdict(by.mergePatch(resource, where, change));
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 10 };
    const data = { replica: 'YQ==' };

    test('its own Lease is made and renewed, and its own Secret filled', async () => {
      expect(await verdict(agent.create<KubeObject>(leases, { metadata: own }))).toBe('');
      expect(await patch(leases, { spec })).toBe('');
      expect(await patch(secrets, { data })).toBe('');
      expect(await patch(secrets, { data: { replica: 'Yg==' } })).toBe('');
    });

    const elsewhere: readonly (readonly [string, () => Promise<string>])[] = [
      ['another Secret', () => patch(secrets, { data }, { ...own, name: 'other' })],
      [
        'the Secret of that name elsewhere',
        () => patch(secrets, { data }, { ...own, namespace: 'payments' }),
      ],
      [
        'a Secret that is made',
        () =>
          verdict(agent.create(secrets, { metadata: { ...own, name: 'new' } }, { dryRun: true })),
      ],
      ['a Secret that goes', () => verdict(agent.delete(secrets, own, { dryRun: true }))],
      ['the Lease, that goes', () => verdict(agent.delete(leases, own, { dryRun: true }))],
      [
        'another Lease',
        () =>
          verdict(agent.create(leases, { metadata: { ...own, name: 'other' } }, { dryRun: true })),
      ],
      [
        'the Lease of that name elsewhere',
        () =>
          verdict(
            agent.create(leases, { metadata: { ...own, namespace: 'payments' } }, { dryRun: true }),
          ),
      ],
      [
        'its own, as a user that is no ServiceAccount',
        () => patch(secrets, { data }, own, scene.agent),
      ],
    ];
    test.each(elsewhere)('not %s', async (_, write) => {
      const said = await write();
      expect(said).toMatch(/^403/);
      expect(said).toContain(nothingElse);
    });

    const metadata: readonly (readonly [string, object])[] = [
      ['a label', { labels: { a: 'b' } }],
      ['an annotation', { annotations: { 'helm.sh/resource-policy': 'keep' } }],
      ['a finalizer, which would keep the namespace from going', { finalizers: ['acme.io/hold'] }],
      [
        'an owner, with which it would be collected',
        { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] },
      ],
    ];
    test.each(metadata)('nor is it given %s', async (_, more) => {
      for (const resource of [leases, secrets])
        expect(await patch(resource, { metadata: more })).toContain('what they say alone');
    });

    test('nor is its Secret made immutable, after which no replica could follow another', async () => {
      const said = await patch(secrets, { data, immutable: true });
      expect(said).toMatch(/^(?:403|422)/);
      expect(said).toContain('does not make the Secret of its replicas immutable');
      expect(await patch(secrets, { data, immutable: false })).toBe('');
    });

    test('what the owner put on it stays, and keeps nobody from writing', async () => {
      const labelled = { metadata: { labels: { team: 'platform' }, annotations: { a: 'b' } } };
      for (const resource of [leases, secrets])
        expect(await patch(resource, labelled, own, scene.admin)).toBe('');
      expect(await patch(leases, { spec: { ...spec, holderIdentity: 'b' } })).toBe('');
      expect(await patch(secrets, { data })).toBe('');
    });
  },
);
