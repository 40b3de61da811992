import { dirname, join } from 'node:path';
import type { OnProgress } from '../dev-cluster.ts';
import type { DevClusterSettings } from '../settings.ts';
import { buildPrograms } from './build-programs.ts';
import { helmRecipe } from './build-recipe.ts';
import { withCacheLock } from './cache-lock.ts';
import { isProgram } from './find-programs.ts';
import { helmVersion } from './pins.ts';

/**
 * Path of the pinned `helm`: from the cache, beside that of Kubernetes, else built from its Go module into it. One on
 * the PATH is not asked: what charts render to differs between versions. Throws `kubernetes_unavailable`, `storage_*`.
 */
export async function obtainHelm(
  settings: DevClusterSettings,
  onProgress: OnProgress,
): Promise<string> {
  const folder = join(dirname(settings.cacheFolder), 'helm', helmVersion);
  const helm = join(folder, 'helm');
  if (await isProgram(helm)) return helm;
  await withCacheLock(
    join(folder, 'lock'),
    async () => {
      // Whoever held the lock before may have brought it.
      if (await isProgram(helm)) return;
      await buildPrograms({ recipe: helmRecipe(), folder, settings, onProgress });
    },
    (holder) =>
      onProgress({ phase: 'look', message: `waiting for ${holder}, which is building helm` }),
  );
  return helm;
}
