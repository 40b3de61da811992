import { describe, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { inSimulation } from '../../test/in-simulation.ts';
import { binding } from '../../test/reconcile-scene.ts';

describe('what is known by an answer alone', () => {
  test(
    'a binding that went before any watch told of it is missed when the lists are made anew, and comes back',
    inSimulation({ random: () => 0 }, async ({ scene, cluster }) => {
      cluster.watches.silence(true);
      await scene.apply({ put: [binding({ key: 'BINDING/1' })] });
      const { name, namespace = '' } = (await scene.only()).metadata;
      await scene.admin.delete(kubeResources.roleBindings, { name, namespace });
      cluster.compact();
      cluster.watches.silence(false);
      cluster.watches.end();
      await scene.sees(['payments view ambit:ann']);
    }),
  );
});
