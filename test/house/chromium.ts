import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFlags, findChromium } from '../support/chromium.ts';
import { runStep } from './run-step.ts';

/** What tests of pages will meet: a sentence for people, and the variable that holds the tests to it. */
export interface SettledChromium {
  readonly says: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Fetching some 300 MB over a slow line; nobody waits longer for a browser. */
const installWithinMs = 15 * 60_000;
const startWithinMs = 60_000;
const packages = 'Debian package chromium';

/**
 * Decides once whether pages are tested in a real browser. One that is missing fails nothing: its tests are skipped, counted as
 * such, and the sentence says so. `AMBIT_INSTALL_CHROMIUM=1` lets it be installed, where the account is root and apt is there:
 * on machines made for one run, not on somebody's own.
 */
export async function settleChromium(
  env: NodeJS.ProcessEnv,
  uid = process.getuid?.(),
): Promise<SettledChromium> {
  if (env['AMBIT_CHROMIUM'] === 'none') return none('as asked for');
  const found = findChromium(env);
  if (found !== undefined) return tried(found, env, found);
  if (env['AMBIT_INSTALL_CHROMIUM'] !== '1') {
    return none('there is none on the PATH; AMBIT_CHROMIUM names one that is elsewhere');
  }
  if (uid !== 0) return none(`installing the ${packages} needs root`);
  const began = performance.now();
  console.log(`Chromium: installing the ${packages}`);
  const code = await install(env);
  const installed = findChromium(env);
  if (installed === undefined)
    return none(`the ${packages} cannot be had, apt-get ended with ${code}`);
  const seconds = Math.round((performance.now() - began) / 1_000);
  return tried(installed, env, `the ${packages}, installed in ${seconds} s`);
}

const none = (why: string): SettledChromium => ({
  says: `Chromium: NONE (${why}): the tests of pages in a browser are skipped`,
  env: { AMBIT_CHROMIUM: 'none' },
});

async function tried(
  program: string,
  env: NodeJS.ProcessEnv,
  from: string,
): Promise<SettledChromium> {
  const folder = mkdtempSync(join(tmpdir(), 'ambit-chromium-'));
  try {
    const args = [...chromiumFlags, `--user-data-dir=${folder}`, '--dump-dom', 'about:blank'];
    const page = await output(program, args, env);
    if (!page.includes('<html')) return none(`${program} does not start`);
    const version = (await output(program, ['--version'], env)).trim();
    return { says: `Chromium: ${version}, from ${from}`, env: { AMBIT_CHROMIUM: program } };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Empty when the program cannot be run. */
function output(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: startWithinMs, killSignal: 'SIGKILL' }, (error, text) =>
      resolve(error === null ? text : ''),
    );
  });
}

function install({ PATH = '' }: NodeJS.ProcessEnv): Promise<number> {
  const quietly =
    '-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30';
  const command = [
    `apt-get ${quietly} update`,
    `apt-get ${quietly} install -y --no-install-recommends chromium`,
  ].join(' && ');
  // Its progress is of no use in a log; what goes wrong is.
  const env = { PATH, DEBIAN_FRONTEND: 'noninteractive' };
  return runStep(`(${command}) >/dev/null`, { cwd: '/', env, withinMs: installWithinMs }).code;
}
