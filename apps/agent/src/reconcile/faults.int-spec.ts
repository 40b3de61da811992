import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { agentWrites, inHandTime, inSimulation } from '../../test/in-simulation.ts';
import { binding, ceilingOf, podReader, role } from '../../test/reconcile-scene.ts';

const { roleBindings } = kubeResources;
const wanted = ['payments view ambit:ann'];
const create = { verb: 'create', resource: 'rolebindings' };
const given = { put: [binding({ key: 'BINDING/1' })] };
const quick = { random: () => 0 };
const impatient = { ...quick, timeoutMs: 300 };
const failures = [
  ['410', { status: 410, reason: 'Expired' }],
  ['429', { status: 429, reason: 'TooManyRequests' }],
  ['500', { status: 500, reason: 'InternalError' }],
  ['503', { status: 503, reason: 'ServiceUnavailable' }],
  ['no answer', { hang: true }],
  ['a connection cut before', { dropConnection: 'before' }],
  ['a connection cut after it was done', { dropConnection: 'after' }],
] as const;

describe('an API server that fails', () => {
  test.each(failures)('protocol edge 21: %s while giving and while taking away', (name, fault) =>
    inSimulation(name === 'no answer' ? impatient : quick, async ({ scene, cluster }) => {
      cluster.faults.inject({ match: create, times: 2, ...fault });
      expect(await scene.apply(given)).toMatchObject({ created: 1, problems: [] });
      expect(await scene.access()).toEqual(wanted);
      cluster.faults.inject({ match: { ...create, verb: 'patch' }, times: 2, ...fault });
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      expect((await scene.only()).subjects).toHaveLength(2);
      cluster.faults.inject({ match: { ...create, verb: 'delete' }, times: 2, ...fault });
      expect(await scene.apply({ remove: ['BINDING/1'] })).toMatchObject({ deleted: 1 });
      expect(await scene.access()).toEqual([]);
      // Whatever was tried how often: each of the three is told once.
      expect(scene.events.map(({ type }) => type)).toEqual([
        'binding.created',
        'binding.updated',
        'binding.deleted',
      ]);
    })(),
  );

  test(
    'what was refused for good is tried again as soon as its grant changes, not before',
    inSimulation({}, async ({ scene, cluster }) => {
      const refusal = cluster.faults.inject({ match: create, times: 1, status: 403 });
      expect((await scene.apply(given)).problems).toMatchObject([{ reason: 'kubernetes_refused' }]);
      scene.reconciler.mask([]);
      await scene.apply(given);
      expect({ met: refusal.met, access: await scene.access() }).toEqual({ met: 1, access: [] });
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects: ['ambit:bob'] })] });
      expect(await scene.access()).toEqual(['payments view ambit:bob']);
    }),
  );

  test(
    'case 61: a conflict five times in a row drops nothing',
    inSimulation({ random: () => 0 }, async ({ scene, cluster }) => {
      await scene.apply(given);
      const match = { ...create, verb: 'patch' };
      const conflict = { status: 409, reason: 'Conflict', message: 'the object has been modified' };
      cluster.faults.inject({ match, times: 5, ...conflict });
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      expect((await scene.only()).subjects).toHaveLength(2);
    }),
  );

  test(
    'a conflict that does not end is reported and is no hot loop',
    inHandTime({}, async ({ scene, cluster, pass, within }) => {
      await scene.apply(given);
      const match = { ...create, verb: 'patch' };
      const endless = cluster.faults.inject({ match, status: 409, reason: 'Conflict' });
      scene.push({ put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })] });
      await pass(1_000);
      expect(scene.reconciler.status().report.problems).toMatchObject([{ reason: 'retrying' }]);
      expect(endless.met).toBeLessThan(60);
      endless.disarm();
      await within(10_000, async () =>
        expect(await scene.access()).toEqual([
          'payments view ambit:ann',
          'payments view ambit:bob',
        ]),
      );
    }),
  );

  test(
    'Retry-After is heeded, but no removal waits longer than five seconds',
    inHandTime({ random: () => 0 }, async ({ scene, cluster, pass }) => {
      const match = { ...create, verb: 'delete' };
      const busy = { status: 429, reason: 'TooManyRequests' };
      for (const [retryAfter, waited] of [
        [1, 1_000],
        [60, 5_000],
      ] as const) {
        await scene.apply(given);
        const refusal = cluster.faults.inject({ match, times: 1, ...busy, retryAfter });
        scene.push({ remove: ['BINDING/1'] });
        await scene.eventually('the refusal', () => {
          expect(refusal.met).toBe(1);
          expect(scene.reconciler.status().report.problems).toHaveLength(1);
        });
        await pass(waited - 1);
        expect(await scene.access()).toEqual(wanted);
        await pass(1);
        await scene.sees([]);
      }
    }),
  );

  test(
    'case 54: what is gone already needs no deleting, and nobody tries again',
    inSimulation({}, async ({ scene, cluster }) => {
      await scene.apply(given);
      const { name, namespace = '' } = (await scene.only()).metadata;
      cluster.watches.silence(true);
      await scene.admin.delete(roleBindings, { name, namespace });
      cluster.log.clear();
      expect(await scene.apply({ remove: ['BINDING/1'] })).toMatchObject({ problems: [] });
      expect(agentWrites(cluster)).toEqual([`delete rolebindings payments/${name}`]);
    }),
  );

  test(
    'protocol edge 22: a watch that is too old is listed anew, and what happened meanwhile is put right',
    inSimulation({ random: () => 0 }, async ({ scene, cluster }) => {
      await scene.apply(given);
      const { name, namespace = '' } = (await scene.only()).metadata;
      cluster.watches.silence(true);
      await scene.admin.delete(roleBindings, { name, namespace });
      cluster.compact();
      cluster.watches.silence(false);
      cluster.watches.end();
      await scene.sees(wanted);
    }),
  );

  test(
    'an API server that is away for a while finds everything as it should be afterwards',
    inSimulation(quick, async ({ scene, cluster }) => {
      await scene.apply(given);
      await cluster.halt();
      const revision = scene.push({
        put: [binding({ key: 'BINDING/2', subjects: ['ambit:bob'], role: edit })],
        remove: ['BINDING/1'],
      });
      await scene.eventually('an attempt', () => {
        expect(scene.reconciler.status().report.problems).not.toEqual([]);
      });
      expect(scene.applied).toHaveLength(1);
      await cluster.resume();
      await scene.appliedOf(revision);
      expect(await scene.access()).toEqual(['payments edit ambit:bob']);
    }),
  );

  test(
    "case 36: what the agent may not give is reported grant by grant with the API server's words, and the rest is given",
    inSimulation(
      {
        ceiling: { allowedClusterRoles: ['view', 'edit'] },
        rightsOf: ceilingOf({ allowedClusterRoles: ['view'] }),
      },
      async ({ scene }) => {
        const report = await scene.apply({
          put: [binding({ key: 'BINDING/1' }), binding({ key: 'BINDING/2', role: edit })],
        });
        expect(report).toMatchObject({
          created: 1,
          problems: [
            {
              key: 'BINDING/2',
              reason: 'kubernetes_refused',
              message: expect.stringContaining('not currently held'),
            },
          ],
        });
        expect(await scene.access()).toEqual(wanted);
      },
    ),
  );
});

describe('finalizers', () => {
  test(
    'a finalizer that somebody put on a binding of ours does not keep its access alive',
    inSimulation({}, async ({ scene }) => {
      await scene.apply(given);
      const { name, namespace = '' } = (await scene.only()).metadata;
      const finalizers = ['example.com/keep'];
      await scene.admin.mergePatch(roleBindings, { name, namespace }, { metadata: { finalizers } });
      await scene.apply({ remove: ['BINDING/1'] });
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      expect(await scene.ours()).toEqual([]);
      expect(scene.eventsOf('object.finalizer_removed')).toMatchObject([
        { details: { finalizers: 'example.com/keep' } },
      ]);
    }),
  );

  test(
    'case 50: nothing of ours carries a finalizer or an owner, and what we take off is only on what goes',
    inSimulation({ ceiling: { customRoles: { rules: [podReader] } } }, async ({ scene }) => {
      const put = [
        role('r1', [podReader]),
        binding({ key: 'BINDING/1', role: { type: 'ours', roleUid: 'r1' } }),
      ];
      await scene.apply({ put });
      const objects = [...(await scene.ours()), ...(await scene.ours(kubeResources.clusterRoles))];
      expect(objects).toHaveLength(2);
      for (const { metadata } of objects) {
        expect(metadata).not.toHaveProperty('finalizers');
        expect(metadata).not.toHaveProperty('ownerReferences');
      }
      const { name, namespace = '' } = (await scene.only()).metadata;
      const finalizers = ['example.com/keep'];
      await scene.admin.mergePatch(roleBindings, { name, namespace }, { metadata: { finalizers } });
      await scene.apply({ put });
      expect((await scene.only()).metadata).toMatchObject({ finalizers });
    }),
  );
});

const edit = { type: 'existing', clusterRole: 'edit' } as const;
