import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { Intent } from '@ambit/rbac';
import { agentWrites, inSimulation } from '../../test/in-simulation.ts';
import { binding, podReader, role } from '../../test/reconcile-scene.ts';

const ceiling = { customRoles: { rules: [podReader] }, clusterScope: true };
const namespaces = ['payments', 'web'];
const subjects = ['ambit:ann', 'ambit:bob'];
const policy: Intent[] = [
  role('r1', [podReader]),
  binding({ key: 'BINDING/1', role: { type: 'ours', roleUid: 'r1' }, subjects }),
  binding({ key: 'BINDING/2', scope: { type: 'namespaces', names: namespaces }, subjects }),
  binding({ key: 'BINDING/3', scope: { type: 'clusterWide' } }),
  binding({ key: 'BINDING/4', grantUid: 'g', notAfter: Date.now() + 3_600_000 }),
];

describe('what is as it should be is not written', () => {
  test(
    'case 57: reconciling twice writes nothing the second time',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster }) => {
      const first = await scene.apply({ put: policy });
      expect(first).toMatchObject({ created: 6, problems: [] });
      cluster.log.clear();
      const second = await scene.apply({ put: policy.toReversed(), full: true });
      expect(second).toMatchObject({ created: 0, updated: 0, deleted: 0, unchanged: 6 });
      scene.reconciler.resync();
      await scene.eventually('every kind listed anew', () => {
        expect(cluster.log.requests.filter(({ verb }) => verb === 'list').length).toBe(5);
      });
      await scene.apply({});
      expect(agentWrites(cluster)).toEqual([]);
    }),
  );

  test(
    'case 57: another order of subjects and rules, put there by somebody else, is no difference',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster }) => {
      await scene.apply({ put: policy });
      const { roleBindings } = kubeResources;
      for (const { metadata, subjects: found = [] } of await scene.ours()) {
        const { name, namespace = '' } = metadata;
        const patch = { subjects: found.toReversed(), metadata: { annotations: { note: 'seen' } } };
        await scene.admin.mergePatch(roleBindings, { name, namespace }, patch);
      }
      cluster.log.clear();
      scene.reconciler.resync();
      await scene.apply({});
      expect(agentWrites(cluster)).toEqual([]);
      expect(scene.eventsOf('drift.detected')).toEqual([]);
    }),
  );

  test(
    'case 55: twenty restarts leave the same objects and write nothing',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster, open }) => {
      await scene.apply({ put: policy });
      const before = (await scene.ours()).map(({ metadata }) => metadata.uid);
      await scene.halt();
      cluster.log.clear();
      for (let round = 0; round < 20; round++) {
        const next = await open(round % 2 === 0 ? { folder: scene.folder } : {});
        await next.apply({ put: policy, full: true });
        await next.halt();
      }
      expect(agentWrites(cluster)).toEqual([]);
      const last = await open({ folder: scene.folder });
      expect((await last.ours()).map(({ metadata }) => metadata.uid)).toEqual(before);
    }),
  );

  test(
    'case 58: in whichever order intents arrive, roles come before their bindings and all is well',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster }) => {
      for (let round = 0; round < 6; round++) {
        const order = policy.toSorted(() => Math.random() - 0.5);
        cluster.log.clear();
        const report = await scene.apply({ put: order });
        expect(report).toMatchObject({ created: 6, problems: [] });
        const writes = agentWrites(cluster);
        const [roleAt = -1] = writes.flatMap((write, at) =>
          write.startsWith('create clusterroles ') ? [at] : [],
        );
        expect(roleAt).toBe(0);
        await scene.apply({
          remove: policy.map(({ key }) => key).toSorted(() => Math.random() - 0.5),
        });
        expect(await scene.access()).toEqual([]);
      }
    }),
  );

  test(
    'case 66: what failed is never told as applied',
    inSimulation({}, async ({ scene, cluster }) => {
      const match = { verb: 'create', resource: 'rolebindings' };
      const failing = cluster.faults.inject({ match, status: 500, reason: 'InternalError' });
      const revision = scene.push({ put: [binding({ key: 'BINDING/1' })] });
      await scene.eventually('two attempts', () => expect(failing.met).toBeGreaterThan(1));
      expect(scene.applied).toEqual([]);
      expect(scene.reconciler.status()).toMatchObject({
        appliedRevision: 0,
        report: { problems: [{ key: 'BINDING/1', reason: 'retrying', namespace: 'payments' }] },
      });
      failing.disarm();
      expect(await scene.appliedOf(revision)).toMatchObject({ created: 1, problems: [] });
    }),
  );

  test(
    'case 62: status tells of what is, not of what was',
    inSimulation({}, async ({ scene }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1', role: admin })] });
      expect(scene.reconciler.status().report.problems).toMatchObject([
        { key: 'BINDING/1', reason: 'ceiling_refused' },
      ]);
      await scene.apply({ remove: ['BINDING/1'] });
      expect(scene.reconciler.status()).toMatchObject({ objects: 0, report: { problems: [] } });
    }),
  );
});

const admin = { type: 'existing', clusterRole: 'cluster-admin' } as const;
