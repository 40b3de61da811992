import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '@ambit/testing';
import pg from 'pg';
import { openDatabase } from '../database.ts';
import { excessRights } from '../rights/excess-rights.ts';
import { grantRights } from '../rights/grant-rights.ts';
import { roleNames } from '../rights/role-names.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

let dataDir: string;
let running: EmbeddedPostgres | undefined;
beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'ambit-former-')), 'postgres');
});
afterEach(async () => {
  await running?.stop();
  await rm(join(dataDir, '..'), { recursive: true, force: true });
});

const file = async (name: string): Promise<string> =>
  (await readFile(join(dataDir, name), 'utf8')).trim();

async function start(prepare?: (url: string) => Promise<void>): Promise<EmbeddedPostgres> {
  running = await startEmbeddedPostgres({
    dataDir,
    logger: silentLogger,
    settings: { fsync: 'off' },
    ...(prepare === undefined ? {} : { prepare }),
  });
  return running;
}

async function ask(url: string, ...statements: string[]): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: object[] = [];
    for (const statement of statements) ({ rows } = await client.query<object>(statement));
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

/** One role that owns everything and makes databases, and a superuser with the same password. */
async function makeFormer(): Promise<string> {
  const server = await start();
  const [superuser, password] = [await file('superuser.password'), await file('password')];
  const as = (user: string, secret: string, database: string): string =>
    `postgres://${user}:${secret}@127.0.0.1:${server.port}/${database}`;
  await ask(
    as('postgres', superuser, 'postgres'),
    'DROP DATABASE ambit',
    'DROP ROLE ambit_owner, ambit_app, ambit_audit',
    `CREATE ROLE ambit LOGIN CREATEDB NOSUPERUSER PASSWORD '${password}'`,
    'CREATE DATABASE ambit OWNER ambit',
    `ALTER ROLE postgres PASSWORD '${password}'`,
  );
  const url = as('ambit', password, 'ambit');
  const former = await openDatabase({ url, logger: silentLogger });
  await former.migrate();
  await former.query(
    `INSERT INTO audit_events (received_at, type, actor, event) VALUES (now(), 'user.created', 'token/x', '{"kept":true}')`,
  );
  await former.query('CREATE SCHEMA bullmq CREATE TABLE job (n integer)');
  await former.close();
  await server.stop();
  await rm(join(dataDir, 'superuser.password'));
  return password;
}

async function prepare(url: string): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger });
  await owner.migrate();
  await grantRights(owner, roleNames);
  await owner.close();
}

describe('an embedded database of a former release, where one role owned everything', () => {
  test('is taken over with its data: the owner cannot sign in, the application rewrites nothing, the old secret opens no superuser', async () => {
    const password = await makeFormer();
    const server = await start(prepare);
    const application = await openDatabase({ url: server.url, logger: silentLogger });
    expect(await application.query('SELECT event FROM audit_events')).toEqual([
      { event: { kept: true } },
    ]);
    expect(await excessRights(application)).toEqual([]);
    await expect(application.query('DELETE FROM audit_events')).rejects.toMatchObject({
      code: 'not_ready',
    });
    expect(await application.query('SELECT n FROM bullmq.job')).toEqual([]);
    await application.close();
    const at = `127.0.0.1:${server.port}`;
    await expect(ask(`postgres://postgres:${password}@${at}/ambit`, 'SELECT 1')).rejects.toThrow(
      /password authentication failed/,
    );
    for (const role of ['ambit', 'ambit_owner'])
      await expect(ask(`postgres://${role}:${password}@${at}/ambit`, 'SELECT 1')).rejects.toThrow(
        /password authentication failed|not permitted to log in/,
      );
    const secret = await file('superuser.password');
    expect((await stat(join(dataDir, 'superuser.password'))).mode & 0o777).toBe(0o600);
    const superuser = `postgres://postgres:${secret}@${at}/ambit`;
    expect(
      await ask(superuser, `SELECT rolcanlogin FROM pg_roles WHERE rolname = 'ambit_owner'`),
    ).toBe(false);
    expect(
      await ask(superuser, `SELECT tableowner FROM pg_tables WHERE tablename = 'audit_events'`),
    ).toBe('ambit_owner');
  });

  test('that was cut short while it was taken over is taken over by the next start', async () => {
    const password = await makeFormer();
    await start(() => Promise.reject(new Error('cut short'))).catch(() => undefined);
    const server = await start(prepare);
    expect(new URL(server.url).username).toBe('ambit_app');
    expect(await ask(server.url, 'SELECT count(*)::integer FROM audit_events')).toBe(1);
    await expect(
      ask(`postgres://postgres:${password}@127.0.0.1:${server.port}/ambit`, 'SELECT 1'),
    ).rejects.toThrow(/password authentication failed/);
  });
});
