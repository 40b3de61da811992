import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { OnProgress } from '../dev-cluster.ts';
import type { DevClusterSettings } from '../settings.ts';
import { BuildMeter } from './build-meter.ts';
import type { BuildRecipe } from './build-recipe.ts';
import { runGo, type GoRun } from './run-go.ts';
import { storageError } from './storage-error.ts';

export interface BuildPrograms {
  readonly recipe: BuildRecipe;
  readonly folder: string;
  readonly settings: DevClusterSettings;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the recipe's programs with the Go on this machine and puts them into the folder when all are whole.
 * Throws `kubernetes_unavailable` (no Go, a module that cannot be fetched, a failed build), `storage_*`.
 */
export async function buildPrograms(options: BuildPrograms): Promise<void> {
  const { recipe, folder, onProgress } = options;
  const go = goRunner(options);
  onProgress({ phase: 'build', message: `building with ${await goVersion(go)}` });
  const meter = new BuildMeter({
    onProgress,
    cores: availableParallelism(),
    coreSeconds: recipe.coreSeconds,
    now: () => performance.now(),
  });
  // The linker says nothing for a minute; whoever waits should still see the time go.
  const ticker = setInterval(() => meter.tell(), 5_000);
  const flags = ['-mod=readonly', '-trimpath', '-ldflags', recipe.ldflags];
  let output: string | undefined;
  try {
    await mkdir(folder, { recursive: true });
    output = await mkdtemp(join(folder, '.build-'));
    // Listing what is stale fetches the modules and tells how much there is to compile.
    const stale = await go({
      args: ['list', '-deps', ...flags, '-f', '{{.Stale}}', ...recipe.packages],
      onLine: (line) => meter.moduleLine(line),
    });
    meter.packages(stale.split('\n').filter((line) => line === 'true').length);
    await go({
      args: ['build', '-v', ...flags, '-o', `${output}/`, ...recipe.packages],
      onLine: (line) => meter.packageLine(line),
    });
    await place(output, folder, recipe);
    meter.done();
  } catch (error) {
    throw storageError(error, folder);
  } finally {
    clearInterval(ticker);
    if (output !== undefined) await rm(output, { recursive: true, force: true });
  }
}

async function place(output: string, folder: string, recipe: BuildRecipe): Promise<void> {
  const built = await readdir(output);
  const absent = recipe.packages.map((path) => basename(path)).filter((n) => !built.includes(n));
  if (absent.length > 0) {
    throw new AppError('kubernetes_unavailable', `go build made no ${absent.join(', ')}.`);
  }
  for (const name of built) await rename(join(output, name), join(folder, name));
}

type Go = (run: Pick<GoRun, 'args' | 'onLine'>) => Promise<string>;

function goRunner({ recipe, settings, signal }: BuildPrograms): Go {
  const environment = {
    ...settings.environment,
    CGO_ENABLED: '0',
    GOFLAGS: '',
    GOWORK: 'off',
    ...(settings.offline && { GOPROXY: 'off', GOTOOLCHAIN: 'local' }),
  };
  return (run) => runGo({ ...run, cwd: recipe.moduleFolder, environment, signal });
}

async function goVersion(go: Go): Promise<string> {
  const words = (await go({ args: ['version'] })).trim().split(' ');
  return words[2]?.replace(/^go/, 'Go ') ?? 'Go';
}
