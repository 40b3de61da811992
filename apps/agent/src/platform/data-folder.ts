import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFolder, requireOwnTree } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import { isStorageFull } from '../state/durable-file.ts';

/** What the agent of one cluster keeps, and where. */
export interface DataFolder {
  readonly path: string;
  readonly identity: string;
  readonly state: string;
  readonly highWater: string;
  /** Which replica wrote this disk last. */
  readonly replica: string;
  /** Steps of the state that no commit explains, of which something is held back. */
  readonly unexplained: string;
  readonly inventory: string;
  readonly spool: string;
  /** Writes that are announced before they leave. */
  readonly writes: string;
  release(): Promise<void>;
}

/** The folder of one cluster under the data folder. */
export function clusterFolder(dataDir: string, kubeSystemUid: string): string {
  return join(dataDir, 'agents', kubeSystemUid);
}

/** The folder of what vouches for the token webhook: the API server is given it before there is a cluster to name. */
export function webhookFolder(dataDir: string): string {
  return join(dataDir, 'webhook');
}

/** A lock whose holder cannot be looked for, as it was on another machine, is taken over after this time, in milliseconds. */
const staleMs = 5_000;

/**
 * Takes `<data>/agents/<uid of kube-system>` for this process alone. With `wait` it waits out the lock of an agent
 * that was killed. Throws `config_invalid` when others could change what is in it, `storage_unwritable` or `storage_full` when the folder cannot be used and
 * `data_folder_locked` when another process has it.
 */
export async function openDataFolder(
  dataDir: string,
  kubeSystemUid: string,
  wait: { readonly logger: Logger; readonly signal: AbortSignal } | 'no wait',
): Promise<DataFolder> {
  const path = clusterFolder(dataDir, kubeSystemUid);
  try {
    await requireOwnTree({ dataDir, folder: path, secrets: ['identity'] });
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw isAppError(error) ? error : unusable(path, error);
  }
  const release = wait === 'no wait' ? await lock(path) : await lockPatiently(path, wait);
  return {
    path,
    identity: join(path, 'identity'),
    state: join(path, 'state'),
    highWater: join(path, 'state', 'high-water.json'),
    replica: join(path, 'state', 'replica'),
    unexplained: join(path, 'state', 'unexplained'),
    inventory: join(path, 'inventory'),
    spool: join(path, 'spool'),
    writes: join(path, 'writes'),
    release,
  };
}

async function lockPatiently(
  path: string,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<() => Promise<void>> {
  const until = performance.now() + staleMs + 2_000;
  let told = false;
  for (;;) {
    try {
      return await lock(path);
    } catch (error) {
      const over = signal.aborted || performance.now() > until;
      if (over || !isAppError(error, 'data_folder_locked')) throw error;
      if (!told)
        logger.warn('the data folder is locked: an agent runs, or one was killed', { path });
      told = true;
      await sleep(500, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  try {
    const release = await lockFolder(path, { staleMs, refreshMs: 1_000 });
    if (release === undefined) throw locked(path);
    return release;
  } catch (error) {
    throw isAppError(error) ? error : unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): AppError {
  return isStorageFull(cause)
    ? new AppError('storage_full', `The data folder ${path} cannot be used.`, {
        hint: 'Free space on that volume.',
        cause,
      })
    : new AppError('storage_unwritable', `The data folder ${path} cannot be used.`, {
        why: `The system says ${(cause as Error).message}.`,
        hint: 'Give it to this user, or name another with --data-dir or AMBIT_DATA_DIR.',
        cause,
      });
}

function locked(path: string): AppError {
  return new AppError('data_folder_locked', 'Another agent of this cluster runs.', {
    why: `It holds the data folder ${path}.`,
    hint: 'Stop it first. After a crash of its machine the lock frees itself within 5 s.',
  });
}
