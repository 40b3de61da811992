import { expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';

const looks = (scene: AgentScene): number =>
  scene.cluster.log.requests.filter(
    ({ verb, resource }) => verb === 'list' && resource === 'certificatesigningrequests',
  ).length;

test(
  'an agent looks once for requests of certificates that an earlier run left',
  inScene(
    async (scene) => {
      await scene.join();
      await eventually(() => expect(looks(scene)).toBe(1));
    },
    { credentials: ['ClientCertificate'] },
  ),
);

test(
  'an agent whose owner wants no certificates does not look for requests of them',
  inScene(async (scene) => {
    await scene.join();
    expect(looks(scene)).toBe(0);
  }),
);
