import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { ambitAnnotations } from '@ambit/rbac';
import type { BindingIntent } from '@ambit/rbac';
import { agentWrites, inHandTime, inSimulation } from '../../test/in-simulation.ts';
import { binding } from '../../test/reconcile-scene.ts';

const hour = 3_600_000;
const ending = (notAfter: number, change: Partial<BindingIntent> = {}): BindingIntent =>
  binding({ key: 'BINDING/1', grantUid: 'g1', notAfter, ...change });

describe('ends', () => {
  test(
    'protocol edge 17: a grant ends at its time with nobody telling, and the trail says so',
    inHandTime({}, async ({ scene, time, pass }) => {
      await scene.apply({ put: [ending(time.now() + 600)] });
      await pass(599);
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      await pass(1);
      await scene.sees([]);
      expect(scene.eventsOf('grant.enforced_end')).toMatchObject([
        { grants: ['grant'], subjects: ['ambit:ann'], object: { namespace: 'payments' } },
      ]);
    }),
  );

  test(
    'protocol edge 17: it ends after a restart without any state, by what stands on the object',
    inHandTime({}, async ({ scene, open, cluster, time, pass }) => {
      await scene.apply({
        put: [ending(time.now() + 600), binding({ key: 'BINDING/2', subjects: ['ambit:bob'] })],
      });
      await scene.halt();
      cluster.log.clear();
      const next = await open();
      await next.ready();
      await pass(599);
      expect(await next.can('ambit:ann', 'payments')).toBe(true);
      await pass(1);
      await next.sees(['payments view ambit:bob']);
      expect(agentWrites(cluster)).toHaveLength(1);
      expect(next.eventsOf('grant.enforced_end')).toMatchObject([{ subjects: ['ambit:ann'] }]);
    }),
  );

  test(
    'without any state an end that passed while nobody ran is enforced at the start',
    inHandTime({}, async ({ scene, open, time }) => {
      await scene.apply({ put: [ending(time.now() + hour)] });
      await scene.halt();
      time.advance(2 * hour);
      const next = await open();
      await next.sees([]);
    }),
  );

  test(
    'one grant in two windows: the first ends and the next begins at its time, with nobody telling',
    inHandTime({}, async ({ scene, time, pass }) => {
      const begin = time.now();
      const window = (key: string, from: number): BindingIntent =>
        ending(begin + from + 600, { key, notBefore: begin + from });
      await scene.apply({ put: [window('BINDING/1', 0), window('BINDING/2', 1_000)] });
      await pass(599);
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      await pass(1);
      await scene.sees([]);
      await pass(399);
      expect(await scene.can('ambit:ann', 'payments')).toBe(false);
      await pass(1);
      await scene.sees(['payments view ambit:ann']);
      await pass(599);
      expect(await scene.can('ambit:ann', 'payments')).toBe(true);
      await pass(1);
      await scene.sees([]);
      expect(scene.eventsOf('grant.enforced_end')).toMatchObject([
        { subjects: ['ambit:ann'] },
        { subjects: ['ambit:ann'] },
      ]);
    }),
  );

  test(
    'a window that goes on is one object whose end moves, and nobody is without it meanwhile',
    inHandTime({}, async ({ scene, time, pass, cluster }) => {
      const end = time.now() + 600;
      await scene.apply({ put: [ending(end, { notBefore: time.now() })] });
      const before = await scene.only();
      cluster.log.clear();
      await scene.apply({ put: [ending(end + hour, { notBefore: time.now() })] });
      await pass(700);
      const { metadata } = await scene.only();
      expect(metadata.uid).toBe(before.metadata.uid);
      expect(metadata.annotations?.[ambitAnnotations.notAfter]).toBe(
        new Date(end + hour).toISOString(),
      );
      expect(agentWrites(cluster)).toHaveLength(1);
    }),
  );

  test(
    'an end that somebody moved on the object is moved back, and one that was spoilt ends without a state',
    inSimulation({}, async ({ scene, open }) => {
      const end = Date.now() + hour;
      await scene.apply({ put: [ending(end)] });
      const { name, namespace = '' } = (await scene.only()).metadata;
      const set = (notAfter: string): Promise<unknown> =>
        scene.admin.mergePatch(
          kubeResources.roleBindings,
          { name, namespace },
          { metadata: { annotations: { [ambitAnnotations.notAfter]: notAfter } } },
        );
      await set('2099-01-01T00:00:00.000Z');
      await scene.eventually('the end put right', async () => {
        const { annotations = {} } = (await scene.only()).metadata;
        expect(annotations[ambitAnnotations.notAfter]).toBe(new Date(end).toISOString());
      });
      await scene.reconciler.stop();
      await set('tomorrow');
      const next = await open();
      await next.sees([]);
    }),
  );

  test(
    'protocol edge 18: a clock set back prolongs nothing, and an end that was enforced is final',
    inHandTime({}, async ({ scene, time, pass }) => {
      const end = time.now() + 500;
      await scene.apply({ put: [ending(end)] });
      await pass(500);
      await scene.sees([]);
      time.set(end - hour);
      scene.reconciler.clockChanged();
      await scene.apply({ put: [] });
      expect(await scene.access()).toEqual([]);
      await scene.apply({ put: [ending(end)], full: true });
      expect(await scene.access()).toEqual([]);
      await scene.apply({ put: [ending(end + hour)] });
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
    }),
  );

  test(
    'protocol edge 18: the signed time of central ends a grant though the wall clock stands an hour back and the API server is slow',
    inHandTime({}, async ({ scene, time }) => {
      const now = time.now();
      time.set(now - hour);
      await scene.apply({ put: [ending(now + 60_000)] });
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
      scene.interval.heardKubernetes(now);
      scene.interval.heardCentral(now + 61_000);
      scene.reconciler.clockChanged();
      await scene.sees([]);
    }),
  );

  test(
    'protocol edge 17: what begins later is given then and not before, and is reported until then',
    inHandTime({}, async ({ scene, time, pass }) => {
      const start = time.now() + 600;
      const put = [ending(start + hour, { notBefore: start })];
      expect((await scene.apply({ put })).problems).toMatchObject([
        { key: 'BINDING/1', reason: 'not_yet_active' },
      ]);
      await pass(599);
      expect(await scene.access()).toEqual([]);
      await pass(1);
      await scene.sees(['payments view ambit:ann']);
    }),
  );

  test(
    'protocol edge 17: an end more than 24.8 days away does not come at once',
    inSimulation({}, async ({ scene }) => {
      await scene.apply({ put: [ending(Date.now() + 60 * 24 * hour)] });
      await scene.apply({});
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
    }),
  );

  test(
    'an end that is taken back in time, and one that is brought forward',
    inHandTime({}, async ({ scene, time, pass }) => {
      await scene.apply({ put: [ending(time.now() + 400)] });
      await scene.apply({ put: [ending(time.now() + hour)] });
      await pass(500);
      expect(await scene.access()).toEqual(['payments view ambit:ann']);
      await scene.apply({ put: [ending(time.now() + 300)] });
      await pass(300);
      await scene.sees([]);
    }),
  );
});
