import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isAppError, type Logger } from '@ambit/kernel';
import { eventually } from '@ambit/testing';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { isAlive } from './orphaned-server.ts';

const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
};

let root: string;
let dataDir: string;
const running = new Set<EmbeddedPostgres>();

async function start(
  more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir,
    logger: silent,
    settings: { fsync: 'off' },
    ...more,
  });
  running.add(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows[0] === undefined ? undefined : Object.values(rows[0])[0];
  } finally {
    await client.end();
  }
}

/** A table that the application may read, as migrations make them. */
async function keepSeven(ownerUrl: string): Promise<void> {
  await ask(ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n');
  await ask(ownerUrl, 'GRANT SELECT ON kept TO ambit_app');
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ambit-embedded-'));
  await chmod(root, 0o700);
  dataDir = join(root, 'central', 'postgres');
});

afterEach(async () => {
  for (const server of running) await server.stop();
  running.clear();
  await rm(root, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  test('runs below a folder that only its owner may enter, on loopback, without a socket file', async () => {
    const server = await start();
    expect(await ask(server.url, 'SHOW server_version_num')).toMatch(/^18/);
    expect(await ask(server.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
    const lockFile = await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8');
    expect(lockFile.split('\n').slice(3, 6)).toEqual([String(server.port), '', '127.0.0.1']);
    expect(await ask(server.url, 'SHOW data_checksums')).toBe('on');
    expect(
      await ask(server.url, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`),
    ).toBe(false);
  });

  test('case b37: the password is random and nobody else can read it or the data', async () => {
    const server = await start();
    const password = (await readFile(join(dataDir, 'password'), 'utf8')).trim();
    expect(password).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'cluster'))).mode & 0o777).toBe(0o700);
    const wrong = server.url.replace(password, 'x'.repeat(64));
    await expect(ask(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    await expect(stat(join(dataDir, 'cluster.new.pw'))).rejects.toThrow(/ENOENT/);
  });

  test('keeps data and password over a stop and a start, and stops without leaving a process', async () => {
    const first = await start({ prepare: keepSeven });
    const pid = first.pid() ?? 0;
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    const second = await start();
    expect(await ask(second.url, 'SELECT n FROM kept')).toBe(7);
  });

  test('comes back under the same address after kill -9, and says so', async () => {
    const seen: number[] = [];
    const server = await start({
      prepare: keepSeven,
      onRestart: ({ restarts }) => seen.push(restarts),
    });
    const pid = server.pid() ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect(await ask(server.url, 'SELECT n FROM kept')).toBe(7), {
      what: 'the server under its old address',
    });
    await eventually(() => expect(seen).toEqual([1]));
    expect(server.pid()).not.toBe(pid);
    expect(server.restarts()).toBe(1);
  });

  test('a server that outlived its program is ended and its data found again', async () => {
    const first = await start({ prepare: keepSeven });
    await first.stop();
    running.clear();
    const program = join(root, 'start.mjs');
    await writeFile(
      program,
      `const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)});
       const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
       const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, logger });
       process.stdout.write(String(server.pid()) + '\\n');
       setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, ['--no-warnings', '-C', '@ambit/source', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const orphan = await new Promise<number>((resolve, reject) => {
      child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
      child.once('exit', () => reject(new Error('the program ended before its server was up')));
    });
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(isAlive(orphan)).toBe(true);
    const second = await start();
    expect(isAlive(orphan)).toBe(false);
    expect(await ask(second.url, 'SELECT n FROM kept')).toBe(7);
  });

  test('a lock file that names a process of somebody else harms neither', async () => {
    const first = await start();
    await first.stop();
    const stranger = spawn('sleep', ['60']);
    try {
      await writeFile(
        join(dataDir, 'cluster', 'postmaster.pid'),
        `${stranger.pid}\n${join(dataDir, 'cluster')}\n1\n5432\n\n127.0.0.1\n 1 1\nready\n`,
      );
      const second = await start();
      expect(await ask(second.url, 'SELECT 1')).toBe(1);
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('a first start that was cut short begins again', async () => {
    await mkdir(join(dataDir, 'cluster.new', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'cluster.new', 'PG_VERSION'), '18\n');
    const server = await start();
    expect(await ask(server.url, 'SELECT 1')).toBe(1);
  });
});

describe('what stops a start is said with the next step', () => {
  test('a data folder of another PostgreSQL', async () => {
    await mkdir(join(dataDir, 'cluster'), { recursive: true });
    await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '15\n');
    const error = await start().catch((caught: unknown) => caught);
    expect(isAppError(error, 'database_unavailable')).toBe(true);
    expect((error as Error).message).toMatch(/belongs to PostgreSQL 15; .* PostgreSQL 18/);
  });

  test('a lost password', async () => {
    await (await start()).stop();
    await rm(join(dataDir, 'password'));
    await expect(start()).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('password'),
    });
  });

  test('a place that cannot be written', async () => {
    await writeFile(join(root, 'central'), 'a file');
    await expect(start()).rejects.toMatchObject({ code: 'storage_unwritable' });
  });
});
