import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, dnsLabelProblem, isAppError, notFound } from '@ambit/kernel';
import type { DevCluster, DevClusters } from './dev-cluster.ts';
import type { DevClustersOptions } from './dev-clusters-options.ts';
import { obtainPrograms } from './obtain/obtain-programs.ts';
import type { Programs } from './obtain/programs.ts';
import { storageError } from './obtain/storage-error.ts';
import { startRealCluster } from './real/start-real-cluster.ts';
import { startSimulatedCluster } from './simulated/start-simulated-cluster.ts';

const nothing = (): void => undefined;

/**
 * Starts one isolated cluster per name, all at once; when one fails, none is left. Throws
 * `kubernetes_unavailable`, `storage_full`, `storage_unwritable`, `invalid_name`.
 */
export async function startDevClusters(options: DevClustersOptions): Promise<DevClusters> {
  checkNames(options.names);
  const { settings } = options;
  if (settings.kubernetes === 'simulated') {
    return startAll(options, 'simulated', ['Simulated clusters were asked for.']);
  }
  try {
    const { onProgress = nothing, signal } = options;
    const programs = await obtainPrograms({ settings, onProgress, signal });
    return await startAll(options, programs, []);
  } catch (error) {
    const mayFallBack = settings.kubernetes === 'auto' && !settings.requireReal;
    if (!mayFallBack || !isAppError(error, 'kubernetes_unavailable')) throw error;
    const reasons = error.extras.errors?.map((item) => item.message) ?? [error.message];
    options.onProgress?.({
      phase: 'fallback',
      message: 'no real Kubernetes could be had: simulated clusters are used',
    });
    return startAll(options, 'simulated', reasons);
  }
}

async function startAll(
  options: DevClustersOptions,
  what: Programs | 'simulated',
  reasons: readonly string[],
): Promise<DevClusters> {
  const folder = await folderFor(options.dataFolder);
  const starts = await Promise.allSettled(
    options.names.map((name) => startOne(name, `${folder}${name}`, what, options)),
  );
  const clusters = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  };
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return gather(what, clusters, reasons, stop);
}

function gather(
  what: Programs | 'simulated',
  clusters: readonly DevCluster[],
  reasons: readonly string[],
  stop: () => Promise<void>,
): DevClusters {
  return {
    kind: what === 'simulated' ? 'simulated' : 'real',
    kubectl: what === 'simulated' ? undefined : what.kubectl.path,
    clusters,
    version: clusters[0]?.version ?? '',
    source: clusters[0]?.source ?? '',
    reasons,
    cluster: (name) => {
      const found = clusters.find((cluster) => cluster.name === name);
      if (found !== undefined) return found;
      throw notFound('dev cluster', name);
    },
    stop,
  };
}

function startOne(
  name: string,
  folder: string,
  what: Programs | 'simulated',
  options: DevClustersOptions,
): Promise<DevCluster> {
  const { onProgress = nothing, signal, forTests = false, readyWithinMs = 90_000 } = options;
  const { tokenWebhook, apiServerFlags = [] } = options.callersOf?.[name] ?? options;
  if (what === 'simulated') return startSimulatedCluster({ name });
  return startRealCluster({
    name,
    programs: what,
    folder,
    forTests,
    readyWithinMs,
    apiServerFlags,
    onProgress,
    signal,
    tokenWebhook,
  });
}

/** What the paths of the clusters' folders begin with. */
async function folderFor(named: string | undefined): Promise<string> {
  // No folder around them: it would be left behind when this process is killed.
  if (named === undefined) return join(tmpdir(), `ambit-dev-${randomBytes(6).toString('hex')}-`);
  try {
    await mkdir(named, { recursive: true, mode: 0o700 });
    return join(named, '/');
  } catch (error) {
    throw storageError(error, named);
  }
}

function checkNames(names: readonly string[]): void {
  const bad = names.find((name) => dnsLabelProblem(name) !== undefined);
  if (bad !== undefined) {
    throw new AppError('invalid_name', `"${bad}" is no name of a cluster: use a-z, 0-9 and "-".`);
  }
  if (new Set(names).size === names.length) return;
  throw new AppError('invalid_name', 'Two dev clusters were asked for under one name.');
}
