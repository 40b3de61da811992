// `npm run sim -- --seeds N [--seed S]`: the reconciler against a virtual cluster, from seed S on; ends with 1 at the first violation.
import { readCommand } from '../house/read-command.ts';
import { run } from './sim-run.ts';

const usage = 'usage: npm run sim -- --seeds N [--seed FIRST]   N from 1, FIRST from 0';
const { values } = readCommand(usage, {
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const seeds = Number(values.seeds);
const first = Number(values.seed);
if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(first) || first < 0) {
  console.error(usage);
  process.exit(2);
}
const began = performance.now();
for (let seed = first; seed < first + seeds; seed++) {
  const { violation, steps } = await run(seed);
  if (violation !== undefined) {
    console.log(steps.map((step) => `  ${step}`).join('\n'));
    console.log(`seed ${seed}: ${violation}`);
    console.log(`again: npm run sim -- --seeds 1 --seed ${seed}`);
    process.exit(1);
  }
  const done = seed - first + 1;
  if (done % 100 === 0) console.error(`${done} of ${seeds} seeds`);
}
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`${seeds} seeds from ${first}: no violation (${seconds} s)`);
process.exit(0);
