import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { ambitAnnotations } from '@ambit/rbac';
import type { BindingIntent } from '@ambit/rbac';
import { agentWrites, inSimulation } from '../../test/in-simulation.ts';
import type { Simulation } from '../../test/in-simulation.ts';
import { MovedClock, binding, changeOf } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const hour = 3_600_000;
const selected = {
  type: 'selector',
  selector: {
    requirements: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['payments'] }],
  },
} as const;
const ending = (change: Partial<BindingIntent> = {}): BindingIntent =>
  binding({ key: 'BINDING/1', grantUid: 'g1', notAfter: Date.now() + hour, ...change });

/** Gives, stops, and starts another one two hours later, for whom no list ever completes. */
async function restarted(
  { scene, open, cluster }: Simulation,
  intents: readonly BindingIntent[],
): Promise<ReconcileScene> {
  await scene.apply({ put: [...intents] });
  await scene.halt();
  cluster.log.clear();
  cluster.faults.inject({ match: { verb: 'list' }, status: 503, reason: 'ServiceUnavailable' });
  const clock = new MovedClock();
  clock.byMs = 2 * hour;
  return open({ folder: scene.folder, clock });
}

/** Lists are of no use here: an admin looks at each by its name. */
async function stands(scene: ReconcileScene, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map((name) =>
      scene.admin.get(kubeResources.roleBindings, { name, namespace: 'payments' }).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  return found.filter((name) => name !== undefined);
}

async function namesOf(scene: ReconcileScene): Promise<string[]> {
  return (await scene.ours()).map(({ metadata }) => metadata.name);
}

describe('ends that came while no agent ran', () => {
  test(
    'outside row B.5: are enforced by the inventory, by name and uid, before any list is complete; what has no end stays',
    inSimulation({}, async (simulation) => {
      const { scene, cluster } = simulation;
      const lasting = binding({ key: 'BINDING/2', subjects: ['ambit:bob'] });
      await scene.apply({ put: [ending(), lasting] });
      const names = await namesOf(scene);
      expect(names).toHaveLength(2);
      const next = await restarted(simulation, [ending(), lasting]);
      await next.eventually('the end', async () =>
        expect(await stands(next, names)).toHaveLength(1),
      );
      expect(next.reconciler.missingLists).not.toEqual([]);
      expect(agentWrites(cluster)).toHaveLength(1);
      expect(next.eventsOf('grant.enforced_end')).toMatchObject([
        { subjects: ['ambit:ann'], object: { namespace: 'payments' } },
      ]);
    }),
  );

  test(
    'outside row B.5: an end that somebody moved on the object meanwhile is enforced as it was written',
    inSimulation({}, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ending()] });
      const names = await namesOf(scene);
      const [name = ''] = names;
      const { admin, folder } = scene;
      await scene.reconciler.stop();
      const annotations = { [ambitAnnotations.notAfter]: '2099-01-01T00:00:00.000Z' };
      const place = { name, namespace: 'payments' };
      await admin.mergePatch(kubeResources.roleBindings, place, { metadata: { annotations } });
      simulation.cluster.faults.inject({
        match: { verb: 'list' },
        status: 503,
        reason: 'ServiceUnavailable',
      });
      const clock = new MovedClock();
      clock.byMs = 2 * hour;
      const next = await simulation.open({ folder, clock });
      await next.eventually('the end', async () => expect(await stands(next, names)).toEqual([]));
    }),
  );

  test.each([
    ['named namespaces', {}],
    ['a selector', { scope: selected }],
  ] as const)(
    'outside row B.5: of %s, one that the state on the disk moved since stays, whatever object and inventory say',
    (_, change) =>
      inSimulation({}, async (simulation) => {
        const { scene, cluster, open } = simulation;
        const gone = ending({ key: 'BINDING/2', grantUid: 'g2', subjects: ['ambit:bob'] });
        await scene.apply({ put: [ending(change), gone] });
        const names = await namesOf(scene);
        expect(names).toHaveLength(2);
        await scene.halt();
        const clock = new MovedClock();
        clock.byMs = 2 * hour;
        cluster.faults.inject({ match: { verb: 'list' }, delayMs: 1_000 });
        // The state is loaded first, as at the start of the program.
        const moved = ending({ ...change, notAfter: Date.now() + 9 * hour });
        const put = [moved, { ...gone, notAfter: Date.now() + hour }];
        const next = await open({
          folder: scene.folder,
          clock,
          before: (reconciler) => reconciler.accept(changeOf(1, { put, full: true })),
        });
        await next.eventually('the end of the other', async () =>
          expect(await stands(next, names)).toHaveLength(1),
        );
        await next.sees(['payments view ambit:ann']);
        expect(next.eventsOf('binding.created')).toEqual([]);
        expect(next.eventsOf('grant.enforced_end')).toMatchObject([{ subjects: ['ambit:bob'] }]);
      })(),
  );
});
