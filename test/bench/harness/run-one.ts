// One benchmark in a process of its own, so that it can neither spoil nor end the next: WORD NAME REPORT [--smoke].
import { writeFileSync } from 'node:fs';
import { findBenchmarks } from './find-benchmarks.ts';
import { runBenchmark } from './run-benchmark.ts';

/** What tidying up may take after a signal, and what is left open may take after the end. */
const graceMs = 30_000;
const openMs = 3_000;

const [word = '', name = '', file = '', mode] = process.argv.slice(2);
const leaving = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time somebody means it.
    if (leaving.signal.aborted) process.exit(130);
    leaving.abort();
    setTimeout(() => process.exit(130), graceMs).unref();
  });
}
// What was under way fails when its servers are taken from it.
process.on('unhandledRejection', (error) => {
  if (leaving.signal.aborted) return;
  console.error(error);
  process.exit(1);
});

const found = (await findBenchmarks(word))?.find((benchmark) => benchmark.name === name);
if (found === undefined) throw new Error(`there is no benchmark ${name} in ${word}`);
const report = await runBenchmark(found, {
  smoke: mode === '--smoke',
  signal: leaving.signal,
  print: (line) => console.log(line),
});
writeFileSync(file, JSON.stringify(report, undefined, 2));
setTimeout(() => process.exit(), openMs).unref();
