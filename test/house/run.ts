// `npm test`: every check, then every tier of tests, then one line that counts all of it: `N passed, N failed`.
// No step is taken from the cache of Nx. Words after `--` choose among the steps by name.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCounts, closingLine, type Counted } from './counted.ts';
import { settleChromium } from './chromium.ts';
import { settleContainers } from './containers.ts';
import { inTurns, type Turn } from './in-turns.ts';
import { readyHelm, settleKubernetes } from './kubernetes.ts';
import { runStep, type Step } from './run-step.ts';
import { aloud, heldBack, type Speech } from './speech.ts';
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

/** What a step is run with. */
interface Circumstances {
  readonly env: Readonly<Record<string, string>>;
  readonly speech: Speech;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { nx } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
/** They need no Kubernetes and run while it is made. */
const earlyTiers = ['architecture', 'simulation', 'unit'];
const lateTiers = ['planted', 'medium', 'conformance', 'e2e'];
/** Pages in a real Chromium, where one can be had. */
const browser = 'browser';
/** The images, built and started, where that can be done. */
const containers = 'containers';
/** Attacks on real parts; its families count as one check, and each escape says how to repeat it. */
const hostile = 'hostile';
/** Counts and three pairs of every benchmark: a count that is not what it was fails it, a ratio is only printed. */
const bench = 'bench';
const smokes = [hostile, bench];
const checks = Object.keys(nx.targets).filter(
  (name) => ![...earlyTiers, ...lateTiers].includes(name),
);
const steps = [...checks, ...earlyTiers, ...lateTiers, bench, browser, containers, hostile];
/** Those that use one core or wait, and judge nothing by the clock. */
const besideOthers = [...checks, 'architecture', 'simulation', 'e2e', bench, browser, containers];
const results = mkdtempSync(join(tmpdir(), 'ambit-test-results-'));
let total: Counted = { passed: 0, failed: 0, skipped: 0 };
/** Told again at the end, where they are not missed. */
const failures: Failure[] = [];
const passedAtSecondTry: Failure[] = [];
const running = new Map<Step, Speech>();
/** More than twice what the slowest step needs on a machine that does nothing else. */
const withinMs = 45 * 60_000;
/** More files than that do not fail by chance. */
const filesOfSecondTry = 3;

async function start(
  command: string,
  env: Readonly<Record<string, string>>,
  speech: Speech,
): Promise<number> {
  const step = runStep(command, { cwd: root, env, withinMs, output: speech.output });
  running.set(step, speech);
  return step.code.finally(() => running.delete(step));
}

/** A command that counts as one check. */
async function runCheck(command: string, { env, speech }: Circumstances): Promise<Counted> {
  const code = await start(command, env, speech);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** A few files that failed are run once more, each alone, and are named even if they pass then. */
async function runTier(name: string, where: Circumstances): Promise<Counted> {
  const first = await tryTier(name, where);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const outcome =
    files.length > filesOfSecondTry ? first : await secondTry(name, where, first, files);
  const stillFails = new Set(outcome.failures.map(({ file }) => file));
  passedAtSecondTry.push(...first.failures.filter(({ file }) => !stillFails.has(file)));
  failures.push(...outcome.failures);
  return outcome.counted;
}

async function secondTry(
  name: string,
  where: Circumstances,
  first: TierOutcome,
  files: readonly string[],
): Promise<TierOutcome> {
  const seconds: TierOutcome[] = [];
  for (const file of files) {
    where.speech.line(`\n── ${name}: once more, alone: ${file}`);
    seconds.push(await tryTier(name, where, file));
  }
  return afterSecondTry(first, seconds);
}

async function tryTier(
  name: string,
  { env, speech }: Circumstances,
  file?: string,
): Promise<TierOutcome> {
  const report = join(results, `${name}.json`);
  rmSync(report, { force: true });
  const only = file === undefined ? '' : ` --runTestsByPath ${file}`;
  const command = `npm run --silent ${name} -- --json --outputFile=${report}${only} >&2`;
  return readTierReport(report, await start(command, env, speech), root);
}

const chosen = process.argv.slice(2);
const wanted = (name: string): boolean => chosen.length === 0 || chosen.includes(name);
const asked = steps.filter(wanted);
const oneFailure: Counted = { passed: 0, failed: 1, skipped: 0 };

/** Counts and tells a step. One that may run beside others begins with a line and is told when it has ended. */
async function step(name: string, run: (where: Circumstances) => Promise<Counted>): Promise<void> {
  const env = await environment(name);
  const began = performance.now();
  const alone = asked.length === 1 || !besideOthers.includes(name);
  const speech = alone ? aloud : heldBack(join(results, `${name}.log`));
  if (!alone) console.log(`── ${name} begins`);
  speech.line(`\n── ${name}`);
  const counted = await run({ env, speech });
  total = addCounts(total, counted);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  speech.line(`── ${name}: ${closingLine(counted)} (${seconds} s)`);
  speech.tell();
}

/** How the step is run. */
function turnOf(name: string): Turn {
  const command = nx.targets[name]?.options.command ?? 'false';
  const smoke = `npm run --silent ${name} -- --smoke`;
  const run = (where: Circumstances): Promise<Counted> => {
    if (checks.includes(name)) return runCheck(command, where);
    return smokes.includes(name) ? runCheck(smoke, where) : runTier(name, where);
  };
  return { alone: !besideOthers.includes(name), run: () => step(name, run) };
}

// Made for the tests while the checks run, which leave much of a machine idle that fetches packages.
const kubernetes = (async () => {
  const found = await settleKubernetes(process.env);
  console.log(found.says);
  if (found.failed) total = addCounts(total, oneFailure);
  if (['conformance', 'e2e', containers].some(wanted)) await readyHelm(process.env);
  return found;
})();
const chromium = wanted(browser) ? settleChromium(process.env) : Promise.resolve(undefined);
// One after the other: both may install packages.
const images = chromium.then(() =>
  wanted(containers) ? settleContainers(process.env) : undefined,
);
const settling = [chromium, images, kubernetes];
// Who waits for one that throws says so.
for (const each of settling) each.catch(() => undefined);

/** What a step is to know of what was made; it waits for that. */
async function environment(name: string): Promise<Readonly<Record<string, string>>> {
  if (checks.includes(name) || earlyTiers.includes(name)) return {};
  const ofItsOwn = { [browser]: chromium, [containers]: images }[name];
  return { ...(await kubernetes).env, ...(await ofItsOwn)?.env };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const [cutOff, speech] of running) {
      cutOff.stop(signal);
      speech.tell();
    }
    rmSync(results, { recursive: true, force: true });
    process.exit(130);
  });
}

let says = ['Kubernetes: not looked for'];
try {
  const strange = chosen.filter((name) => !steps.includes(name));
  if (strange.length === 0) await inTurns(asked.map(turnOf));
  says = (await Promise.all(settling)).flatMap((each) => (each === undefined ? [] : [each.says]));
  if (strange.length > 0) throw new Error(`there is no step ${strange.join(', ')}`);
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
console.log(`\n${says.join('\n')}`);
console.log(closingLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
