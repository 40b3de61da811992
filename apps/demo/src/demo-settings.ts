import { defineSettings, path, toggle, wholeNumber, type SettingsOf } from '@ambit/config';

const port = (what: string) =>
  wholeNumber({
    describe: `Port of ${what} (default: a free one)`,
    env: false,
    min: 1,
    max: 65_535,
  });

/** Every setting of `ambit-demo`. Variables of the programs it starts do not reach it, nor them through it. */
export const demoSettings = defineSettings(
  'ambit-demo',
  {
    once: toggle({ describe: 'Tell the story and end, instead of staying up', env: false }),
    simulated: toggle({
      describe: 'Simulated clusters at once, without looking for a real Kubernetes',
      env: false,
    }),
    dataDir: path({
      describe:
        'Folder for all data, which is kept; empty or new (default: one that is removed at the end)',
      env: false,
    }),
    port: port('the REST API'),
    agentPort: port('agents'),
    healthPort: port('health and metrics'),
  },
  { configFile: false },
);

export type DemoSettings = SettingsOf<typeof demoSettings>;
