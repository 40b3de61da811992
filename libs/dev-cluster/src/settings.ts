import { join } from 'node:path';
import { defaultCacheFolder, processAccount, type Environment } from '@ambit/config';
import { AppError } from '@ambit/kernel';

export type KubernetesChoice = 'auto' | 'real' | 'simulated';

/** What the environment says about where control planes come from. */
export interface DevClusterSettings {
  readonly kubernetes: KubernetesChoice;
  /** A missing real Kubernetes is an error, never a fall-back. */
  readonly requireReal: boolean;
  /** Nothing is fetched from the network. */
  readonly offline: boolean;
  /** `KUBEBUILDER_ASSETS`: a folder somebody filled with the programs. */
  readonly assetsFolder: string | undefined;
  /** Folder of the programs we obtained, one subfolder per version. */
  readonly cacheFolder: string;
  /** Handed to downloads (proxy variables) and to `go`. */
  readonly environment: Environment;
}

const choices: readonly string[] = ['auto', 'real', 'simulated'];

/** Reads `AMBIT_KUBERNETES`, `AMBIT_REQUIRE_KUBERNETES`, `AMBIT_OFFLINE`, `AMBIT_CACHE_DIR`, `KUBEBUILDER_ASSETS`. Throws `config_invalid`. */
export function devClusterSettings(
  environment: Environment,
  account = processAccount(),
): DevClusterSettings {
  const kubernetes = environment['AMBIT_KUBERNETES'] || 'auto';
  if (!choices.includes(kubernetes)) {
    throw new AppError(
      'config_invalid',
      `AMBIT_KUBERNETES is "${kubernetes}", which is no choice.`,
      {
        hint: `Set it to one of: ${choices.join(', ')}.`,
      },
    );
  }
  const requireReal = flag(environment, 'AMBIT_REQUIRE_KUBERNETES');
  if (requireReal && kubernetes === 'simulated') {
    throw new AppError('config_invalid', 'AMBIT_REQUIRE_KUBERNETES=1 forbids simulated clusters.', {
      hint: 'Unset it, or do not ask for simulated clusters.',
    });
  }
  const cache = environment['AMBIT_CACHE_DIR'] || defaultCacheFolder(environment, account);
  return {
    kubernetes: kubernetes as KubernetesChoice,
    requireReal,
    offline: flag(environment, 'AMBIT_OFFLINE'),
    assetsFolder: environment['KUBEBUILDER_ASSETS'] || undefined,
    cacheFolder: join(cache, 'kubernetes'),
    environment,
  };
}

function flag(environment: Environment, name: string): boolean {
  const value = environment[name] ?? '';
  if (['', '0', 'false'].includes(value)) return false;
  if (['1', 'true'].includes(value)) return true;
  throw new AppError('config_invalid', `${name} is "${value}", which is neither 1 nor 0.`);
}
