import { describe, expect, test } from '@jest/globals';
import { agentWrites, inHandTime, inSimulation } from '../../test/in-simulation.ts';
import { binding, podReader, role } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const edit = { type: 'existing', clusterRole: 'edit' } as const;
const people = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `ambit:u${index}`).toSorted();

/** Asks without a pause whether these users may read pods, until `during` is over; the refusals. */
async function refusalsDuring(
  scene: ReconcileScene,
  users: readonly string[],
  during: () => Promise<unknown>,
): Promise<{ asked: number; refused: number }> {
  let over = false;
  let asked = 0;
  let refused = 0;
  const poll = async (user: string): Promise<void> => {
    while (!over) {
      asked += 1;
      if (!(await scene.can(user, 'payments'))) refused += 1;
    }
  };
  const polls = users.map(poll);
  await during();
  over = true;
  await Promise.all(polls);
  return { asked, refused };
}

describe('whoever keeps access is never without it', () => {
  test(
    'case 18: adding a subject never refuses the others',
    inSimulation({}, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      cluster.faults.inject({ match: { verb: 'patch' }, delayMs: 20 });
      cluster.log.clear();
      const { asked, refused } = await refusalsDuring(scene, ['ambit:ann'], async () => {
        for (let count = 1; count <= 10; count++) {
          const subjects = ['ambit:ann', ...people(count)];
          await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
        }
      });
      expect({ refused, enough: asked > 20 }).toEqual({ refused: 0, enough: true });
      expect(new Set(agentWrites(cluster).map((write) => write.split(' ')[0]))).toEqual(
        new Set(['patch']),
      );
    }),
  );

  test(
    'case 23: a grant with another role is a new binding first, and then the old one goes',
    inSimulation({}, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      // The new binding is slow: the old one has to wait for it.
      const match = { verb: 'create', resource: 'rolebindings' };
      cluster.faults.inject({ match, times: 1, delayMs: 300 });
      cluster.log.clear();
      const { refused } = await refusalsDuring(scene, ['ambit:ann'], () =>
        scene.apply({ put: [binding({ key: 'BINDING/2', role: edit })], remove: ['BINDING/1'] }),
      );
      expect(refused).toBe(0);
      expect(await scene.access()).toEqual(['payments edit ambit:ann']);
      expect(agentWrites(cluster).map((write) => write.split(' ')[0])).toEqual([
        'create',
        'delete',
      ]);
    }),
  );

  test(
    'case 23: one of several subjects who moves to another role keeps the old one until then; who is revoked does not',
    inSimulation({}, async ({ scene, cluster }) => {
      const subjects = ['ambit:ann', 'ambit:bob', 'ambit:cat'];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects })] });
      const match = { verb: 'create', resource: 'rolebindings' };
      const seen = Promise.withResolvers<void>();
      cluster.faults.inject({ match, times: 1, until: seen.promise });
      const { refused } = await refusalsDuring(scene, ['ambit:ann', 'ambit:cat'], async () => {
        const revision = scene.push({
          put: [
            binding({ key: 'BINDING/1', subjects: ['ambit:cat'] }),
            binding({ key: 'BINDING/2', role: edit, subjects: ['ambit:ann'] }),
          ],
        });
        await scene.sees(['payments view ambit:ann', 'payments view ambit:cat']);
        seen.resolve();
        await scene.appliedOf(revision);
      });
      expect(refused).toBe(0);
      expect(await scene.access()).toEqual(['payments edit ambit:ann', 'payments view ambit:cat']);
    }),
  );

  test(
    'protocol edge 12: a role under a new name is bound before the old one is gone',
    inSimulation({ ceiling: { customRoles: { rules: [podReader] } } }, async ({ scene }) => {
      const ours = { type: 'ours', roleUid: 'r1' } as const;
      const put = [role('r1', [podReader], 'before'), binding({ key: 'BINDING/1', role: ours })];
      await scene.apply({ put });
      const { refused } = await refusalsDuring(scene, ['ambit:ann'], () =>
        scene.apply({ put: [role('r1', [podReader], 'after')] }),
      );
      expect(refused).toBe(0);
      expect((await scene.only()).roleRef.name).toContain('after');
    }),
  );

  test(
    'protocol edge 19: many subjects are split and joined without anybody losing access',
    inSimulation({}, async ({ scene }) => {
      const all = people(400);
      const some = [all[0] ?? '', all[200] ?? ''];
      await scene.apply({ put: [binding({ key: 'BINDING/1', subjects: all.slice(0, 250) })] });
      const { refused } = await refusalsDuring(scene, some.slice(0, 1), async () => {
        await scene.apply({ put: [binding({ key: 'BINDING/2', subjects: all.slice(200) })] });
        expect((await scene.ours()).length).toBeGreaterThan(1);
        await scene.apply({ remove: ['BINDING/2'] });
      });
      expect(refused).toBe(0);
      expect((await scene.only()).subjects).toHaveLength(250);
    }),
  );

  test(
    'a replacement that fails keeps no removal waiting for more than its attempt',
    inHandTime({}, async ({ scene, cluster }) => {
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      const match = { verb: 'create', resource: 'rolebindings' };
      cluster.faults.inject({ match, status: 500, reason: 'InternalError' });
      scene.push({ put: [binding({ key: 'BINDING/2', role: edit })], remove: ['BINDING/1'] });
      await scene.sees([]);
    }),
  );
});
