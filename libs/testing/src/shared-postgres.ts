import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Database, grantRights, openDatabase, roleNames } from '@ambit/persistence';
import { eventually } from './eventually.ts';
import { silentLogger } from './silent-logger.ts';

export const templateName = 'ambit_template';

interface RunFolder {
  readonly dir: string;
  readonly pid: string;
}

/** Set by the global setup of the run (`test/support/test-run-setup.mjs`). */
function runFolder(): RunFolder {
  const dir = process.env['AMBIT_TEST_RUN_DIR'];
  const pid = process.env['AMBIT_TEST_RUN_PID'];
  if (dir === undefined || pid === undefined) {
    throw new Error('testDatabase() needs the global setup test/support/test-run-setup.mjs');
  }
  return { dir, pid };
}

/** The URL of a database for one of its roles; all of them have the password of the superuser, who is meant unless told. */
export function databaseUrl(serverUrl: string, database: string, role?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (role !== undefined) url.username = role;
  return url.href;
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

async function startServer({ dir, pid }: RunFolder): Promise<string> {
  // Another version of PostgreSQL than the one we bring; its user is a superuser. One template and our roles are left there.
  const given = process.env['AMBIT_TEST_DATABASE_URL'];
  if (given !== undefined && given !== '') return given;
  const program = fileURLToPath(new URL('./shared-postgres-server.ts', import.meta.url));
  const log = await open(join(dir, 'server.log'), 'a');
  const child = spawn(
    process.execPath,
    ['--no-warnings', '-C', '@ambit/source', program, dir, pid],
    { detached: true, stdio: ['ignore', 'ignore', log.fd] },
  );
  child.unref();
  await log.close();
  return eventually(
    async () => {
      const server = await readJson<{ url: string }>(join(dir, 'server.json'));
      if (server !== undefined) return server.url;
      throw new Error((await readFile(join(dir, 'server.log'), 'utf8')).slice(-2_000) || 'silent');
    },
    { withinMs: 60_000, what: 'the start of the test database' },
  );
}

async function makeRoles(server: Database, password: string): Promise<void> {
  for (const role of Object.values(roleNames)) {
    const found = await server.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    if (found.length === 0) await server.query(`CREATE ROLE ${role}`);
    await server.query(`ALTER ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
  }
}

/** Migrated by the owner, with the rights of the other two. */
async function makeTemplate(serverUrl: string): Promise<void> {
  const server = await openDatabase({ url: serverUrl, logger: silentLogger, maxConnections: 1 });
  await makeRoles(server, decodeURIComponent(new URL(serverUrl).password));
  await server.query(`DROP DATABASE IF EXISTS ${templateName} WITH (FORCE)`);
  await server.query(`CREATE DATABASE ${templateName} OWNER ${roleNames.owner}`);
  await server.close();
  const url = databaseUrl(serverUrl, templateName, roleNames.owner);
  const template = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
  await template.migrate();
  await grantRights(template, roleNames);
  await template.close();
}

/** Starts the server and makes the migrated template: once a run, by whoever comes first; the others wait for the word. */
async function prepare(run: RunFolder): Promise<void> {
  const word = { url: '', failed: '' };
  try {
    word.url = await startServer(run);
    await makeTemplate(word.url);
  } catch (error) {
    word.failed = error instanceof Error ? error.message : String(error);
  }
  await writeFile(join(run.dir, 'ready.new'), JSON.stringify(word));
  await rename(join(run.dir, 'ready.new'), join(run.dir, 'ready.json'));
}

/** The address of the run's server, with the template made. */
export async function sharedServerUrl(): Promise<string> {
  const run = runFolder();
  await mkdir(run.dir, { recursive: true, mode: 0o700 });
  const first = await mkdir(join(run.dir, 'starting')).then(
    () => true,
    () => false,
  );
  if (first) await prepare(run);
  return eventually(
    async () => {
      const word = await readJson<{ url: string; failed: string }>(join(run.dir, 'ready.json'));
      if (word === undefined) throw new Error('another worker is still starting it');
      if (word.failed !== '') throw new Error(word.failed);
      return word.url;
    },
    { withinMs: 90_000, what: 'the test database' },
  );
}
