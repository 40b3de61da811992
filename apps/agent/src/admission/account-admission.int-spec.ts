import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { accountName } from '@ambit/rbac';
import type { RbacObject, RbacSubject } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { AdmissionScene, ourBinding, verdict } from '../../test/admission-scene.ts';
import { accountObject } from '../credentials/account-object.ts';

const { serviceAccounts, roleBindings } = kubeResources;
const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: policies on ServiceAccounts are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const namespace = 'ambit-access';
const ada = { name: 'ambit:ada', uid: 'uid-of-ada' };
const account = accountName(ada.name, ada.uid, nodeDigests);
const owner = { clusterUid: 'cluster', installationUid: 'installation' };
const honest = accountObject(ada, owner, nodeDigests);
const withWay = { credentials: ['ServiceAccountToken'] as const };
const person: RbacSubject = { kind: 'ServiceAccount', namespace, name: account };

(atHand === undefined ? describe.skip : describe)(
  'what the API server lets the agent do with ServiceAccounts',
  () => {
    let scene: AdmissionScene;
    beforeAll(async () => {
      scene = await AdmissionScene.open(settings, withWay);
      for (const name of [namespace, 'payments']) await scene.namespace(name);
    });
    afterAll(() => scene?.close());

    const make = (object: object, where = namespace): Promise<string> =>
      verdict(
        scene.agent.create<KubeObject>(
          serviceAccounts,
          { ...honest, metadata: { ...honest.metadata, namespace: where }, ...object },
          { dryRun: true },
        ),
      );
    const makeWith = (metadata: object): Promise<string> =>
      make({ metadata: { ...honest.metadata, ...metadata } });
    const token = (name: string, seconds = 600, where = namespace): Promise<string> =>
      verdict(scene.agent.createToken({ name, namespace: where }, seconds));
    const bind = (subjects: RbacSubject[]): Promise<string> =>
      verdict(
        scene.agent.create<RbacObject>(
          roleBindings,
          { ...ourBinding({ namespace: 'payments' }), subjects },
          { dryRun: true },
        ),
      );

    test('an honest account is made, hands out tokens of at most an hour, and is deleted', async () => {
      expect(await make({})).toBe('');
      await scene.agent.create<KubeObject>(serviceAccounts, honest);
      expect([await token(account), await token(account, 3600)]).toEqual(['', '']);
      expect(await token(account, 3601)).toContain('at most an hour');
      expect(await token(account, 31_536_000)).toContain('at most an hour');
      await scene.agent.delete(serviceAccounts, { name: account, namespace });
    });

    test.each([
      ['another namespace', () => make({}, 'payments'), 'nothing else'],
      ['kube-system', () => make({}, 'kube-system'), 'nothing else'],
      ['another name', () => makeWith({ name: 'default-2' }), 'named as those of people'],
      ['no labels', () => makeWith({ labels: {} }), 'labels of Ambit'],
      ['no proof', () => makeWith({ annotations: {} }), 'labels of Ambit'],
      [
        'a label of somebody else',
        () => makeWith({ labels: { ...honest.metadata.labels, 'acme.io/x': 'y' } }),
        'labels of Ambit',
      ],
      [
        'an annotation that gives cloud rights',
        () =>
          makeWith({
            annotations: {
              ...honest.metadata.annotations,
              'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/admin',
            },
          }),
        'labels of Ambit',
      ],
      ['secrets', () => make({ secrets: [{ name: 'x' }] }), 'names no secrets'],
      ['secrets of images', () => make({ imagePullSecrets: [{ name: 'x' }] }), 'names no secrets'],
      ['finalizers', () => makeWith({ finalizers: ['acme.io/x'] }), 'no owners, finalizers'],
      [
        'owners',
        () =>
          makeWith({
            ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'x', uid: 'x' }],
          }),
        'no owners, finalizers',
      ],
    ])('no account is made with %s', async (_, attempt, said) => {
      const answer = await attempt();
      expect(answer).toMatch(/^403 /);
      expect(answer).toContain(said);
    });

    test('a token is for the API server itself, and bound to nothing', async () => {
      await scene.admin.create<KubeObject>(serviceAccounts, honest);
      const kind = 'TokenRequest';
      const tokens = { ...serviceAccounts, plural: `serviceaccounts/${account}/token`, kind };
      const request = (more: object): Promise<string> => {
        const spec = { expirationSeconds: 600, ...more };
        const metadata = { name: account, namespace };
        const body = { apiVersion: 'authentication.k8s.io/v1', kind, metadata, spec };
        return verdict(scene.agent.create<KubeObject>(tokens, body));
      };
      expect(await request({})).toBe('');
      expect(await request({ audiences: [] })).toBe('');
      for (const foreign of [
        'vault',
        'sts.amazonaws.com',
        'api://AzureADTokenExchange',
        'acme.svc.id.goog',
        'https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x',
      ]) {
        const said = await request({ audiences: [foreign] });
        expect([foreign, said]).toEqual([foreign, expect.stringContaining('no cloud or vault')]);
      }
      const own = 'https://kubernetes.default.svc.cluster.local';
      expect(await request({ audiences: [own, 'vault'] })).toContain('no cloud or vault');
      const secret = { kind: 'Secret', apiVersion: 'v1', name: 'x' };
      expect(await request({ boundObjectRef: secret })).toMatch(/^4/);
      await scene.admin.delete(serviceAccounts, { name: account, namespace });
    });

    test('no account of anybody else is changed, deleted or asked for a token', async () => {
      await scene.admin.create<KubeObject>(serviceAccounts, {
        metadata: { name: 'bot', namespace },
      });
      for (const at of [
        { name: 'bot', namespace },
        { name: 'default', namespace },
      ]) {
        expect(await verdict(scene.agent.delete(serviceAccounts, at))).toContain('that it made');
        expect(await token(at.name)).toContain('of people');
        const patch = { metadata: { labels: honest.metadata.labels } };
        expect(await verdict(scene.agent.mergePatch(serviceAccounts, at, patch))).toContain(
          'nothing else',
        );
      }
      for (const where of ['kube-system', 'default', 'payments']) {
        expect(await token('default', 600, where)).toContain('nothing else');
        const at = { name: 'default', namespace: where };
        expect(await verdict(scene.agent.delete(serviceAccounts, at))).toContain('nothing else');
      }
      const named = { ...honest.metadata, labels: {}, annotations: {} };
      await scene.admin.create<KubeObject>(serviceAccounts, { metadata: named });
      const at = { name: account, namespace };
      expect(await verdict(scene.agent.delete(serviceAccounts, at))).toContain('that it made');
      await scene.admin.delete(serviceAccounts, at);
    });

    test('one of ours is not changed once it is made', async () => {
      await scene.admin.create<KubeObject>(serviceAccounts, honest);
      const at = { name: account, namespace };
      const arn = { metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn' } } };
      expect(await verdict(scene.agent.mergePatch(serviceAccounts, at, arn))).toContain(
        'nothing else',
      );
      await scene.admin.delete(serviceAccounts, at);
    });

    test('bound are ServiceAccounts of people and no others, and never mixed with users', async () => {
      expect(await bind([person])).toBe('');
      expect(await bind([person, { ...person, name: `x-${'a'.repeat(16)}` }])).toBe('');
      const user = ourBinding().subjects ?? [];
      expect(await bind([...user])).toBe('');
      const others: RbacSubject[] = [
        { ...person, namespace: 'kube-system' },
        { ...person, namespace: '' },
        { kind: 'ServiceAccount', name: account },
        { ...person, name: 'default' },
        { ...person, name: 'ambit-agent' },
        { ...person, name: `${account} ${account}x` },
        { ...person, name: `${account}\n` },
        {
          kind: 'User',
          apiGroup: 'rbac.authorization.k8s.io',
          name: `system:serviceaccount:${namespace}:${account}`,
        },
        {
          kind: 'Group',
          apiGroup: 'rbac.authorization.k8s.io',
          name: `system:serviceaccounts:${namespace}`,
        },
      ];
      for (const other of others) {
        expect([other, await bind([person, other])]).toEqual([
          other,
          expect.stringMatching(/^4(03|22) /),
        ]);
        expect([other, await bind([other])]).toEqual([other, expect.stringMatching(/^4(03|22) /)]);
      }
      expect(await bind([person, ...user])).toMatch(/^403 /);
    });

    test('256 of them fit into what the API server spends on a policy', async () => {
      const many = Array.from({ length: 256 }, (_, index) => ({
        ...person,
        name: accountName(`ambit:${'x'.repeat(60)}`, `${index}`, nodeDigests),
      }));
      expect(await bind(many)).toBe('');
    });

    test('in their namespace nothing is bound: whoever may edit there is everybody', async () => {
      const object = { ...ourBinding({ namespace }), subjects: [person] };
      const asked = scene.agent.create<RbacObject>(roleBindings, object, { dryRun: true });
      expect(await verdict(asked)).toContain('protected');
    });

    test('an owner who does not name the way gets none of it, and what was made before may go', async () => {
      await scene.rule({});
      await scene.admin.create<KubeObject>(serviceAccounts, honest);
      const at = { name: account, namespace };
      const others = { name: 'of-somebody', namespace };
      await scene.admin.create<KubeObject>(serviceAccounts, { metadata: others });
      expect(await make({})).toContain('nothing else');
      expect(await token(account)).toContain('nothing else');
      expect(await verdict(scene.agent.delete(serviceAccounts, others))).toContain('that it made');
      const elsewhere = { name: 'default', namespace: 'payments' };
      expect(await verdict(scene.agent.delete(serviceAccounts, elsewhere))).toContain(
        'nothing else',
      );
      expect(await verdict(scene.agent.delete(serviceAccounts, at))).toBe('');
      await scene.admin.delete(serviceAccounts, others);
      expect(await bind([person])).toContain('never a ServiceAccount');
      await scene.rule(withWay);
    });
  },
);
