import { fileURLToPath } from 'node:url';

/** The programs as `npm ci` leaves them in the checkout: the same files that `npx` starts. */
export const programPaths = {
  central: fileURLToPath(new URL('../../../central/bin/ambit-central.js', import.meta.url)),
  cli: fileURLToPath(new URL('../../../cli/bin/ambit.js', import.meta.url)),
  agent: fileURLToPath(new URL('../../../agent/bin/ambit-agent.js', import.meta.url)),
} as const;

/** Folders of this app that hold policy and ceilings. */
export const demoFiles = {
  policy: fileURLToPath(new URL('../../policy/', import.meta.url)),
  ceilings: fileURLToPath(new URL('../../ceilings/', import.meta.url)),
} as const;
