import { describe, expect, test } from '@jest/globals';
import { ambitAnnotations } from '@ambit/rbac';
import type { BindingIntent } from '@ambit/rbac';
import { inHandTime } from '../../test/in-simulation.ts';
import type { TimedSimulation } from '../../test/in-simulation.ts';
import { binding, changeOf } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const { notAfter } = ambitAnnotations;
const minute = 60_000;
const lasting = binding({ key: 'BINDING/1' });

/** What the disk of the replica that takes over holds, of which it knows that another may have acted since. */
type Disk = (grant: BindingIntent, end: number) => readonly BindingIntent[] | undefined;

const disks: Readonly<Record<string, Disk>> = {
  'no state, as after damage, or one that is older than the marks': () => undefined,
  'a state that lacks the grant': () => [],
  'a state that lacks the grant, and gives the same by another that stands': () => [lasting],
  'a state in which the grant ended later': (grant, end) => [
    lasting,
    { ...grant, notAfter: end + minute },
  ],
  'a state in which the grant ended later, and nothing else': (grant, end) => [
    { ...grant, notAfter: end + minute },
  ],
  'the very state': (grant) => [lasting, grant],
};

/** What is wrong beside; given the replica, once it began. */
type Trouble = (simulation: TimedSimulation) => (next: ReconcileScene) => void;

const none = 'nothing else is wrong';
const troubles: Readonly<Record<string, Trouble>> = {
  [none]: () => () => undefined,
  'one list never completes': ({ cluster }) => {
    const match = { verb: 'list', resource: 'clusterroles' };
    cluster.faults.inject({ match, status: 503, reason: 'ServiceUnavailable' });
    return () => undefined;
  },
  'its clock is an hour behind that of the API server': ({ time }) => {
    const now = time.now();
    time.set(now - 60 * minute);
    return ({ interval, reconciler }) => {
      interval.heardKubernetes(now);
      reconciler.clockChanged();
    };
  },
};

const rows = Object.keys(disks).flatMap((disk) =>
  Object.keys(troubles).map((trouble) => [disk, trouble] as const),
);

/** The objects that have an end. */
async function ending(scene: ReconcileScene): Promise<number> {
  const ends = (await scene.ours()).map(({ metadata }) => metadata.annotations?.[notAfter]);
  return ends.filter((end) => end !== undefined).length;
}

describe('a replica that acts while central is away and its disk is not trusted', () => {
  test.each(rows)(
    'ends at its time what stands in the cluster: on its disk %s; %s',
    (disk, trouble) =>
      inHandTime({}, async (simulation) => {
        const { scene, open, time, pass } = simulation;
        const end = time.now() + 10 * minute;
        const grant = binding({ key: 'BINDING/2', grantUid: 'g2', notAfter: end });
        await scene.apply({ put: [lasting, grant] });
        await scene.halt();
        const put = disks[disk]?.(grant, end);
        const begun = troubles[trouble]?.(simulation);
        const next = await open({
          before: (reconciler) => {
            if (put) reconciler.acceptRemovals(changeOf(1, { put, full: true }));
          },
        });
        begun?.(next);
        await pass(10 * minute - 1);
        // What a state that may be used does not know of goes at once, where nobody keeps the same without it.
        const unknown = put?.length === 0 && next.reconciler.missingLists.length === 0;
        expect(await ending(next)).toBe(unknown ? 0 : 1);
        await pass(1);
        await next.eventually('the end', async () => expect(await ending(next)).toBe(0));
        expect(next.eventsOf('binding.created')).toEqual([]);
      })(),
  );

  test(
    'gives back what it ended before its time when central is heard',
    inHandTime({}, async ({ scene, open, time, pass }) => {
      const end = time.now() + 10 * minute;
      const grant = binding({ key: 'BINDING/2', grantUid: 'g2', notAfter: end });
      await scene.apply({ put: [grant] });
      await scene.halt();
      const moved = { ...grant, notAfter: end + minute };
      const next = await open({
        before: (reconciler) =>
          reconciler.acceptRemovals(changeOf(1, { put: [moved], full: true })),
      });
      await pass(10 * minute);
      await next.sees([]);
      await next.apply({ put: [moved], full: true });
      expect(await next.access()).toEqual(['payments view ambit:ann']);
      await pass(minute);
      await next.sees([]);
    }),
  );
});
