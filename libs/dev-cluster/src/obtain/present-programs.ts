import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DevClusterSettings } from '../settings.ts';
import { findPrograms } from './find-programs.ts';
import { kubernetesVersion } from './pins.ts';
import { completePrograms, describeSources, type SomePrograms } from './programs.ts';

export interface PresentPrograms {
  readonly programs: SomePrograms;
  /** Why something that is there was not taken. */
  readonly passedOver: string | undefined;
}

/** The folder of the cache that holds the pinned version. */
export function versionFolder(settings: DevClusterSettings): string {
  return join(settings.cacheFolder, kubernetesVersion);
}

/** What stands ready without any network: `KUBEBUILDER_ASSETS` before the cache, each program alone. */
export async function presentPrograms(settings: DevClusterSettings): Promise<PresentPrograms> {
  const cached = await findPrograms(versionFolder(settings), 'cache');
  const assets = await findPrograms(settings.assetsFolder, 'assets');
  const passedOver = await unfit(assets);
  return { programs: passedOver === undefined ? { ...cached, ...assets } : cached, passedOver };
}

/** Where real programs stand ready, as a phrase such as "the cache (/home/me/.cache/…)"; undefined when one is missing. */
export async function kubernetesAtHand(settings: DevClusterSettings): Promise<string | undefined> {
  const complete = completePrograms((await presentPrograms(settings)).programs);
  return complete === undefined ? undefined : describeSources(complete);
}

// A controller manager may not be newer than its API server, and folders made for envtest have none:
// ours is put beside theirs, which works within one version only.
async function unfit(assets: SomePrograms): Promise<string | undefined> {
  const apiServer = assets['kube-apiserver'];
  if (apiServer === undefined || assets['kube-controller-manager'] !== undefined) return undefined;
  const said = await promisify(execFile)(apiServer.path, ['--version'], { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim().replace('Kubernetes ', ''),
    () => 'unknown',
  );
  if (said === kubernetesVersion) return undefined;
  return `KUBEBUILDER_ASSETS is passed over: it has no kube-controller-manager, and its kube-apiserver is ${said || 'unknown'} instead of ${kubernetesVersion}`;
}
