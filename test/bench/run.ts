// `npm run bench` runs every benchmark, `-- --smoke` the short set, `-- B07` or `-- agent-reconcile-cold` one of them,
// `-- PATH.ts` those of a file, `-- --list` names them; `--json FILE` keeps all reports in one file. `-- --write-docs`
// runs none: it writes docs/reference/performance.md from the newest whole run of each.
import { writeFileSync } from 'node:fs';
import { readCommand } from '../house/read-command.ts';
import { findBenchmarks, wholeSuite } from './harness/find-benchmarks.ts';
import { sayName } from './harness/run-benchmark.ts';
import { leaveSuite, runSuite, type Chosen } from './harness/run-suite.ts';
import { isAmiss, sumUp } from './harness/sum-up.ts';

const usage = `usage: npm run bench [-- [--smoke] [--json FILE] [NAME | FILE.ts…] | --list | --write-docs]`;
const { values, positionals } = readCommand(usage, {
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    json: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});

async function list(): Promise<void> {
  for (const benchmark of await wholeSuite())
    console.log(`${sayName(benchmark)}  ${benchmark.says}`);
}

async function choose(words: readonly string[]): Promise<readonly Chosen[] | undefined> {
  if (words.length === 0) {
    const suite = await wholeSuite();
    return suite.map((benchmark) => ({ word: benchmark.id, benchmark }));
  }
  const chosen: Chosen[] = [];
  for (const word of words) {
    const found = await findBenchmarks(word);
    if (found === undefined) {
      console.error(`There is no benchmark ${word}.`);
      return undefined;
    }
    chosen.push(...found.map((benchmark) => ({ word, benchmark })));
  }
  return chosen;
}

async function main(): Promise<number> {
  if (values.list) {
    await list();
    return 0;
  }
  if (values['write-docs']) {
    const { writeDocs } = await import('./harness/write-docs.ts');
    await writeDocs(await wholeSuite());
    return 0;
  }
  const chosen = await choose(positionals);
  if (chosen === undefined) {
    await list();
    return 2;
  }
  let signalled = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signalled = true;
      leaveSuite(signal);
    });
  }
  const { smoke, json } = values;
  const fit = chosen.filter(({ benchmark }) => !(smoke && benchmark.notInSmoke === true));
  const reports = await runSuite(fit, { smoke });
  if (json !== undefined) writeFileSync(json, JSON.stringify(reports, undefined, 2));
  console.log('');
  for (const line of sumUp(reports)) console.log(line);
  return signalled ? 130 : isAmiss(reports) ? 1 : 0;
}

process.exitCode = await main();
