import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { agentWrites, inSimulation } from '../../test/in-simulation.ts';
import { binding, podReader, role } from '../../test/reconcile-scene.ts';

const ceiling = { customRoles: { rules: [podReader] } };
const namespaces = ['n0', 'n1', 'n2', 'n3'];
const ours = { type: 'ours', roleUid: 'r1' } as const;
const policy = [
  role('r1', [podReader]),
  binding({ key: 'BINDING/1', role: ours, scope: { type: 'namespaces', names: namespaces } }),
];
const access = (name: string): string[] =>
  namespaces.map((namespace) => `${namespace} ${name} ambit:ann`);

describe('an agent that is killed', () => {
  test(
    'case b10: killed after each write of an addition, it ends where it should, and writes nothing twice',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster, open }) => {
      await scene.halt();
      cluster.log.clear();
      for (let done = 1; done <= 5; done++) {
        const next = await open();
        next.push({ put: policy, full: true });
        await next.eventually('one more write', () => {
          expect(agentWrites(cluster).length).toBeGreaterThanOrEqual(done);
        });
        await next.halt();
      }
      const last = await open();
      await last.apply({ put: policy, full: true });
      expect(agentWrites(cluster).every((write) => write.startsWith('create'))).toBe(true);
      expect(agentWrites(cluster)).toHaveLength(5);
      const [{ metadata } = { metadata: { name: '' } }] = await last.ours(
        kubeResources.clusterRoles,
      );
      expect(await last.access()).toEqual(access(metadata.name));
    }),
  );

  test(
    'case b10: killed at each step of a removal, it always ends with nothing left',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster, open }) => {
      await scene.apply({ put: policy });
      await scene.halt();
      cluster.log.clear();
      for (let done = 1; done <= 5; done++) {
        const next = await open(done % 2 === 0 ? { folder: scene.folder } : {});
        next.push({ full: true });
        await next.eventually('one more write', () => {
          expect(agentWrites(cluster).length).toBeGreaterThanOrEqual(done);
        });
        await next.halt();
      }
      const last = await open();
      await last.apply({ full: true });
      expect(await last.access()).toEqual([]);
      expect(await last.ours(kubeResources.clusterRoles)).toEqual([]);
    }),
  );

  test(
    'protocol edge 2: what was removed while it was away is gone after its return',
    inSimulation({ ceiling, namespaces }, async ({ scene, open }) => {
      await scene.apply({ put: policy });
      await scene.halt();
      const next = await open({ folder: scene.folder });
      await next.apply({ put: [role('r1', [podReader])], full: true });
      expect(await next.access()).toEqual([]);
    }),
  );

  test(
    'nothing is written before the lists are complete, and an empty cache is not an empty cluster',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster, open }) => {
      await scene.apply({ put: policy });
      await scene.halt();
      cluster.log.clear();
      const match = { verb: 'list', resource: 'rolebindings' };
      const held = cluster.faults.inject({ match, status: 500, reason: 'InternalError' });
      const next = await open({ random: () => 0 });
      next.push({ put: [role('r1', [podReader])], full: true });
      await next.eventually('two attempts', () => expect(held.met).toBeGreaterThan(1));
      expect(next.reconciler.missingLists).toEqual(['RoleBinding']);
      expect(next.reconciler.status().ready).toBe(false);
      expect(agentWrites(cluster)).toEqual([]);
      held.disarm();
      await next.sees([]);
    }),
  );

  test(
    'without a state nothing is touched that has not ended',
    inSimulation({ ceiling, namespaces }, async ({ scene, cluster, open }) => {
      await scene.apply({ put: policy });
      await scene.halt();
      cluster.log.clear();
      const next = await open();
      await next.ready();
      next.reconciler.resync();
      expect(await next.access()).toHaveLength(4);
      expect(agentWrites(cluster)).toEqual([]);
    }),
  );
});
