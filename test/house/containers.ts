import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessFolder } from '@ambit/dev-cluster';
import { ContainerHost } from '../containers/container-host.ts';
import { containerTools, missingTools } from '../support/images-at-hand.ts';
import { dockerfileOf, localEngine, localImages } from './images/build-images.ts';
import { baseOf } from './images/local-base.ts';
import { runStep } from './run-step.ts';

/** Whether images are built and started: a sentence for people, and the variable that holds the tests to it. */
export interface SettledContainers {
  readonly says: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Fetching some 100 MB over a slow line. */
const installWithinMs = 10 * 60_000;

/**
 * Decides once whether images are built and started as containers. A machine that cannot do it fails nothing: those tests are
 * skipped, counted as such, and the sentence says why. `AMBIT_INSTALL_BUILDAH=1` lets the tools be installed, where the account
 * is root and apt is there: on machines made for one run, not on somebody's own.
 */
export async function settleContainers(
  env: NodeJS.ProcessEnv,
  uid = process.getuid?.(),
): Promise<SettledContainers> {
  if (env['AMBIT_IMAGES'] === 'none') return none('as asked for');
  if (uid !== 0) return none('mounting file systems needs root');
  const missing = missingTools(env);
  if (missing.length === 0) return tried(env, '');
  if (env['AMBIT_INSTALL_BUILDAH'] !== '1') return none(`not on the PATH: ${missing.join(', ')}`);
  const began = performance.now();
  console.log(`Images: installing the Debian packages ${missing.join(', ')}`);
  const code = await install(env);
  if (missingTools(env).length > 0) {
    return none(`the Debian packages cannot be had, apt-get ended with ${code}`);
  }
  return tried(env, `, installed in ${Math.round((performance.now() - began) / 1_000)} s`);
}

const none = (why: string): SettledContainers => ({
  says: `Images: NOT BUILT (${why}): the tests that start them are skipped`,
  env: { AMBIT_IMAGES: 'none' },
});

/** With what all images are built on: once it can be made and started, whatever goes wrong is a fault of ours. */
async function tried(env: NodeJS.ProcessEnv, installed: string): Promise<SettledContainers> {
  const at = await mkdtemp(join(tmpdir(), 'ambit-containers-'));
  try {
    const local = localImages(env);
    await localEngine(local, env, () => undefined);
    const host = new ContainerHost(await ProcessFolder.create(join(at, 'data')), local.store);
    const version = await host.tried(await baseOf(dockerfileOf('central')), ['node', '--version']);
    return {
      says: `Images: built by buildah and started by runc, on a base of Debian and Node ${version}${installed}`,
      env: {},
    };
  } catch (error) {
    const [first = ''] = (error as Error).message.split('\n').slice(-1);
    return none(`a first one does not start here: ${first}`);
  } finally {
    await rm(at, { recursive: true, force: true, maxRetries: 5 });
  }
}

function install({ PATH = '' }: NodeJS.ProcessEnv): Promise<number> {
  const quietly =
    '-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30';
  const command = [
    `apt-get ${quietly} update`,
    `apt-get ${quietly} install -y --no-install-recommends ${containerTools.join(' ')}`,
  ].join(' && ');
  // Its progress is of no use in a log; what goes wrong is.
  const env = { PATH, DEBIAN_FRONTEND: 'noninteractive' };
  return runStep(`(${command}) >/dev/null`, { cwd: '/', env, withinMs: installWithinMs }).code;
}
