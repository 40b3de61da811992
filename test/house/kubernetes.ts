import { isAppError } from '@ambit/kernel';
import {
  devClusterSettings,
  describeSources,
  obtainHelm,
  obtainPrograms,
  type OnProgress,
} from '@ambit/dev-cluster';

/** What the tests will meet: a sentence for people, and the variables that hold the tests to it. */
export interface SettledKubernetes {
  readonly says: string;
  readonly env: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

/**
 * Decides once for all tiers whether tests meet a real Kubernetes, and obtains it when it must be made. The tests then
 * neither look again nor fall back by themselves.
 */
export async function settleKubernetes(env: NodeJS.ProcessEnv): Promise<SettledKubernetes> {
  try {
    const settings = devClusterSettings(env);
    if (settings.kubernetes === 'simulated') return simulated('as asked for');
    const began = performance.now();
    const programs = await obtainPrograms({ settings, onProgress: progressPrinter() });
    const seconds = Math.round((performance.now() - began) / 1_000);
    const took = seconds > 1 ? `, obtained in ${seconds} s` : '';
    return {
      says: `Kubernetes: real, from ${describeSources(programs)}${took}`,
      env: { AMBIT_REQUIRE_KUBERNETES: '1' },
      failed: false,
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const why = [error.message, ...(error.extras.errors ?? []).map((item) => item.message)];
    if (env['AMBIT_REQUIRE_KUBERNETES'] === '1' || env['AMBIT_KUBERNETES'] === 'real') {
      return { says: `Kubernetes: none. ${why.join(' ')}`, env: {}, failed: true };
    }
    return simulated(why.join(' '));
  }
}

/**
 * Has helm there before the tests ask for it, in whose time it would be built. Where it cannot be had they say so: nothing is
 * thrown here.
 */
export async function readyHelm(env: NodeJS.ProcessEnv): Promise<void> {
  await obtainHelm(devClusterSettings(env), progressPrinter()).catch(() => undefined);
}

function simulated(why: string): SettledKubernetes {
  return {
    says: `Kubernetes: simulated (${why})`,
    env: { AMBIT_KUBERNETES: 'simulated' },
    failed: false,
  };
}

// A line for each change of phase and for every tenth of a phase: readable in a terminal and in a log.
function progressPrinter(): OnProgress {
  let last = '';
  return ({ phase, message, percent, etaSeconds }) => {
    const tenth = percent === undefined ? '' : Math.floor(percent / 10) * 10;
    const mark = `${phase} ${tenth || message}`;
    if (mark === last) return;
    last = mark;
    const left = etaSeconds === undefined ? '' : `, about ${Math.ceil(etaSeconds)} s left`;
    console.log(`${message}${percent === undefined ? '' : ` (${Math.floor(percent)} %${left})`}`);
  };
}
