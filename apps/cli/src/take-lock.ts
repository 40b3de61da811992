import { mkdir } from 'node:fs/promises';
import { lockFolder, type ReleaseFolder } from '@ambit/config';

const times = { staleMs: 90_000, refreshMs: 10_000 };
/** Who waits for a lock looks so often. */
export const lockPollMs = 100;
/** Longer than the one that is waited for may take. */
export const lockWaitMs = 25_000;

/** The way to give the lock back; `taken` while another process has it, `none` where there can be none. */
export async function takeLock(folder: string): Promise<ReleaseFolder | 'taken' | 'none'> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return (await lockFolder(folder, times, () => undefined)) ?? 'taken';
  } catch {
    return 'none';
  }
}
