import { describe, expect, test } from '@jest/globals';
import { inSimulation } from '../../test/in-simulation.ts';
import { binding, podReader, role } from '../../test/reconcile-scene.ts';

const ours = { type: 'ours', roleUid: 'r' } as const;

describe('gains of a raised epoch', () => {
  test(
    'wait until the owner of the cluster lets them through, each person for itself',
    inSimulation({}, async ({ scene }) => {
      const before = [binding({ key: 'BINDING/1', subjects: ['ambit:ann'] })];
      await scene.apply({ put: before });
      const put = [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })];
      const report = await scene.apply({ put, full: true, before, raised: true });
      expect(report).toMatchObject({
        heldGains: 1,
        problems: [{ key: 'BINDING/1', reason: 'held' }],
      });
      expect(report.problems[0]?.message).toContain('gain of a raised epoch');
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
      expect(scene.eventsOf('cluster.gains_held')).toHaveLength(1);
      scene.reconciler.mask([{ key: 'BINDING/1', subject: 'ambit:ann' }]);
      await scene.sees([]);
      scene.reconciler.mask([]);
      scene.reconciler.releaseGains();
      await scene.sees(['payments view ambit:ann', 'payments view ambit:bob']);
      expect(scene.reconciler.status()).toMatchObject({ heldGains: 0 });
      expect(scene.eventsOf('agent.gains_released')).toHaveLength(1);
    }),
  );

  test(
    'are also more rules in a role of ours',
    inSimulation(
      { ceiling: { customRoles: { rules: [{ ...podReader, verbs: ['get', 'list', 'delete'] }] } } },
      async ({ scene }) => {
        const holder = binding({ key: 'BINDING/1', role: ours });
        const before = [role('r', [podReader]), holder];
        await scene.apply({ put: before });
        expect(await scene.can('ambit:ann', 'payments', 'list')).toBe(true);
        const put = [role('r', [{ ...podReader, verbs: ['get', 'list', 'delete'] }]), holder];
        const report = await scene.apply({ put, full: true, before, raised: true });
        expect(report.heldGains).toBe(1);
        expect(await scene.can('ambit:ann', 'payments', 'delete')).toBe(false);
        expect(await scene.can('ambit:ann', 'payments', 'list')).toBe(true);
        scene.reconciler.releaseGains();
        await scene.eventually('the role as it is', async () =>
          expect(await scene.can('ambit:ann', 'payments', 'delete')).toBe(true),
        );
      },
    ),
  );

  test(
    'of two raises, one after the other, wait both: the second one lets nothing of the first one through',
    inSimulation(
      { ceiling: { customRoles: { rules: [{ ...podReader, verbs: ['get', 'list', 'delete'] }] } } },
      async ({ scene }) => {
        const holder = binding({ key: 'BINDING/1', role: ours });
        const inFuture = (hours: number) => Date.now() + hours * 3_600_000;
        const forBob = (hours: number) =>
          binding({
            key: 'BINDING/2',
            subjects: ['ambit:bob'],
            grantUid: 'g',
            notAfter: inFuture(hours),
          });
        const may = (...verbs: string[]) =>
          role('r', [
            { ...podReader, verbs: ['get'] },
            { ...podReader, verbs },
          ]);
        const first = [role('r', [{ ...podReader, verbs: ['get'] }]), holder];
        await scene.apply({ put: first });
        const second = [may('list'), holder, forBob(1)];
        await scene.apply({ put: second, full: true, before: first, raised: true });
        const third = [may('list', 'delete'), holder, forBob(2)];
        await scene.apply({ put: third, full: true, before: second, raised: true });
        expect(await scene.can('ambit:ann', 'payments', 'get')).toBe(true);
        expect(await scene.can('ambit:ann', 'payments', 'list')).toBe(false);
        expect(await scene.can('ambit:ann', 'payments', 'delete')).toBe(false);
        expect((await scene.access()).filter((line) => line.includes('bob'))).toEqual([]);
      },
    ),
  );

  test(
    'are unknown when what was held is lost: nothing is given and nothing taken until they are released',
    inSimulation({}, async ({ scene, open }) => {
      const put = [binding({ key: 'BINDING/1', subjects: ['ambit:ann'] })];
      await scene.apply({ put });
      await scene.halt();
      const next = await open({ folder: scene.folder });
      next.reconciler.holdGains();
      next.push({ put: [binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })] });
      await next.eventually('it reconciles', () =>
        expect(next.reconciler.status()).toMatchObject({ ready: true, heldGains: 1 }),
      );
      next.push({ put: [binding({ key: 'BINDING/1', subjects: ['ambit:bob'] })] });
      await next.sees([]);
      next.reconciler.releaseGains();
      await next.sees(['payments view ambit:bob']);
    }),
  );
});
