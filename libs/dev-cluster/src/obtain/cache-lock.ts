import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { storageError, systemCode } from './storage-error.ts';

export interface LockTimes {
  readonly refreshMs: number;
  /** A lock that was not refreshed for so long belongs to nobody. */
  readonly staleMs: number;
  readonly pollMs: number;
}

const usual: LockTimes = { refreshMs: 3_000, staleMs: 20_000, pollMs: 250 };

/** Runs `work` while this process alone holds the lock file; `onWait` is told once who holds it. */
export async function withCacheLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: (holder: string) => void,
  times: LockTimes = usual,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw storageError(error, dirname(path));
  });
  const token = `process ${process.pid}, lock ${crypto.randomUUID()}\n`;
  let told = false;
  while (!(await take(path, token))) {
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (!told && holder !== '') onWait(holder.split(',')[0] ?? '');
    told ||= holder !== '';
    await breakWhenStale(path, holder, times);
    await wait(times.pollMs);
  }
  // The age of the file tells, not the process id: a cache may be shared between containers.
  const refresh = setInterval(() => {
    void utimes(path, new Date(), new Date()).catch(() => undefined);
  }, times.refreshMs);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if ((await readFile(path, 'utf8').catch(() => '')) === token) await rm(path, { force: true });
  }
}

async function take(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(token);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw storageError(error, dirname(path));
  }
}

async function breakWhenStale(path: string, holder: string, times: LockTimes): Promise<void> {
  const seen = await stat(path).catch(() => undefined);
  if (seen === undefined || Date.now() - seen.mtimeMs < times.staleMs) return;
  // Somebody else may have broken it and taken it anew in between: only what was seen stale may go.
  if ((await readFile(path, 'utf8').catch(() => '')) !== holder) return;
  const aside = `${path}.${crypto.randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
