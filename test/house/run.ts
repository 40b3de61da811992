// `npm test`: every check, then every tier of tests, then one line that counts all of it: `N passed, N failed`.
// No step is taken from the cache of Nx. Words after `--` choose among the steps by name.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCounts, closingLine, countTests, type Counted } from './count-tests.ts';
import { settleChromium, type SettledChromium } from './chromium.ts';
import { settleKubernetes } from './kubernetes.ts';
import { runStep, type Step } from './run-step.ts';

interface Manifest {
  readonly nx: { readonly targets: Readonly<Record<string, { options: { command: string } }>> };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { nx } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const tiers = ['unit', 'architecture', 'simulation', 'planted', 'medium', 'conformance', 'e2e'];
/** Pages in a real Chromium, where one can be had. */
const browser = 'browser';
/** Attacks on real parts; its families count as one check, and each escape says how to repeat it. */
const hostile = 'hostile';
/** Counts and three pairs of every benchmark: a count that is not what it was fails it, a ratio is only printed. */
const bench = 'bench';
const smokes = [hostile, bench];
const steps = [...tiers, browser, ...smokes];
const checks = Object.keys(nx.targets).filter((name) => !tiers.includes(name));
const results = mkdtempSync(join(tmpdir(), 'ambit-test-results-'));
let total: Counted = { passed: 0, failed: 0, skipped: 0 };
let running: Step | undefined;
/** More than twice what the slowest step needs. */
const withinMs = 20 * 60_000;

function start(command: string, env: Readonly<Record<string, string>>): Promise<number> {
  running = runStep(command, { cwd: root, env, withinMs });
  return running.code;
}

async function runCheck(name: string): Promise<Counted> {
  const code = await start(nx.targets[name]?.options.command ?? 'false', {});
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function runSmoke(name: string, env: Readonly<Record<string, string>>): Promise<Counted> {
  const code = await start(`npm run --silent ${name} -- --smoke`, env);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function runTier(name: string, env: Readonly<Record<string, string>>): Promise<Counted> {
  const file = join(results, `${name}.json`);
  const code = await start(`npm run --silent ${name} -- --json --outputFile=${file} >&2`, env);
  return countTests(file, code);
}

async function step(name: string, run: () => Promise<Counted>): Promise<void> {
  const began = performance.now();
  console.log(`\n── ${name}`);
  const counted = await run();
  total = addCounts(total, counted);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(`── ${name}: ${closingLine(counted)} (${seconds} s)`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.stop(signal);
    rmSync(results, { recursive: true, force: true });
    process.exit(130);
  });
}

const chosen = process.argv.slice(2);
const wanted = (name: string): boolean => chosen.length === 0 || chosen.includes(name);
const oneFailure: Counted = { passed: 0, failed: 1, skipped: 0 };
let says = 'Kubernetes: not looked for';
let chromium: SettledChromium | undefined;
try {
  const kubernetes = await settleKubernetes(process.env);
  says = kubernetes.says;
  console.log(says);
  const strange = chosen.filter((name) => ![...checks, ...steps].includes(name));
  if (strange.length > 0) throw new Error(`there is no step ${strange.join(', ')}`);
  if (kubernetes.failed) total = addCounts(total, oneFailure);
  for (const name of checks.filter(wanted)) await step(name, () => runCheck(name));
  for (const name of tiers.filter(wanted)) await step(name, () => runTier(name, kubernetes.env));
  if (wanted(browser)) {
    chromium = await settleChromium(process.env);
    console.log(`\n${chromium.says}`);
    const env = { ...kubernetes.env, ...chromium.env };
    await step(browser, () => runTier(browser, env));
  }
  for (const name of smokes.filter(wanted)) await step(name, () => runSmoke(name, kubernetes.env));
} catch (error) {
  console.error(error);
  total = addCounts(total, oneFailure);
} finally {
  rmSync(results, { recursive: true, force: true });
}
console.log(`\n${chromium === undefined ? '' : `${chromium.says}\n`}${says}`);
console.log(closingLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
