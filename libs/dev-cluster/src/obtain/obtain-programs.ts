import { join } from 'node:path';
import { AppError, isAppError } from '@ambit/kernel';
import type { OnProgress } from '../dev-cluster.ts';
import type { DevClusterSettings } from '../settings.ts';
import { buildPrograms } from './build-programs.ts';
import { kubernetesRecipe, type BuildRecipe } from './build-recipe.ts';
import { withCacheLock } from './cache-lock.ts';
import { downloadPrograms } from './download-programs.ts';
import { usualHttpLimits, type HttpLimits } from './open-url.ts';
import { kubernetesVersion, officialReleases, type Release } from './pins.ts';
import { presentPrograms, versionFolder } from './present-programs.ts';
import {
  completePrograms,
  missingPrograms,
  type ProgramName,
  type Programs,
  type SomePrograms,
} from './programs.ts';

export interface ObtainPrograms {
  readonly settings: DevClusterSettings;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Other places to download from and to build; the defaults are the official releases and Kubernetes itself. */
  readonly releases?: readonly Release[];
  readonly recipe?: BuildRecipe;
  readonly limits?: HttpLimits;
}

/**
 * The four programs: each from `KUBEBUILDER_ASSETS`, else the cache; what is still missing is downloaded, else
 * built. Throws `kubernetes_unavailable` that tells, one item for each way, why it did not do.
 */
export async function obtainPrograms(options: ObtainPrograms): Promise<Programs> {
  const { settings, onProgress } = options;
  const folder = versionFolder(settings);
  const { programs: present, passedOver } = await presentPrograms(settings);
  if (passedOver !== undefined) onProgress({ phase: 'look', message: passedOver });
  const complete = completePrograms(present);
  if (complete !== undefined) return complete;
  onProgress({
    phase: 'look',
    message: `${missingPrograms(present).join(', ')} ${kubernetesVersion} found neither in KUBEBUILDER_ASSETS nor in the cache`,
  });
  return withCacheLock(
    join(folder, 'lock'),
    () => fetchPrograms(options, folder),
    (holder) =>
      onProgress({
        phase: 'look',
        message: `waiting for ${holder}, which is obtaining Kubernetes`,
      }),
  );
}

async function fetchPrograms(options: ObtainPrograms, folder: string): Promise<Programs> {
  const failures: AppError[] = [];
  for (const way of [download, build]) {
    const { programs: before } = await presentPrograms(options.settings);
    // Whoever held the lock before may have brought them.
    const there = completePrograms(before);
    if (there !== undefined) return there;
    try {
      await way.run(options, folder, missingPrograms(before));
    } catch (error) {
      if (options.signal?.aborted || !isAppError(error)) throw error;
      failures.push(error);
      options.onProgress({ phase: 'fallback', message: `${way.name} failed: ${sentence(error)}` });
      continue;
    }
    const { programs: found } = await presentPrograms(options.settings);
    const complete = completePrograms(found);
    if (complete !== undefined) return markNew(complete, before, way.source);
    failures.push(
      new AppError(
        'kubernetes_unavailable',
        `${way.name}: there is no official file of ${missingPrograms(found).join(', ')} for this platform.`,
      ),
    );
  }
  throw unavailable(failures);
}

interface Way {
  readonly name: string;
  readonly source: 'download' | 'build';
  run(options: ObtainPrograms, folder: string, wanted: readonly ProgramName[]): Promise<void>;
}

const download: Way = {
  name: 'the download',
  source: 'download',
  run: async ({ settings, onProgress, signal, releases, limits }, folder, wanted) => {
    if (settings.offline) {
      throw new AppError('kubernetes_unavailable', 'AMBIT_OFFLINE=1 forbids the download.');
    }
    await downloadPrograms({
      releases: releases ?? officialReleases(process.platform, process.arch),
      wanted,
      folder,
      environment: settings.environment,
      limits: limits ?? usualHttpLimits,
      onProgress,
      signal,
    });
  },
};

const build: Way = {
  name: 'the build from Go modules',
  source: 'build',
  run: async ({ settings, onProgress, signal, recipe }, folder) =>
    buildPrograms({ recipe: recipe ?? kubernetesRecipe(), folder, settings, onProgress, signal }),
};

function markNew(programs: Programs, before: SomePrograms, source: Way['source']): Programs {
  const marked = Object.entries(programs).map(([name, program]) => [
    name,
    before[name as ProgramName] === undefined ? { ...program, source } : program,
  ]);
  return Object.fromEntries(marked) as Programs;
}

/** The error as one sentence or two, with its next step. */
function sentence(error: AppError): string {
  return [error.message, error.extras.why, error.extras.hint].filter(Boolean).join(' ');
}

function unavailable(failures: readonly AppError[]): AppError {
  return new AppError(
    'kubernetes_unavailable',
    `No Kubernetes ${kubernetesVersion} could be had.`,
    {
      errors: failures.map((error) => ({ message: sentence(error) })),
      why: failures.map(sentence).join(' '),
      hint: 'Set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd, kube-controller-manager and kubectl, or ask for simulated clusters with AMBIT_KUBERNETES=simulated.',
      cause: failures.at(-1),
    },
  );
}
