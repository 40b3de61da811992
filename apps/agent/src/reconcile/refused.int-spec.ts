import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { agentRules } from '../print-rbac.ts';
import { inHandTime, inSimulation } from '../../test/in-simulation.ts';
import { binding, ceilingOf } from '../../test/reconcile-scene.ts';

const wanted = ['payments view ambit:ann'];
const create = { verb: 'create', resource: 'rolebindings' };
const given = { put: [binding({ key: 'BINDING/1' })] };
const quota = {
  status: 403,
  reason: 'Forbidden',
  message: 'exceeded quota: rb, requested: count/rolebindings=1, used: 0, limited: 0',
};

describe('a write that is refused', () => {
  test(
    'outside case 04: what a quota refused is given within seconds after it is raised, without a change of the grant',
    inHandTime({}, async ({ scene, cluster, within }) => {
      const refusal = cluster.faults.inject({ match: create, ...quota });
      expect((await scene.apply(given)).problems).toMatchObject([
        {
          reason: 'kubernetes_refused',
          message: expect.stringContaining('exceeded quota'),
          effect: 'PROBLEM_EFFECT_LACKS',
          subjects: ['ambit:ann'],
        },
      ]);
      await within(4_000, async () => expect(refusal.met).toBeGreaterThan(1));
      refusal.disarm();
      await within(10_000, async () => expect(await scene.access()).toEqual(wanted));
      await scene.eventually('no problem', () =>
        expect(scene.reconciler.status().report.problems).toEqual([]),
      );
    }),
  );

  test(
    'outside case 04: a right that the agent gets later is used at once, also when it waits long',
    inHandTime(
      { rightsOf: ceilingOf({ allowedClusterRoles: ['edit'] }), random: () => 0.99 },
      async ({ scene, cluster, within }) => {
        expect((await scene.apply(given)).problems).toMatchObject([
          { reason: 'kubernetes_refused', message: expect.stringContaining('not currently held') },
        ]);
        // By then it waits four seconds for the next attempt.
        await within(2_000, async () =>
          expect(
            cluster.log.writes.filter(
              ({ verb, user, resource }) =>
                verb === 'create' && user === 'ambit-agent' && resource === 'rolebindings',
            ).length,
          ).toBe(2),
        );
        await cluster.agentKubeconfig(agentRules(scene.ceiling));
        await within(1_500, async () => expect(await scene.access()).toEqual(wanted));
      },
    ),
  );

  test(
    'outside row B.2: a cause that changes lets it be tried at once, also when it waits long',
    inHandTime({ random: () => 0.99 }, async ({ scene, cluster, within }) => {
      const refusal = cluster.faults.inject({ match: create, ...quota });
      await scene.apply(given);
      // By then it waits eight seconds for the next attempt, and what it is refused by is watched.
      await within(6_000, async () => expect(refusal.met).toBe(3));
      refusal.disarm();
      await scene.admin.create(kubeResources.clusterRoleBindings, {
        metadata: { name: 'rights-of-somebody' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      } as KubeObject);
      await within(3_000, async () => expect(await scene.access()).toEqual(wanted));
    }),
  );

  test(
    'outside row B.2: a refused removal says what refused it, which binding stays and who keeps access, in status and trail, until it is gone',
    inHandTime({ random: () => 0.5 }, async ({ scene, cluster, within }) => {
      await scene.apply({
        put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })],
      });
      const { name } = (await scene.only()).metadata;
      const match = { verb: 'delete', resource: 'rolebindings' };
      const message = 'admission webhook "keep.example.com" denied the request: frozen';
      const refusal = cluster.faults.inject({ match, status: 403, reason: 'Forbidden', message });
      const report = await scene.apply({ remove: ['BINDING/1'] });
      const problem = {
        reason: 'kubernetes_refused',
        object: `RoleBinding/payments/${name}`,
        effect: 'PROBLEM_EFFECT_EXCESS',
        subjects: ['ambit:ann', 'ambit:bob'],
        message,
      };
      expect(report.problems).toMatchObject([problem]);
      await within(10_000, async () => expect(refusal.met).toBeGreaterThan(2));
      expect(scene.reconciler.status().report.problems).toMatchObject([problem]);
      expect(scene.eventsOf('object.removal_refused')).toMatchObject([
        {
          object: { kind: 'RoleBinding', name, namespace: 'payments' },
          subjects: ['ambit:ann', 'ambit:bob'],
          grants: ['grant'],
          message: expect.stringContaining('frozen'),
        },
      ]);
      refusal.disarm();
      await within(5_000, async () => expect(await scene.access()).toEqual([]));
      await scene.eventually('no problem', () =>
        expect(scene.reconciler.status().report.problems).toEqual([]),
      );
    }),
  );

  test.each([
    [400, 'admission webhook "keep.example.com" denied the request: frozen'],
    [409, 'admission webhook "keep.example.com" denied the request: frozen'],
    [422, "ValidatingAdmissionPolicy 'keep' with binding 'keep' denied request: frozen, immutable"],
  ])(
    'outside row B.7: a removal that admission denies with %i is refused, and nobody is said to be faster',
    (status, message) =>
      inSimulation({}, async ({ scene, cluster }) => {
        await scene.apply(given);
        const match = { verb: 'delete', resource: 'rolebindings' };
        cluster.faults.inject({ match, status, reason: '', message });
        expect((await scene.apply({ remove: ['BINDING/1'] })).problems).toMatchObject([
          { reason: 'kubernetes_refused', effect: 'PROBLEM_EFFECT_EXCESS', message },
        ]);
      })(),
  );

  test(
    'outside row B.7: who may not be taken out of a binding by an update that a policy denies loses it with the binding',
    inSimulation({}, async ({ scene, cluster }) => {
      await scene.apply({
        put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })],
      });
      const match = { verb: 'patch', resource: 'rolebindings' };
      const message = "ValidatingAdmissionPolicy 'a' with binding 'a' denied request: no updates";
      cluster.faults.inject({ match, status: 422, reason: 'Invalid', message });
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects: ['ambit:bob'] })] });
      await scene.sees(['payments view ambit:bob']);
    }),
  );

  test(
    'outside row B.2: a subject that may not be taken out is named, the others are not',
    inSimulation({}, async ({ scene, cluster }) => {
      await scene.apply({
        put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })],
      });
      for (const verb of ['patch', 'delete']) {
        const match = { verb, resource: 'rolebindings' };
        cluster.faults.inject({ match, status: 403, reason: 'Forbidden', message: 'frozen' });
      }
      const { problems } = await scene.apply({
        put: [binding({ key: 'BINDING/1', subjects: ['ambit:bob'] })],
      });
      expect(problems).toMatchObject([
        { key: 'BINDING/1', effect: 'PROBLEM_EFFECT_EXCESS', subjects: ['ambit:ann'] },
      ]);
    }),
  );
});
