import { describe, expect, test } from '@jest/globals';
import { inSimulation } from '../../test/in-simulation.ts';
import { binding, deny } from '../../test/reconcile-scene.ts';

const people = Array.from({ length: 40 }, (_, index) => `ambit:u${index}`).toSorted();
const before = [binding({ key: 'BINDING/1', subjects: people })];
const removalGuard = { share: 0.3, moreThan: 20 };

describe('removals that no commit explains', () => {
  test(
    'protocol edge 20: all removed is held and reported, a denial in the same state is not',
    inSimulation({ ceiling: { removalGuard } }, async ({ scene }) => {
      await scene.apply({ put: before });
      const put = [deny('u0', 'ambit:u0')];
      const report = await scene.apply({ put, full: true, before });
      expect(report).toMatchObject({ heldRemovals: 1, problems: [{ reason: 'held' }] });
      expect(await scene.access()).toHaveLength(39);
      expect(await scene.can('ambit:u0', 'payments')).toBe(false);
      expect(scene.eventsOf('cluster.removals_held')).toHaveLength(1);
    }),
  );

  test(
    'held removals go through when the owner lets them, and stay held over a restart until then',
    inSimulation({ ceiling: { removalGuard } }, async ({ scene, open }) => {
      await scene.apply({ put: before });
      await scene.apply({ put: [], full: true, before });
      await scene.halt();
      const next = await open({ folder: scene.folder });
      await next.apply({ put: [], full: true, before });
      expect(await next.access()).toHaveLength(40);
      next.reconciler.releaseRemovals();
      await next.sees([]);
      expect(next.reconciler.status()).toMatchObject({ heldRemovals: 0 });
      expect(next.eventsOf('agent.removals_released')).toHaveLength(1);
    }),
  );

  test(
    'what a second such state takes away is held beside the first',
    inSimulation({ ceiling: { removalGuard } }, async ({ scene }) => {
      const second = [binding({ key: 'BINDING/2', subjects: people, role: edit })];
      await scene.apply({ put: [...before, ...second] });
      await scene.apply({ put: second, full: true, before: [...before, ...second] });
      await scene.apply({ put: [], full: true, before: second });
      expect(await scene.access()).toHaveLength(80);
      scene.reconciler.releaseRemovals();
      await scene.sees([]);
    }),
  );

  test(
    'few removals, and those that commits explain, are never held',
    inSimulation({ ceiling: { removalGuard } }, async ({ scene }) => {
      await scene.apply({ put: before });
      const fewer = [binding({ key: 'BINDING/1', subjects: people.slice(12) })];
      await scene.apply({ put: fewer, full: true, before });
      expect(await scene.access()).toHaveLength(28);
      await scene.apply({ put: [], full: true });
      expect(await scene.access()).toEqual([]);
    }),
  );
});

const edit = { type: 'existing', clusterRole: 'edit' } as const;
