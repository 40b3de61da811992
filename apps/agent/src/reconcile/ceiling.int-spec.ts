import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { inSimulation } from '../../test/in-simulation.ts';
import { agentRules } from '../print-rbac.ts';
import { binding, ceilingOf, podReader, role } from '../../test/reconcile-scene.ts';

const { clusterRoles } = kubeResources;
const edit = { type: 'existing', clusterRole: 'edit' } as const;
const ours = { type: 'ours', roleUid: 'r1' } as const;
const wide = ceilingOf({ allowedClusterRoles: ['view', 'edit'], clusterScope: true });

describe('the ceiling of the cluster', () => {
  test(
    'protocol edge 11: narrowed while connected it revokes, is reported, and no push brings the access back',
    inSimulation({ ceiling: wide }, async ({ scene }) => {
      const put = [
        binding({ key: 'BINDING/1' }),
        binding({ key: 'BINDING/2', role: edit }),
        binding({ key: 'BINDING/3', scope: { type: 'clusterWide' } }),
      ];
      await scene.apply({ put });
      scene.reconciler.setCeiling(ceilingOf({ allowedClusterRoles: ['view'] }));
      await scene.sees(['payments view ambit:ann']);
      expect(scene.reconciler.status().report.problems).toMatchObject([
        { key: 'BINDING/2', reason: 'ceiling_refused' },
        { key: 'BINDING/3', reason: 'ceiling_refused' },
      ]);
      expect(scene.eventsOf('ceiling.changed')).toHaveLength(1);
      await scene.apply({ put, full: true });
      const refused = scene.eventsOf('ceiling.refused').map(({ details }) => details?.['intent']);
      expect(refused).toEqual(['BINDING/2', 'BINDING/3']);
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
    }),
  );

  test(
    'outside case 08: what it refuses is told with the grant, though another object of the same change is not written yet',
    inSimulation({ ceiling: { allowedClusterRoles: ['view'] } }, async ({ scene, cluster }) => {
      cluster.faults.inject({ match: { verb: 'create', resource: 'rolebindings' }, status: 500 });
      const refused = binding({ key: 'BINDING/2', role: edit, grants: ['eva-edit'] });
      scene.push({ put: [binding({ key: 'BINDING/1' }), refused] });
      await scene.eventually('the refusal being told', () =>
        expect(scene.eventsOf('ceiling.refused')).toMatchObject([
          { grants: ['eva-edit'], message: expect.stringContaining('refuses grant eva-edit: ') },
        ]),
      );
      expect(scene.applied).toEqual([]);
      cluster.faults.clear();
    }),
  );

  test(
    'outside case 08: what it refuses is told once, however often the state comes',
    inSimulation({ ceiling: { protectedNamespaces: ['vault'] } }, async ({ scene }) => {
      const scope = { type: 'namespaces', names: ['payments', 'vault'] } as const;
      await scene.apply({ put: [binding({ key: 'BINDING/1', scope, grants: ['all'] })] });
      await scene.eventually('the refusal being told', () =>
        expect(scene.eventsOf('ceiling.refused')).toMatchObject([{ grants: ['all'] }]),
      );
      await scene.apply({ put: [binding({ key: 'BINDING/1', scope, grants: ['all'] })] });
      await scene.apply({ put: [binding({ key: 'BINDING/3' })] });
      expect(scene.eventsOf('ceiling.refused')).toHaveLength(1);
    }),
  );

  test(
    'protocol edge 11: narrowed while the agent was away it revokes at the start',
    inSimulation({ ceiling: wide }, async ({ scene, open }) => {
      const put = [binding({ key: 'BINDING/1' }), binding({ key: 'BINDING/2', role: edit })];
      await scene.apply({ put });
      await scene.halt();
      const ceiling = { allowedClusterRoles: ['view'] };
      const next = await open({ folder: scene.folder, ceiling });
      await next.apply({ put, full: true });
      expect(await next.access()).toEqual(['payments view ambit:ann']);
    }),
  );

  test(
    'a namespace that becomes protected is left without anything of ours',
    inSimulation({ namespaces: ['payments', 'web'] }, async ({ scene }) => {
      const scope = { type: 'namespaces', names: ['payments', 'web'] } as const;
      await scene.apply({ put: [binding({ key: 'BINDING/1', scope })] });
      scene.reconciler.setCeiling(ceilingOf({ protectedNamespaces: ['web'] }));
      await scene.sees(['payments view ambit:ann']);
    }),
  );

  test(
    'widened along with the rights of the agent, it gives at once what was refused before',
    inSimulation({ ceiling: { allowedClusterRoles: ['view'] } }, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/2', role: edit })] });
      expect(await scene.access()).toEqual([]);
      await cluster.agentKubeconfig(agentRules(wide));
      scene.reconciler.setCeiling(wide);
      await scene.sees(['payments edit ambit:ann']);
      await scene.eventually('the rules of the role for central', () => {
        expect(new Map(scene.reconciler.facts.clusterRoles()).has('edit')).toBe(true);
      });
    }),
  );

  test(
    'subjects that may not be taken out of a binding are taken out by making it anew',
    inSimulation({ ceiling: wide }, async ({ scene, cluster }) => {
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', role: edit, subjects })] });
      // The owner takes the right to bind the role away: every update of the binding is refused now.
      await cluster.agentKubeconfig(agentRules(ceilingOf({ allowedClusterRoles: ['view'] })));
      const put = [binding({ key: 'BINDING/1', role: edit, subjects: ['ambit:bob'] })];
      const report = await scene.apply({ put });
      expect(await scene.access()).toEqual([]);
      expect(report.problems).toMatchObject([{ key: 'BINDING/1', reason: 'kubernetes_refused' }]);
      expect(scene.eventsOf('binding.deleted')).toHaveLength(1);
      await cluster.agentKubeconfig(agentRules(wide));
      scene.reconciler.setCeiling(wide);
      await scene.sees(['payments edit ambit:bob']);
    }),
  );

  const custom = ceilingOf({ customRoles: { rules: [podReader] } });
  const reader = [role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })];
  const less = role('r1', [{ ...podReader, verbs: ['get'] }]);

  test(
    'a role that may not be narrowed gives nothing at once; its bindings go, and then it',
    inSimulation({ ceiling: custom }, async ({ scene, cluster }) => {
      await scene.apply({ put: reader });
      const rights = agentRules(custom).filter((rule) => !rule.resources?.includes('pods'));
      await cluster.agentKubeconfig(rights);
      cluster.log.clear();
      const report = await scene.apply({ put: [less] });
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      await scene.eventually('nothing left', async () => {
        expect([...(await scene.ours()), ...(await scene.ours(clusterRoles))]).toEqual([]);
      });
      expect(report.problems).not.toEqual([]);
      const done = cluster.log.writes.filter(({ status }) => status < 300);
      expect(done.map(({ verb, resource }) => `${verb} ${resource}`).slice(-3)).toEqual([
        'patch clusterroles',
        'delete rolebindings',
        'delete clusterroles',
      ]);
      // With its rights back the agent gives what is left of the grant.
      await cluster.agentKubeconfig(agentRules(custom));
      scene.reconciler.setCeiling(custom);
      await scene.eventually('the access given anew', async () => {
        expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      });
      expect(await scene.can('ambit:ann', 'payments', 'list')).toBe(false);
    }),
  );
});
