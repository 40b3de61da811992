// What Stryker changes, and by which specs it has to be noticed. `npm run mutation [-- AREA…]` runs it, area by area.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { areas } from './areas.mjs';

const name = process.env.MUTATION_AREA ?? '';
const { mutate, specs } = areas[name];

export default {
  mutate,
  testRunner: 'circus',
  plugins: [new URL('./circus-runner.mjs', import.meta.url).pathname],
  circus: { specs },
  coverageAnalysis: 'perTest',
  ignorePatterns: [
    '**',
    '!/{apps,libs}/*/{package,tsconfig}.json',
    '!/{apps,libs}/*/{golden,src,test}/**',
    '!*.json',
    '**/dist',
  ],
  concurrency: 1,
  // Endless loops are noticed by the times a mutant is passed; a busy machine is not one.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  // Not in the house: Jest would take the copy for packages of the same names.
  tempDirName: join(tmpdir(), `ambit-mutation-${process.pid}`),
  reporters: ['json', 'clear-text', 'progress-append-only'],
  jsonReporter: { fileName: `.data/mutation/${name}.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
};
