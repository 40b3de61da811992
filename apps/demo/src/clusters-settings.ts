import { defineSettings, path, text, type SettingsOf } from '@ambit/config';

/** Every setting of `ambit-demo-clusters`. */
export const clustersSettings = defineSettings(
  'ambit-demo-clusters',
  {
    demoServer: text({ describe: 'URL of a central that runs', required: true }),
    demoTokenFile: path({ describe: 'File with an admin token of it', required: true }),
  },
  { configFile: false },
);

export type ClustersSettings = SettingsOf<typeof clustersSettings>;
