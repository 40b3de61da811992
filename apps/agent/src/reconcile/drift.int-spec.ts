import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { ambitLabels } from '@ambit/rbac';
import type { BindingObject, RbacObject } from '@ambit/rbac';
import { agentWrites, inSimulation } from '../../test/in-simulation.ts';
import { binding, podReader, role } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const { roleBindings, clusterRoles } = kubeResources;
const wanted = ['payments view ambit:ann'];
const noLabels = {
  metadata: {
    labels: {
      [ambitLabels.managedBy]: null,
      [ambitLabels.cluster]: null,
      [ambitLabels.installation]: null,
    },
  },
};

function placeOf({ metadata }: RbacObject): { name: string; namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? '' };
}

async function given(scene: ReconcileScene): Promise<BindingObject> {
  await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
  return scene.only();
}

async function repaired(scene: ReconcileScene, events = 1): Promise<void> {
  await scene.eventually('the repair being told', () => {
    expect(scene.eventsOf('drift.corrected')).toHaveLength(events);
  });
  const told = scene.eventsOf('drift.corrected').map(({ message }) => message);
  for (const message of told) expect(message).toMatch(/ in payments is as it should be again$/);
  expect(await scene.access()).toEqual(wanted);
}

describe('what others change is put right', () => {
  test(
    'case 64: a binding deleted by hand comes back, and the trail says so',
    inSimulation({}, async ({ scene, cluster }) => {
      const object = await given(scene);
      cluster.log.clear();
      await scene.admin.delete(roleBindings, placeOf(object));
      await repaired(scene);
      const asked = cluster.log.requests.filter(({ user }) => user === 'ambit-agent');
      expect(asked.map(({ verb }) => verb)).toEqual(['create']);
      expect(scene.events.map(({ type }) => type)).toEqual([
        'binding.created',
        'drift.detected',
        'binding.created',
        'drift.corrected',
      ]);
      expect(scene.reconciler.status().driftRepairs).toBe(1);
    }),
  );

  test(
    'case 64: edited subjects are put right, and the trail names the program that edited them',
    inSimulation({}, async ({ scene }) => {
      const object = await given(scene);
      const subjects = [...(object.subjects ?? []), { kind: 'User', name: 'ambit:eve' }];
      await scene.admin.mergePatch(roleBindings, placeOf(object), { subjects });
      await repaired(scene);
      expect(scene.eventsOf('drift.detected')).toMatchObject([
        { details: { observedManager: expect.any(String) } },
      ]);
      expect(await scene.can('ambit:eve', 'payments')).toBe(false);
    }),
  );

  test(
    'case 64: labels taken off come back on the same object',
    inSimulation({}, async ({ scene }) => {
      const object = await given(scene);
      await scene.admin.mergePatch(roleBindings, placeOf(object), noLabels);
      await repaired(scene);
      expect((await scene.only()).metadata.uid).toBe(object.metadata.uid);
      expect(scene.events.map(({ type }) => type)).toEqual([
        'binding.created',
        'drift.detected',
        'binding.updated',
        'drift.corrected',
      ]);
    }),
  );

  test(
    'case 64: a binding without our labels is still taken away when its grant goes',
    inSimulation({}, async ({ scene, cluster }) => {
      const object = await given(scene);
      // The repair is refused: the object stays without its label when the grant goes.
      const match = { verb: 'patch', resource: 'rolebindings' };
      cluster.faults.inject({ match, times: 1, status: 500, reason: 'InternalError' });
      await scene.admin.mergePatch(roleBindings, placeOf(object), noLabels).catch(() => undefined);
      await scene.admin.mergePatch(roleBindings, placeOf(object), noLabels);
      await scene.apply({ remove: ['BINDING/1'] });
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
    }),
  );

  test(
    'outside row B.8: what somebody changed and nobody wants any more is gone, not as it should be again',
    inSimulation({}, async ({ scene, cluster }) => {
      const object = await given(scene);
      // From the moment somebody edits it, it cannot be repaired before its grant goes.
      const match = { verb: 'patch', resource: 'rolebindings' };
      const lift = cluster.admission.mutate('rolebindings', (edited) => {
        cluster.faults.inject({ match, status: 500, reason: 'InternalError' });
        lift();
        return edited;
      });
      const subjects = [...(object.subjects ?? []), { kind: 'User', name: 'ambit:eve' }];
      await scene.admin.mergePatch(roleBindings, placeOf(object), { subjects });
      await scene.eventually('the drift being told', () =>
        expect(scene.eventsOf('drift.detected')).toHaveLength(1),
      );
      await scene.apply({ remove: ['BINDING/1'] });
      await scene.sees([]);
      const { name } = object.metadata;
      await scene.eventually('the end of the drift being told', () =>
        expect(scene.eventsOf('drift.corrected')).toMatchObject([
          {
            object: { kind: 'RoleBinding', name, namespace: 'payments' },
            message: `RoleBinding ${name} in payments, which somebody changed, is gone: nothing of it is wanted any more`,
          },
        ]),
      );
    }),
  );

  test(
    'protocol edge 15: labels taken off while the agent was away are found by its inventory',
    inSimulation({}, async ({ scene, open }) => {
      const object = await given(scene);
      await scene.reconciler.stop();
      await scene.admin.mergePatch(roleBindings, placeOf(object), noLabels);
      const next = await open({ folder: scene.folder });
      await next.apply({ put: [], full: true });
      expect(await next.can('ambit:ann', 'payments')).toBe(false);
    }),
  );

  test(
    'a roleRef that somebody replaced under our name is replaced again',
    inSimulation({}, async ({ scene }) => {
      const { metadata, subjects = [], roleRef } = await given(scene);
      const { name, namespace = '', labels = {}, annotations = {} } = metadata;
      await scene.admin.delete(roleBindings, { name, namespace });
      const forged = { name, namespace, labels, annotations };
      await scene.eventually('the forged binding', () =>
        scene.admin
          .create(roleBindings, {
            metadata: forged,
            roleRef: { ...roleRef, name: 'admin' },
            subjects,
          } as never)
          .catch(async (error: unknown) => {
            await scene.admin.delete(roleBindings, { name, namespace }).catch(() => undefined);
            throw error;
          }),
      );
      await scene.sees(wanted);
      expect((await scene.only()).roleRef).toEqual(roleRef);
    }),
  );

  test(
    'case 59: a role of ours that somebody made an aggregate is made anew, its rules never patched',
    inSimulation(
      { ceiling: { customRoles: { rules: [podReader] } } },
      async ({ scene, cluster }) => {
        const ours = { type: 'ours', roleUid: 'r1' } as const;
        await scene.apply({
          put: [role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })],
        });
        const [{ metadata } = { metadata: { name: '' } }] = await scene.ours(clusterRoles);
        cluster.log.clear();
        const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { any: 'thing' } }] };
        await scene.admin.mergePatch(clusterRoles, { name: metadata.name }, { aggregationRule });
        await scene.eventually('the role made anew', async () => {
          const [found] = await scene.ours(clusterRoles);
          expect(found).toMatchObject({ rules: [podReader] });
          expect(found).not.toHaveProperty('aggregationRule');
        });
        expect(agentWrites(cluster).map((write) => write.split(' ')[0])).toEqual([
          'delete',
          'create',
        ]);
      },
    ),
  );

  test(
    'protocol edge 16: a war with another controller is bounded, seen, and never leaves excess standing',
    inSimulation({}, async ({ scene, cluster }) => {
      const object = await given(scene);
      cluster.log.clear();
      const subjects = [{ kind: 'User', name: 'ambit:eve', apiGroup: 'rbac.authorization.k8s.io' }];
      for (let round = 0; round < 20; round++) {
        await scene.admin.mergePatch(roleBindings, placeOf(object), { subjects });
        await scene.eventually('the excess taken away', async () => {
          expect(await scene.can('ambit:eve', 'payments')).toBe(false);
        });
      }
      expect(scene.eventsOf('drift.contended')).toHaveLength(1);
      expect(scene.reconciler.status().report.problems).toMatchObject([
        { key: 'BINDING/1', reason: 'contended' },
      ]);
      // Giving back what the other takes away has stopped: only taking away goes on.
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      expect(agentWrites(cluster).length).toBeLessThan(35);
    }),
  );
});

describe('what is not ours is left alone', () => {
  test(
    'case 16: a label copied onto a foreign binding does not make it ours',
    inSimulation({}, async ({ scene, cluster }) => {
      const { metadata, roleRef, subjects = [] } = await given(scene);
      cluster.log.clear();
      const { labels = {}, annotations = {} } = metadata;
      const copy = { name: 'my-own-binding', namespace: 'payments', labels, annotations };
      await scene.admin.create(roleBindings, { metadata: copy, roleRef, subjects } as never);
      await scene.eventually('the report', () => {
        expect(scene.eventsOf('object.foreign')).toMatchObject([{ object: { name: copy.name } }]);
      });
      await scene.apply({ remove: ['BINDING/1'] });
      scene.reconciler.resync();
      await scene.apply({});
      expect((await scene.only()).metadata.name).toBe('my-own-binding');
      expect(agentWrites(cluster)).toHaveLength(1);
    }),
  );

  test(
    'case 17: a name that is taken is reported, not taken over, and used once it is free',
    inSimulation({ random: () => 0 }, async ({ scene, open }) => {
      const { metadata } = await given(scene);
      await scene.apply({ remove: ['BINDING/1'] });
      await scene.halt();
      const next = await open();
      const foreign = {
        metadata: { name: metadata.name, namespace: 'payments' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
        subjects: [],
      };
      await next.admin.create(roleBindings, foreign as never);
      const report = await next.apply({ put: [binding({ key: 'BINDING/1' })] });
      expect(report.problems).toMatchObject([{ key: 'BINDING/1', reason: 'foreign_object' }]);
      expect(await next.admin.get(roleBindings, placeOf(foreign as never))).toMatchObject({
        roleRef: { name: 'edit' },
      });
      await next.admin.delete(roleBindings, placeOf(foreign as never));
      next.reconciler.resync();
      await next.sees(wanted);
      expect(next.reconciler.status().report.problems).toEqual([]);
    }),
  );

  test(
    'a role of the owner that carries our label stays, and so do the bindings to it',
    inSimulation({}, async ({ scene }) => {
      await given(scene);
      const labels = { [ambitLabels.managedBy]: 'ambit' };
      await scene.admin.mergePatch(clusterRoles, { name: 'view' }, { metadata: { labels } });
      await scene.apply({});
      expect(await scene.access()).toEqual(wanted);
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
    }),
  );

  test(
    'break-glass bindings of the owner are kept, whatever they carry',
    inSimulation({}, async ({ scene }) => {
      const { metadata } = await given(scene);
      scene.reconciler.setCeiling({ ...scene.ceiling, breakGlass: [metadata.name] });
      await scene.apply({ remove: ['BINDING/1'] });
      expect(await scene.access()).toEqual(wanted);
    }),
  );
});
