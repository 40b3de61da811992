import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { roleNames } from '../rights/role-names.ts';
import { isAlive } from './orphaned-server.ts';

/**
 * The application's URL of the embedded server that another process runs on this data folder; undefined when none runs. Secret.
 * Line 4 of postmaster.pid is the port (PostgreSQL documentation, "Database File Layout").
 */
export async function runningEmbeddedUrl(dataDir: string): Promise<string | undefined> {
  const [pidFile, password] = await Promise.all([
    readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8').catch(() => ''),
    readFile(join(dataDir, 'password'), 'utf8').catch(() => ''),
  ]);
  const [pid = '', , , port = ''] = pidFile.split('\n');
  if (password === '' || !/^\d+$/.test(pid) || !isAlive(Number(pid))) return undefined;
  return `postgres://${roleNames.application}:${password.trim()}@127.0.0.1:${port.trim()}/ambit`;
}
