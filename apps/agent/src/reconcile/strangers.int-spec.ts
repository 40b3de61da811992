import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { agentWrites, inHandTime, inSimulation } from '../../test/in-simulation.ts';
import type { Simulation } from '../../test/in-simulation.ts';
import { binding } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const { roleBindings } = kubeResources;
const apiGroup = 'rbac.authorization.k8s.io';
const wanted = ['payments view ambit:ann'];
const given = { put: [binding({ key: 'BINDING/1' })] };
const edit = { apiGroup, kind: 'ClusterRole', name: 'edit' } as const;
const eve = { kind: 'User', apiGroup, name: 'ambit:eve' } as const;

/** A binding of somebody else, without our labels, unless it has some. */
function strange(name: string, change: Partial<BindingObject> = {}): BindingObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: 'payments', ...change.metadata },
    roleRef: edit,
    subjects: [eve],
    ...change,
  };
}

/** The name that a binding of ours has, as another agent made it before. */
async function nameOfOurs({ scene, open }: Simulation): Promise<[ReconcileScene, string]> {
  await scene.apply(given);
  const { name } = (await scene.only()).metadata;
  await scene.apply({ remove: ['BINDING/1'] });
  await scene.halt();
  return [await open(), name];
}

describe('objects of others', () => {
  test(
    'outside row B.6: what a foreign object under our name blocked is made soon after that object is gone, without a restart',
    inSimulation({}, async (simulation) => {
      const [scene, name] = await nameOfOurs(simulation);
      await scene.admin.create(roleBindings, strange(name, { subjects: [] }));
      const report = await scene.apply(given);
      expect(report.problems).toMatchObject([
        {
          key: 'BINDING/1',
          reason: 'foreign_object',
          object: `RoleBinding/payments/${name}`,
          effect: 'PROBLEM_EFFECT_LACKS',
          subjects: ['ambit:ann'],
        },
      ]);
      await scene.admin.delete(roleBindings, { name, namespace: 'payments' });
      await scene.sees(wanted);
      await scene.eventually('no problem', () =>
        expect(scene.reconciler.status().report.problems).toEqual([]),
      );
    }),
  );

  test(
    'outside row B.6: a foreign object in the way is looked at now and then, with growing waits, and never written',
    inHandTime({ random: () => 0.5 }, async (simulation) => {
      const [scene, name] = await nameOfOurs(simulation);
      await scene.admin.create(roleBindings, strange(name));
      await scene.apply(given);
      simulation.cluster.log.clear();
      await simulation.pass(5_000);
      expect(agentWrites(simulation.cluster)).toEqual([]);
      const looks = simulation.cluster.log
        .counts()
        .find(({ verb, resource }) => verb === 'GET' && resource === 'rolebindings');
      expect(looks?.count).toBeGreaterThan(0);
      expect(looks?.count).toBeLessThan(6);
    }),
  );

  test(
    'outside row B.6: a binding put under our name with another role and no labels stays, and what it grants is excess with its people at once',
    inSimulation({}, async ({ scene }) => {
      await scene.apply(given);
      const { name } = (await scene.only()).metadata;
      await scene.eventually('the stranger', async () => {
        await scene.admin
          .create(roleBindings, strange(name))
          .catch(() => scene.admin.delete(roleBindings, { name, namespace: 'payments' }));
        const found = await scene.admin.get<BindingObject>(roleBindings, {
          name,
          namespace: 'payments',
        });
        expect(found.roleRef.name).toBe('edit');
      });
      await scene.eventually('the report', () =>
        expect(scene.reconciler.status().report.problems).toMatchObject([
          {
            key: 'BINDING/1',
            reason: 'foreign_object',
            effect: 'PROBLEM_EFFECT_EXCESS',
            subjects: ['ambit:eve'],
            binds: 'ClusterRole/edit',
          },
        ]),
      );
      expect(scene.eventsOf('object.foreign')).toMatchObject([
        { object: { name }, subjects: ['ambit:eve'], details: { effect: 'excess' } },
      ]);
      expect(await scene.can('ambit:eve', 'payments', 'create')).toBe(true);
      await scene.admin.delete(roleBindings, { name, namespace: 'payments' });
      await scene.sees(wanted);
    }),
  );

  const labels = {
    'all our labels': (ours: BindingObject) => ours.metadata.labels ?? {},
    'the one label alone': () => ({ 'ambit.dev/managed-by': 'ambit' }),
  } as const;
  test.each(Object.entries(labels))(
    'outside row B.6: a foreign object that carries %s is in the problems and the trail from the first list on',
    (_, labelsOf) =>
      inSimulation({}, async ({ scene, open }) => {
        await scene.apply(given);
        const ours = await scene.only();
        await scene.halt();
        const metadata = { name: 'copy', namespace: 'payments', labels: labelsOf(ours) };
        const next = await open({ folder: scene.folder });
        await next.admin.create(roleBindings, strange('copy', { metadata }));
        const { problems } = await next.apply({ ...given, full: true });
        expect(problems).toMatchObject([
          {
            reason: 'foreign_object',
            object: 'RoleBinding/payments/copy',
            effect: 'PROBLEM_EFFECT_EXCESS',
            subjects: ['ambit:eve'],
            binds: 'ClusterRole/edit',
          },
        ]);
        expect(next.eventsOf('object.foreign')).toMatchObject([{ object: { name: 'copy' } }]);
        await next.admin.delete(roleBindings, { name: 'copy', namespace: 'payments' });
        await next.eventually('no problem', () =>
          expect(next.reconciler.status().report.problems).toEqual([]),
        );
      })(),
  );
});
