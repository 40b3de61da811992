import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import { ambitLabels } from '@ambit/rbac';
import type { BindingIntent, BindingObject, Intent } from '@ambit/rbac';
import { ReconcileScene, binding, ceilingOf, podReader, role } from '../../test/reconcile-scene.ts';
import { agentRules } from '../print-rbac.ts';

const { roleBindings, clusterRoles, namespaces } = kubeResources;
const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: the reconciler is not tested on a real API server';
  const asked = settings.kubernetes === 'simulated';
  if (settings.requireReal || (process.env['CI'] && !asked)) throw new Error(text);
  console.log(text);
}

const ceiling = ceilingOf({ customRoles: { rules: [podReader] }, clusterScope: true });
const edit = { type: 'existing', clusterRole: 'edit' } as const;
const ours = { type: 'ours', roleUid: 'r1' } as const;
const inNamespace = (name: string): BindingIntent['scope'] => ({
  type: 'namespaces',
  names: [name],
});
const placeOf = ({ metadata }: BindingObject): { name: string; namespace: string } => ({
  name: metadata.name,
  namespace: metadata.namespace ?? '',
});

/** The same promises as on the simulated API server, on a real one, with the least rights. */
(atHand === undefined ? describe.skip : describe)('a real API server', () => {
  let clusters: DevClusters;
  let cluster: DevCluster;
  let scene: ReconcileScene;

  beforeAll(async () => {
    clusters = await startDevClusters({ names: ['reconcile'], settings, forTests: true });
    cluster = clusters.cluster('reconcile');
    scene = await ReconcileScene.open({ cluster, ceiling });
    await scene.ready();
  });
  afterAll(async () => {
    await scene?.close();
    await clusters?.stop();
  });

  /** Writes of RBAC objects that the API server counted. */
  async function writes(): Promise<number> {
    const counts = await cluster.requestCounts();
    return counts
      .filter(({ verb, group }) => /^(POST|PUT|PATCH|DELETE)$/.test(verb) && group.includes('rbac'))
      .reduce((sum, { count }) => sum + count, 0);
  }

  async function in_(namespace: string): Promise<BindingObject[]> {
    const { items } = await scene.admin.list<BindingObject>(roleBindings, { namespace });
    return items.filter(({ metadata }) => metadata.name.startsWith('ambit-'));
  }

  async function only(namespace: string): Promise<BindingObject> {
    const [first, ...more] = await in_(namespace);
    if (first === undefined || more.length > 0) throw new Error(`${more.length + 1} bindings`);
    return first;
  }

  test('case 57: reconciling twice writes nothing the second time, counted at the API server', async () => {
    await scene.namespace('second-pass');
    const scope = inNamespace('second-pass');
    const put: Intent[] = [
      role('r1', [podReader]),
      binding({ key: 'BINDING/57a', scope, role: ours }),
      binding({ key: 'BINDING/57b', scope, subjects: ['ambit:ann', 'ambit:bob'] }),
      binding({ key: 'BINDING/57c', scope: { type: 'clusterWide' }, subjects: ['ambit:ops'] }),
    ];
    expect(await scene.apply({ put })).toMatchObject({ created: 4, problems: [] });
    const before = await writes();
    scene.reconciler.resync();
    expect(await scene.apply({ put })).toMatchObject({ created: 0, updated: 0, deleted: 0 });
    const next = await ReconcileScene.open({ cluster, ceiling });
    await next.apply({ put, full: true });
    await next.close();
    // Opening the second one gives the agent its rights anew: a POST and a PUT of a role and of a binding.
    expect((await writes()) - before).toBe(4);
    await scene.apply({ remove: put.map(({ key }) => key) });
  });

  test('case 18: adding and taking away subjects never refuses who stays', async () => {
    await scene.namespace('subjects');
    const scope = inNamespace('subjects');
    await scene.apply({ put: [binding({ key: 'BINDING/18', scope })] });
    let over = false;
    let asked = 0;
    let refused = 0;
    const polling = (async () => {
      while (!over) {
        asked += 1;
        if (!(await scene.can('ambit:ann', 'subjects'))) refused += 1;
      }
    })();
    for (let count = 0; count < 10; count++) {
      const subjects = ['ambit:ann', ...(count % 2 === 0 ? ['ambit:bob'] : [])];
      await scene.apply({ put: [binding({ key: 'BINDING/18', scope, subjects })] });
    }
    over = true;
    await polling;
    expect({ refused, enough: asked > 10 }).toEqual({ refused: 0, enough: true });
  });

  test('case 23: another role, without a moment of refusal', async () => {
    await scene.namespace('another-role');
    const scope = inNamespace('another-role');
    await scene.apply({ put: [binding({ key: 'BINDING/23', scope })] });
    let over = false;
    let refused = 0;
    const polling = (async () => {
      while (!over) if (!(await scene.can('ambit:ann', 'another-role'))) refused += 1;
    })();
    await scene.apply({
      put: [binding({ key: 'BINDING/23b', scope, role: edit })],
      remove: ['BINDING/23'],
    });
    over = true;
    await polling;
    expect(refused).toBe(0);
    expect((await only('another-role')).roleRef.name).toBe('edit');
  });

  test('case 64: deleted, edited and stripped of its labels, a binding comes back', async () => {
    await scene.namespace('drift');
    await scene.apply({ put: [binding({ key: 'BINDING/64', scope: inNamespace('drift') })] });
    const holds = async (what: string): Promise<void> => {
      await scene.eventually(what, async () => {
        const { metadata, subjects } = await only('drift');
        expect(subjects?.map(({ name }) => name)).toEqual(['ambit:ann']);
        expect(metadata.labels).toHaveProperty([ambitLabels.managedBy], 'ambit');
      });
    };
    await scene.admin.delete(roleBindings, placeOf(await only('drift')));
    await holds('the deleted one');
    const apiGroup = 'rbac.authorization.k8s.io';
    const subjects = [{ kind: 'User', name: 'ambit:eve', apiGroup }];
    await scene.admin.mergePatch(roleBindings, placeOf(await only('drift')), { subjects });
    await holds('the edited one');
    const metadata = { labels: { [ambitLabels.managedBy]: null } };
    await scene.admin.mergePatch(roleBindings, placeOf(await only('drift')), { metadata });
    await holds('the one without its label');
    await scene.eventually('three repairs told', () => {
      expect(scene.eventsOf('drift.corrected')).toHaveLength(3);
    });
    expect(scene.eventsOf('drift.detected')).toMatchObject([
      {},
      { details: { observedManager: 'ambit' } },
      { details: { observedManager: 'ambit' } },
    ]);
  });

  test('a finalizer and a roleRef that somebody forged do not keep access alive', async () => {
    await scene.namespace('forged');
    const put = [binding({ key: 'BINDING/b10', scope: inNamespace('forged') })];
    await scene.apply({ put });
    const { metadata, roleRef, subjects } = await only('forged');
    const { name, labels, annotations } = metadata;
    const place = { name, namespace: 'forged' };
    const forged = {
      metadata: { ...place, labels, annotations, finalizers: ['example.com/keep'] },
      roleRef: { ...roleRef, name: 'admin' },
      subjects,
    };
    await scene.eventually('the forged binding', async () => {
      await scene.admin.delete(roleBindings, place).catch(() => undefined);
      await scene.admin.create(roleBindings, forged as never);
    });
    await scene.eventually('ours in its place', async () => {
      expect((await only('forged')).roleRef.name).toBe('view');
    });
    await scene.admin.mergePatch(roleBindings, place, {
      metadata: { finalizers: ['example.com/keep'] },
    });
    await scene.apply({ remove: ['BINDING/b10'] });
    expect(await in_('forged')).toEqual([]);
    expect(await scene.can('ambit:ann', 'forged')).toBe(false);
  });

  test('case 20: a namespace made later; case 53: one that is being deleted', async () => {
    const put = [binding({ key: 'BINDING/20', scope: inNamespace('late') })];
    await scene.apply({ put });
    await scene.namespace('late');
    await scene.eventually('its binding', () => only('late'));
    await scene.admin.delete(namespaces, { name: 'late' });
    await scene.eventually('the namespace gone', () =>
      expect(scene.reconciler.facts.namespaces.has('late')).toBe(false),
    );
    expect(scene.reconciler.status().report.problems).toMatchObject([
      { key: 'BINDING/20', reason: 'namespace_missing' },
    ]);
    await scene.namespace('late');
    await scene.eventually('its binding anew', () => only('late'));
    await scene.apply({ remove: ['BINDING/20'] });
  });

  test('a temporary grant ends by itself', async () => {
    await scene.namespace('ending');
    const notAfter = Date.now() + 3_000;
    const scope = inNamespace('ending');
    await scene.apply({ put: [binding({ key: 'BINDING/t', scope, grantUid: 'g', notAfter })] });
    await scene.eventually('access, once the authorizer has read the binding too', async () => {
      expect(await scene.can('ambit:ann', 'ending')).toBe(true);
    });
    await scene.eventually('its end', async () => {
      expect(await scene.can('ambit:ann', 'ending')).toBe(false);
    });
    expect(Date.now() - notAfter).toBeLessThan(1_000);
    await scene.apply({ remove: ['BINDING/t'] });
  });

  test('case 36: with fewer rights than its ceiling names, it says what is missing and still takes away', async () => {
    await scene.namespace('rights');
    const scope = inNamespace('rights');
    const both = ['ambit:ann', 'ambit:bob'];
    await scene.apply({
      put: [
        role('r1', [podReader]),
        binding({ key: 'BINDING/36a', scope, role: edit, subjects: both }),
        binding({ key: 'BINDING/36b', scope, role: ours }),
      ],
    });
    await cluster.agentKubeconfig(agentRules(ceilingOf({ allowedClusterRoles: ['view'] })));
    const report = await scene.apply({
      put: [
        role('r1', [{ ...podReader, verbs: ['get'] }]),
        binding({ key: 'BINDING/36a', scope, role: edit, subjects: ['ambit:bob'] }),
      ],
    });
    expect(await scene.can('ambit:ann', 'rights', 'create')).toBe(false);
    expect(await scene.can('ambit:ann', 'rights')).toBe(false);
    expect(report.problems.map(({ reason }) => reason)).toContain('kubernetes_refused');
    await cluster.agentKubeconfig(agentRules(ceiling));
    scene.reconciler.setCeiling(ceiling);
    await scene.eventually('what is left of it', async () => {
      expect(await scene.can('ambit:bob', 'rights', 'create')).toBe(true);
      expect(await scene.can('ambit:ann', 'rights')).toBe(true);
    });
    expect(await scene.can('ambit:ann', 'rights', 'list')).toBe(false);
    await scene.apply({ remove: ['ROLE/r1', 'BINDING/36a', 'BINDING/36b'] });
    expect(await scene.ours(clusterRoles)).toEqual([]);
  });

  test('everything given is taken away in the end, and nothing of others', async () => {
    await scene.apply({ full: true });
    expect(await scene.access()).toEqual([]);
    expect(await scene.can('ambit:ops', 'default')).toBe(false);
  });
});
