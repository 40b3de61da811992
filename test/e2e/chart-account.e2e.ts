import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';

const apiVersion = 'ambit.dev/v1' as const;
const { leases, namespaces, roleBindings, secrets } = kubeResources;
const own = { name: 'ambit-agent', namespace: 'ambit-system' };
const scope = { clusters: { names: ['prod-eu'] }, namespaces: { names: ['payments'] } };
const views = (user: string) =>
  ({ user: `ambit:${user}`, verb: 'list', resource: 'pods', namespace: 'payments' }) as const;
const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

/** ServiceAccount, ClusterRole, Role and policies as helm renders them, and the program with a token of that account. */
(real ? describe : describe.skip)('the agent as the account of its chart', () => {
  let fleet: Fleet;
  let prod: Member;

  beforeAll(async () => {
    fleet = await Fleet.start(['prod-eu'], {});
    prod = fleet.member('prod-eu');
    await prod.kube.create<Namespace>(namespaces, { metadata: { name: 'payments' } });
    await fleet.useChart('prod-eu');
    await fleet.enrol('prod-eu', {}, fleet.agentAddress, { AMBIT_LEADER_ELECT: 'true' });
    const users = ['ada', 'bob'].map((name) => ({ apiVersion, kind: 'User', metadata: { name } }));
    await fleet.client().api.apply({ body: { objects: users } as never });
  }, 240_000);
  afterAll(() => fleet?.stop(), 60_000);

  const grant = async (name: string, user: string, more: object = {}): Promise<void> => {
    const spec = { subjects: [{ user }], role: 'view', scope, ...more };
    const objects = [{ apiVersion, kind: 'Grant', metadata: { name }, spec }];
    await fleet.client().api.apply({ body: { objects } as never });
  };
  const ours = async (): Promise<BindingObject[]> => {
    const selector = { namespace: 'payments', labelSelector: 'ambit.dev/managed-by=ambit' };
    return [...(await prod.kube.list<BindingObject>(roleBindings, selector)).items];
  };

  test('finds the policies of its ceiling in force, and the Lease and the Secret are its own', async () => {
    await eventually(
      async () => {
        const { status } = await fleet.client().api.getCluster({ params: { name: 'prod-eu' } });
        expect(status.conditions.map(({ type }) => type)).toEqual(['Connected']);
        expect(status.ceiling).toBeDefined();
      },
      { withinMs: 60_000, everyMs: 200, what: 'a cluster with nothing to say against it' },
    );
    const lease = await prod.kube.get<KubeObject & { spec: { holderIdentity: string } }>(
      leases,
      own,
    );
    expect(lease.spec.holderIdentity).not.toBe('');
    const secret = await prod.kube.get<KubeObject & { data: object }>(secrets, own);
    const kept = ['high-water.json', 'identity.json', 'replica'];
    expect(Object.keys(secret.data).sort()).toEqual(expect.arrayContaining(kept.slice(1)));
  });

  test('gives, repairs, ends and takes away', async () => {
    await grant('ada-views', 'ada');
    await untilMay(prod.kube, views('ada'), true);
    const [binding] = await ours();
    if (binding === undefined) throw new Error('there is no binding');
    const place = { name: binding.metadata.name, namespace: 'payments' };
    await prod.kube.delete(roleBindings, place);
    await untilMay(prod.kube, views('ada'), true);
    const stranger = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'stranger' };
    await eventually(async () => {
      const [now] = await ours();
      const subjects = [...(now?.subjects ?? []), stranger];
      await prod.kube.mergePatch(roleBindings, place, { subjects });
    });
    await untilMay(prod.kube, { ...views('ada'), user: 'stranger' }, false);
    await grant('bob-views', 'bob', { until: new Date(Date.now() + 8_000).toISOString() });
    await untilMay(prod.kube, views('bob'), true);
    await untilMay(prod.kube, views('bob'), false);
    expect(await may(prod.kube, views('ada'))).toBe(true);
    await fleet.client().api.deleteGrant({ params: { name: 'ada-views' } });
    await untilMay(prod.kube, views('ada'), false);
    await eventually(async () => expect(await ours()).toEqual([]), { withinMs: 30_000 });
  }, 180_000);

  test('gives the Lease back when it is told to stop, and goes on from the Secret on another volume', async () => {
    await prod.agent?.stop(20_000);
    const lease = await prod.kube.get<KubeObject & { spec: { holderIdentity: string } }>(
      leases,
      own,
    );
    expect(lease.spec.holderIdentity).toBe('');
    // Neither a join token nor anything on its disk.
    const data = `${fleet.folder.path}/another-volume`;
    fleet.startAgent('prod-eu', { AMBIT_LEADER_ELECT: 'true' }, fleet.agentAddress, data);
    await fleet.connected('prod-eu');
    await grant('ada-again', 'ada');
    await untilMay(prod.kube, views('ada'), true);
  }, 120_000);

  test('the owner writes and deletes what is of the agent, in spite of its policies', async () => {
    await prod.kube.mergePatch(secrets, own, { metadata: { labels: { team: 'platform' } } });
    await prod.kube.mergePatch(leases, own, { metadata: { labels: { team: 'platform' } } });
    await grant('bob-again', 'bob');
    await untilMay(prod.kube, views('bob'), true);
    await prod.kube.delete(leases, own);
    await eventually(
      async () => {
        const lease = await prod.kube.get<KubeObject & { spec?: { holderIdentity?: string } }>(
          leases,
          own,
        );
        expect(lease.spec?.holderIdentity).toMatch(/./);
      },
      { withinMs: 60_000, everyMs: 200, what: 'the Lease being made and taken anew' },
    );
    await prod.kube.delete(namespaces, { name: 'payments' });
    await eventually(
      async () => {
        const { items } = await prod.kube.list(namespaces);
        expect(items.map(({ metadata }) => metadata.name)).not.toContain('payments');
      },
      { withinMs: 60_000, everyMs: 500, what: 'the namespace being gone' },
    );
  }, 180_000);
});
