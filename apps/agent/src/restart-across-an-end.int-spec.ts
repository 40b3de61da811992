import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../test/agent-scene.ts';

const place = 'payments';

// How soon after its start is a figure: `npm run bench -- ends-after-restart`.
describe('an agent that is restarted across an end, with central dead', () => {
  test(
    'outside row B.5: ends it before any list is complete',
    inScene(async (scene) => {
      const { central, cluster } = scene;
      const first = await scene.join();
      // Its lists are there when this one is given.
      central.commit([binding('lasting', ['bob'])]);
      await scene.holds('ambit:bob');
      const [stays = ''] = await namesOfOurs();
      const end = await scene.givenUntilSoon(
        2_000,
        (notAfter) => central.commit([binding('g', ['ann'], { grantUid: 'g', notAfter })]),
        'ambit:ann',
        'ambit:bob',
      );
      const [name = ''] = (await namesOfOurs()).filter((each) => each !== stays);
      await scene.stop(first);
      await central.stop();
      const lists = cluster.faults.inject({
        match: { verb: 'list', resource: 'rolebindings' },
        status: 503,
        reason: 'ServiceUnavailable',
      });
      await eventually(() => expect(Date.now()).toBeGreaterThan(end));
      cluster.log.clear();
      await scene.start();
      await eventually(async () => expect(await scene.exists(name)).toBe(false), {
        what: 'the end',
      });
      const removed = cluster.log.writes.filter(({ resource }) => resource === 'rolebindings');
      expect(removed.map(({ verb, name: of }) => [verb, of])).toEqual([['delete', name]]);
      expect(await scene.exists(stays)).toBe(true);
      const listed = cluster.log.requests.filter(
        ({ verb, resource, status }) =>
          verb === 'list' && resource === 'rolebindings' && status === 200,
      );
      expect(listed).toEqual([]);
      lists.disarm();

      async function namesOfOurs(): Promise<string[]> {
        const { items } = await scene.admin.list(kubeResources.roleBindings, {
          namespace: place,
          labelSelector: 'ambit.dev/managed-by=ambit',
        });
        return items.map(({ metadata }) => metadata.name);
      }
    }),
  );
});
