import { describe, expect, test } from '@jest/globals';
import type { LostWrite } from '../audit/read-announcements.ts';
import { inSimulation } from '../../test/in-simulation.ts';
import type { Simulation } from '../../test/in-simulation.ts';
import { MemoryAnnouncer } from '../../test/memory-announcer.ts';
import { binding } from '../../test/reconcile-scene.ts';
import type { ReconcileScene } from '../../test/reconcile-scene.ts';

const ann = binding({ key: 'BINDING/a' });

/** The announcement of the last write of a scene, as the next process finds it when nothing was told of it. */
function leftBy(announcer: MemoryAnnouncer): LostWrite[] {
  const last = [...announcer.announced].at(-1);
  if (last === undefined) throw new Error('nothing was announced');
  const [id, write] = last;
  return [{ ...write, id: `${id}-lost`, announcedAt: 1_000 }];
}

/** Another process takes over the state of one that was killed: with or without a state of its own. */
async function takeOver(
  { open }: Simulation,
  scene: ReconcileScene,
  announcer: MemoryAnnouncer,
  put: readonly ReturnType<typeof binding>[],
): Promise<ReconcileScene> {
  await scene.halt();
  const next = await open({ folder: scene.folder, announcer });
  await next.ready();
  await next.apply({ put, full: true });
  return next;
}

const told = (scene: ReconcileScene): string[] =>
  scene.events.map(({ type, id = '', details }) =>
    [type, id, ...(details?.['recovered'] === true ? ['recovered'] : [])].join(' '),
  );

describe('a write that was announced before the agent was killed', () => {
  const announcer = new MemoryAnnouncer();
  test(
    'and happened is told once by the next one, with what the API server gave it',
    inSimulation({ announcer }, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ann] });
      const lost = new MemoryAnnouncer(leftBy(announcer));
      const next = await takeOver(simulation, scene, lost, [ann]);
      expect(told(next)).toEqual([`binding.created ${lost.lost[0]?.id} recovered`]);
      const { metadata } = await next.only();
      expect(next.events[0]).toMatchObject({
        object: { name: metadata.name, uid: metadata.uid },
        subjects: ['ambit:ann'],
      });
      expect(lost.withdrawn).toEqual([]);
    }),
  );

  const removing = new MemoryAnnouncer();
  test(
    'to delete, and is gone, is told too, though nothing of it is wanted or stands any more',
    inSimulation({ announcer: removing }, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ann] });
      await scene.apply({ remove: [ann.key] });
      const lost = new MemoryAnnouncer(leftBy(removing));
      const next = await takeOver(simulation, scene, lost, []);
      expect(told(next)).toEqual([`binding.deleted ${lost.lost[0]?.id} recovered`]);
    }),
  );

  const both = new MemoryAnnouncer();
  test(
    'to create and then to delete are both told, when neither was',
    inSimulation({ announcer: both }, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ann] });
      const created = leftBy(both);
      await scene.apply({ remove: [ann.key] });
      const lost = new MemoryAnnouncer([...created, ...leftBy(both)]);
      const next = await takeOver(simulation, scene, lost, []);
      const [first, second] = lost.lost;
      expect(told(next)).toEqual([
        `binding.created ${first?.id} recovered`,
        `binding.deleted ${second?.id} recovered`,
      ]);
      expect(next.events[0]?.object?.uid).toBe(second?.uid);
      expect(lost.withdrawn).toEqual([]);
    }),
  );

  const tooEarly = new MemoryAnnouncer();
  test(
    'and did not leave any more is told when it is made good, and only then, under the id it had',
    inSimulation({ announcer: tooEarly }, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ann] });
      const found = leftBy(tooEarly);
      await scene.apply({ remove: [ann.key] });
      const lost = new MemoryAnnouncer(found);
      const next = await takeOver(simulation, scene, lost, [ann]);
      expect(told(next)).toEqual([`binding.created ${found[0]?.id}`]);
      expect(lost.withdrawn).toEqual([]);
    }),
  );

  const unknown = new MemoryAnnouncer();
  test(
    'and of which nothing shows what became of it, is told as just that',
    inSimulation({ announcer: unknown }, async (simulation) => {
      const { scene } = simulation;
      await scene.apply({ put: [ann] });
      const found = leftBy(unknown);
      await scene.apply({ remove: [ann.key] });
      const next = await takeOver(simulation, scene, new MemoryAnnouncer(found), []);
      expect(told(next)).toEqual([`object.write_unconfirmed ${found[0]?.id} recovered`]);
      expect(next.events[0]?.message).toContain('was created');
    }),
  );
});

describe('before a write leaves', () => {
  const announcer = new MemoryAnnouncer();
  test(
    'it is announced, and its event carries the id of the announcement',
    inSimulation({ announcer }, async ({ scene, cluster }) => {
      const seen: number[] = [];
      const announce = announcer.announce.bind(announcer);
      announcer.announce = async (write) => {
        seen.push(cluster.log.writes.filter(({ user }) => user === 'ambit-agent').length);
        return announce(write);
      };
      await scene.apply({ put: [ann] });
      await scene.apply({ remove: [ann.key] });
      expect(seen).toEqual([0, 1]);
      expect(scene.events.map(({ id }) => id)).toEqual([...announcer.announced.keys()]);
    }),
  );
});
