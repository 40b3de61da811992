import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { agentWrites, inHandTime, inSimulation } from '../../test/in-simulation.ts';
import { binding, changeOf, deny, podReader, role } from '../../test/reconcile-scene.ts';

const { clusterRoles } = kubeResources;
const many = Array.from({ length: 30 }, (_, index) => `n${index}`);
const namespaces = ['payments', ...many];
const everywhere = { type: 'namespaces', names: many } as const;
const ours = { type: 'ours', roleUid: 'r1' } as const;

describe('what ends, ends first', () => {
  test(
    'a grant is given and taken away, each told once',
    inSimulation({}, async ({ scene }) => {
      const given = await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      expect(given).toMatchObject({ created: 1, updated: 0, deleted: 0, problems: [] });
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      const taken = await scene.apply({ remove: ['BINDING/1'] });
      expect(taken).toMatchObject({ created: 0, updated: 0, deleted: 1, problems: [] });
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      expect(scene.events).toMatchObject([
        { type: 'binding.created', subjects: ['ambit:ann'], grants: ['grant'], revision: 1 },
        { type: 'binding.deleted', subjects: ['ambit:ann'], grants: ['grant'], revision: 2 },
      ]);
    }),
  );

  test(
    'a wall of creates that hang keeps no removal waiting',
    inSimulation({ namespaces, timeoutMs: 120_000 }, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      const match = { verb: 'create', resource: 'rolebindings' };
      const wall = cluster.faults.inject({ match, hang: true });
      scene.push({ put: [binding({ key: 'BINDING/2', scope: everywhere })] });
      await scene.eventually('creates in flight', () => {
        expect(wall.met).toBeGreaterThanOrEqual(16);
      });
      scene.push({ remove: ['BINDING/1'] });
      await scene.eventually('the removal', async () =>
        expect(await scene.can('ambit:ann', 'payments')).toBe(false),
      );
      cluster.cutConnections();
    }),
  );

  test(
    'case b9: deleting that is refused is never given up, is reported, and goes through within seconds',
    inHandTime({ random: () => 0 }, async ({ scene, cluster, within }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      const match = { verb: 'delete', resource: 'rolebindings' };
      const refusal = cluster.faults.inject({ match, status: 403, reason: 'Forbidden' });
      const report = await scene.apply({ remove: ['BINDING/1'] });
      expect(report).toMatchObject({ deleted: 0, problems: [{ reason: 'kubernetes_refused' }] });
      await within(12_000, async () => expect(refusal.met).toBeGreaterThan(2));
      refusal.disarm();
      await within(5_000, async () => expect(await scene.access()).toEqual([]));
      // The object is gone a moment before the answer of its deletion is here.
      await scene.eventually('no problem is left', () =>
        expect(scene.reconciler.status().report.problems).toEqual([]),
      );
    }),
  );

  test(
    'case 1: a removal during a write of the same binding holds, also after three looks at everything',
    inSimulation({}, async ({ scene, cluster }) => {
      const match = { verb: 'create', resource: 'rolebindings' };
      cluster.faults.inject({ match, times: 1, delayMs: 300 });
      scene.push({ put: [binding({ key: 'BINDING/1' })] });
      await scene.apply({ remove: ['BINDING/1'] });
      for (let round = 0; round < 3; round++) {
        cluster.log.clear();
        scene.reconciler.resync();
        await scene.eventually('every kind listed anew', () => {
          expect(cluster.log.requests.filter(({ verb }) => verb === 'list').length).toBe(5);
        });
        await scene.apply({});
        expect(await scene.access()).toEqual([]);
        expect(agentWrites(cluster)).toEqual([]);
      }
    }),
  );

  test(
    'case 10: what is removed right after it was given does not stay',
    inSimulation({}, async ({ scene, cluster }) => {
      for (let round = 0; round < 10; round++) {
        cluster.log.clear();
        scene.push({ put: [binding({ key: 'BINDING/1' })] });
        if (round % 2 === 0) {
          await scene.eventually('the write under way', () =>
            expect(agentWrites(cluster)).toHaveLength(1),
          );
        }
        await scene.apply({ remove: ['BINDING/1'] });
        expect(await scene.access()).toEqual([]);
      }
    }),
  );

  test(
    'case 22: when the last subject leaves, the binding goes',
    inSimulation({}, async ({ scene }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects: [] })] });
      expect(await scene.ours()).toEqual([]);
    }),
  );

  test(
    'a denied user loses everything at once, and nobody else anything',
    inSimulation({}, async ({ scene }) => {
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      await scene.apply({ put: [deny('u1', 'ambit:ann')] });
      expect(await scene.access()).toEqual(['payments view ambit:bob']);
    }),
  );
});

describe('roles', () => {
  const options = { ceiling: { customRoles: { rules: [podReader] } } };

  test(
    'case 3: a role that goes takes its bindings along, and its name made anew gives nobody anything',
    inSimulation(options, async ({ scene }) => {
      await scene.apply({
        put: [role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })],
      });
      const { name } = (await scene.only()).roleRef;
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      await scene.apply({ remove: ['ROLE/r1', 'BINDING/1'] });
      await scene.admin.create(clusterRoles, { metadata: { name }, rules: [podReader] } as never);
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      expect(await scene.ours()).toEqual([]);
      expect(await scene.ours(clusterRoles)).toEqual([]);
    }),
  );

  test(
    'case b1: a role and its binding go in either order',
    inSimulation(options, async ({ scene }) => {
      const put = [role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })];
      for (const order of [
        ['ROLE/r1', 'BINDING/1'],
        ['BINDING/1', 'ROLE/r1'],
      ]) {
        await scene.apply({ put });
        for (const key of order) await scene.apply({ remove: [key] });
        expect([...(await scene.ours()), ...(await scene.ours(clusterRoles))]).toEqual([]);
        expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      }
    }),
  );

  test(
    'case 2: a role that loses rules loses them in place',
    inSimulation(options, async ({ scene }) => {
      const put = [role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })];
      await scene.apply({ put });
      await scene.apply({ put: [role('r1', [{ ...podReader, verbs: ['get'] }])] });
      expect(await scene.can('ambit:ann', 'payments', 'list')).toBe(false);
      expect(await scene.can('ambit:ann', 'payments', 'get')).toBe(true);
      await scene.apply({ put: [role('r1', [])] });
      expect(await scene.can('ambit:ann', 'payments', 'get')).toBe(false);
    }),
  );
});

describe('revocations before a state', () => {
  test(
    'protocol edge 5: a revocation overtakes the state in flight, and that does not bring the access back',
    inSimulation({}, async ({ scene }) => {
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      scene.reconciler.mask([{ key: 'BINDING/1', subject: 'ambit:ann' }]);
      await scene.sees(['payments view ambit:bob']);
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })], full: true });
      expect(await scene.access()).toEqual(['payments view ambit:bob']);
      scene.reconciler.mask([]);
      await scene.sees(['payments view ambit:ann', 'payments view ambit:bob']);
    }),
  );

  test(
    'a state that the disk does not hold takes away and gives nothing, until one is held again',
    inSimulation({ namespaces: ['payments', 'web'] }, async ({ scene, cluster }) => {
      const subjects = ['ambit:ann', 'ambit:bob'];
      await scene.apply({
        put: [binding({ key: 'BINDING/1', subjects }), binding({ key: 'BINDING/2', subjects })],
      });
      cluster.log.clear();
      const put = [
        binding({ key: 'BINDING/1', subjects: ['ambit:bob', 'ambit:cat'] }),
        binding({ key: 'BINDING/2', subjects: ['ambit:bob'] }),
        binding({ key: 'BINDING/3', scope: { type: 'namespaces', names: ['web'] } }),
      ];
      scene.reconciler.acceptRemovals(changeOf(2, { put }));
      await scene.sees(['payments view ambit:bob']);
      expect(agentWrites(cluster)).toHaveLength(1);
      scene.revision = 2;
      await scene.apply({ put, full: true });
      expect(await scene.access()).toEqual([
        'payments view ambit:bob',
        'payments view ambit:cat',
        'web view ambit:ann',
      ]);
    }),
  );

  test(
    'a state of which the disk lost a part may only take away what stands beyond it',
    inSimulation({}, async ({ scene, open }) => {
      const standing = [binding({ key: 'BINDING/1' }), binding({ key: 'BINDING/2', role: edit })];
      await scene.apply({ put: standing });
      await scene.halt();
      const next = await open({ folder: scene.folder });
      next.reconciler.acceptRemovals(
        changeOf(1, { put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:x'] })] }),
      );
      await next.sees(['payments view ambit:ann']);
    }),
  );
});

const edit = { type: 'existing', clusterRole: 'edit' } as const;
