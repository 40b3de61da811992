import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** No credential lives longer than an hour. */
const forgottenAfterMs = 2 * 3_600_000;

/**
 * Keeps a value for the calls to come: whole or not at all, for this account alone. A folder that cannot be written is no
 * failure: then central is asked each time.
 */
export function keep(path: string, value: object): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch {
    remove(temporary);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is not there, or nothing can be done about it.
  }
}

/** Removes what belonged to sessions of before. */
export function sweep(folder: string, now: number): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (now - statSync(path).mtimeMs > forgottenAfterMs) rmSync(path, { force: true });
    }
  } catch {
    // Nothing is kept there, or another call sweeps too.
  }
}
