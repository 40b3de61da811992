import { describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';

const told = (scene: AgentScene, condition: string): Promise<void> =>
  eventually(
    () => {
      const { conditions } = scene.central.told.statuses.at(-1) ?? {};
      expect(conditions).toEqual([condition]);
    },
    { what: `the condition ${condition}` },
  );

describe('an agent', () => {
  test(
    'says that an API server knows no admission policies, in its status and once in its log',
    inScene(async (scene) => {
      await scene.join();
      await told(scene, 'ADMISSION_POLICY_UNSUPPORTED');
      expect(scene.logged('knows no admission policies')).toBe(true);
    }),
  );
});
