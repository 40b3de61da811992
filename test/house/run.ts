// `npm test`: every check, then every tier of tests, then one line that counts all of it: `N passed, N failed`.
// No step is taken from the cache of Nx. Words after `--` choose among the steps by name.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCounts, closingLine, type Counted } from './counted.ts';
import { settleChromium, type SettledChromium } from './chromium.ts';
import { settleContainers, type SettledContainers } from './containers.ts';
import { settleKubernetes } from './kubernetes.ts';
import { runStep, type Step } from './run-step.ts';
import {
  afterSecondTry,
  readTierReport,
  tellFailure,
  type Failure,
  type TierOutcome,
} from './tier-report.ts';

interface Manifest {
  readonly nx: { readonly targets: Readonly<Record<string, { options: { command: string } }>> };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { nx } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const tiers = ['unit', 'architecture', 'simulation', 'planted', 'medium', 'conformance', 'e2e'];
/** Pages in a real Chromium, where one can be had. */
const browser = 'browser';
/** The images, built and started, where that can be done. */
const containers = 'containers';
/** Attacks on real parts; its families count as one check, and each escape says how to repeat it. */
const hostile = 'hostile';
/** Counts and three pairs of every benchmark: a count that is not what it was fails it, a ratio is only printed. */
const bench = 'bench';
const smokes = [hostile, bench];
const steps = [...tiers, browser, containers, ...smokes];
const checks = Object.keys(nx.targets).filter((name) => !tiers.includes(name));
const results = mkdtempSync(join(tmpdir(), 'ambit-test-results-'));
let total: Counted = { passed: 0, failed: 0, skipped: 0 };
/** Told again at the end, where they are not missed. */
const failures: Failure[] = [];
const passedAtSecondTry: Failure[] = [];
let running: Step | undefined;
/** More than twice what the slowest step needs on a machine that does nothing else. */
const withinMs = 45 * 60_000;
/** More files than that do not fail by chance. */
const filesOfSecondTry = 3;

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

/** A few files that failed are run once more, each alone, and are named even if they pass then. */
async function runTier(name: string, env: Readonly<Record<string, string>>): Promise<Counted> {
  const first = await tryTier(name, env);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const outcome =
    files.length > filesOfSecondTry ? first : await secondTry(name, env, first, files);
  const stillFails = new Set(outcome.failures.map(({ file }) => file));
  passedAtSecondTry.push(...first.failures.filter(({ file }) => !stillFails.has(file)));
  failures.push(...outcome.failures);
  return outcome.counted;
}

async function secondTry(
  name: string,
  env: Readonly<Record<string, string>>,
  first: TierOutcome,
  files: readonly string[],
): Promise<TierOutcome> {
  const seconds: TierOutcome[] = [];
  for (const file of files) {
    console.log(`\n── ${name}: once more, alone: ${file}`);
    seconds.push(await tryTier(name, env, file));
  }
  return afterSecondTry(first, seconds);
}

async function tryTier(
  name: string,
  env: Readonly<Record<string, string>>,
  file?: string,
): Promise<TierOutcome> {
  const report = join(results, `${name}.json`);
  rmSync(report, { force: true });
  const only = file === undefined ? '' : ` --runTestsByPath ${file}`;
  const command = `npm run --silent ${name} -- --json --outputFile=${report}${only} >&2`;
  return readTierReport(report, await start(command, env), root);
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
let images: SettledContainers | undefined;
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
  if (wanted(containers)) {
    images = await settleContainers(process.env);
    console.log(`\n${images.says}`);
    const env = { ...kubernetes.env, ...images.env };
    await step(containers, () => runTier(containers, env));
  }
  for (const name of smokes.filter(wanted)) await step(name, () => runSmoke(name, kubernetes.env));
} catch (error) {
  console.error(error);
  total = addCounts(total, oneFailure);
} finally {
  rmSync(results, { recursive: true, force: true });
}
for (const failure of passedAtSecondTry) {
  console.log(`\npassed at the second try only, which is a fault too: ${tellFailure(failure)}`);
}
for (const failure of failures) console.log(`\nfailed: ${tellFailure(failure)}`);
const settled = [chromium, images].flatMap((each) => (each === undefined ? [] : [each.says]));
console.log(`\n${[...settled, says].join('\n')}`);
console.log(closingLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
