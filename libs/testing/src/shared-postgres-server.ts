/**
 * The database server of one test run, as a process of its own: the worker that needed it first may end long before the
 * others. It ends itself when the run is gone, however the run ended.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@ambit/kernel';
import { startEmbeddedPostgres } from '@ambit/persistence/embedded';

const [runDir, runPid] = process.argv.slice(2);
if (runDir === undefined || runPid === undefined) throw new Error('usage: RUN_DIR RUN_PID');

const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: console.error,
  child: () => quiet,
};

function runIsAlive(): boolean {
  try {
    process.kill(Number(runPid), 0);
    return true;
  } catch {
    return false;
  }
}

const server = await startEmbeddedPostgres({
  dataDir: join(runDir, 'postgres'),
  logger: quiet,
  settings: {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    max_wal_size: '4GB',
    checkpoint_timeout: '1h',
    // Of the passwords that are set from now on: what slows a thief down slows hundreds of connections down here.
    scram_iterations: '1',
  },
});
const secret = (await readFile(join(runDir, 'postgres', 'superuser.password'), 'utf8')).trim();
const url = `postgres://postgres:${secret}@127.0.0.1:${server.port}/postgres`;
await writeFile(join(runDir, 'server.new'), JSON.stringify({ url, pid: process.pid }));
await rename(join(runDir, 'server.new'), join(runDir, 'server.json'));

await new Promise<void>((resolve) => {
  process.once('SIGTERM', resolve);
  setInterval(() => {
    if (!runIsAlive()) resolve();
  }, 500);
});
await server.stop();
await rm(runDir, { recursive: true, force: true });
process.exit(0);
