import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, startEmbeddedPostgres } from '@ambit/persistence';
import type { Database, EmbeddedPostgres } from '@ambit/persistence';
import { eventually, silentLogger, testDatabase } from '@ambit/testing';
import { createCa, loadCa } from '@ambit/transport';
import { TestCentral, user } from './central.test-support.ts';

let folder: string;
let server: EmbeddedPostgres;
let superuser: Database;
let central: TestCentral | undefined;
const file = (name: string): string => join(folder, name);

async function startServer(settings: Readonly<Record<string, string>>): Promise<void> {
  const dataDir = file('postgres');
  const all = { fsync: 'off', ...settings };
  server = await startEmbeddedPostgres({ dataDir, logger: silentLogger, settings: all });
  const secret = (await readFile(join(dataDir, 'superuser.password'), 'utf8')).trim();
  const url = `postgres://postgres:${secret}@127.0.0.1:${server.port}/postgres`;
  superuser = await openDatabase({
    ...{ url, logger: silentLogger, maxConnections: 2 },
    statementTimeoutMs: 60_000,
  });
}

/** A PostgreSQL with a certificate for the name localhost, by a CA of its own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-database-tls-'));
  // The first start makes the folder into which the certificate goes.
  await startServer({});
  await superuser.close();
  await server.stop();
  const cluster = join(file('postgres'), 'cluster');
  const { uid, gid } = await stat(cluster);
  const ca = await createCa({ name: 'database', now: Date.now() });
  const issued = await (await loadCa(ca)).issueServer(['localhost'], Date.now());
  await writeFile(file('ca.pem'), ca.certificatePem);
  const strange = await createCa({ name: 'strange', now: Date.now() });
  await writeFile(file('strange.pem'), strange.certificatePem);
  const files = { 'server.crt': issued.certificateChainPem, 'server.key': issued.privateKeyPem };
  for (const [name, pem] of Object.entries(files)) {
    const path = join(cluster, name);
    await writeFile(path, pem, { mode: 0o600 });
    await chown(path, uid, gid);
  }
  await startServer({ ssl: 'on' });
  await superuser.query(`CREATE ROLE changing SUPERUSER LOGIN PASSWORD 'first-one'`);
  await writeFile(file('password'), 'first-one\n');
});
// Each central makes keys of its own for a database of its own.
beforeEach(async () => {
  await superuser.query('CREATE DATABASE ambit_central OWNER changing');
});
afterEach(async () => {
  await central?.stop();
  central = undefined;
  await superuser.query('DROP DATABASE ambit_central WITH (FORCE)');
});
afterAll(async () => {
  await superuser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const urlOf = (query: string, host = `localhost:${server.port}`): string =>
  `postgres://changing@${host}/ambit_central?${query}`;
const start = async (url: string): Promise<TestCentral> => {
  const env = { AMBIT_DATABASE_OWNER_URL: '', AMBIT_DATABASE_AUDIT_URL: '' };
  central = await TestCentral.start(url, { env });
  return central;
};
const ofCentral = `FROM pg_stat_activity WHERE usename = 'changing'`;
const trusted = (): string => `passwordfile=${file('password')}&sslrootcert=${file('ca.pem')}`;

describe('a PostgreSQL with TLS', () => {
  test('is used with verify-full, by every connection of central', async () => {
    const running = await start(urlOf(`sslmode=verify-full&${trusted()}`));
    await running.apply(user('ada'));
    const names = await superuser.query<{ name: string; ssl: boolean }>(
      `SELECT DISTINCT application_name AS name, ssl ${ofCentral.replace(' WHERE', ' JOIN pg_stat_ssl USING (pid) WHERE')}`,
    );
    expect(names.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ambit-central', 'ambit-central feed', 'ambit-jobs']),
    );
    expect(names.filter(({ ssl }) => !ssl)).toEqual([]);
  });

  const refused: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'under a name that is not in its certificate',
      () => urlOf(`sslmode=verify-full&${trusted()}`, `127.0.0.1:${server.port}`),
      /does not match certificate's altnames/,
    ],
    [
      'of a CA that is not the one it was told',
      () => urlOf(`sslmode=verify-full&${trusted().replace('ca.pem', 'strange.pem')}`),
      /self-signed certificate|unable to (verify|get)/,
    ],
    [
      'of a CA that nobody vouches for',
      () => urlOf(`sslmode=require&passwordfile=${file('password')}`),
      /self-signed certificate|unable to (verify|get)/,
    ],
  ];
  test.each(refused)('is refused %s, and says what to do', async (_, url, why) => {
    await expect(start(url())).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/^PostgreSQL at \S+ cannot be used for the database ambit_c/),
      extras: {
        why: expect.stringMatching(why),
        hint: expect.stringMatching(/Nothing was told to it.*sslrootcert=FILE/),
      },
    });
  });

  test('is refused where it has none', async () => {
    const plain = await testDatabase();
    await expect(start(`${plain.url}?sslmode=verify-full`)).rejects.toMatchObject({
      code: 'database_unavailable',
      extras: {
        why: expect.stringContaining('does not support SSL connections'),
        hint: expect.stringContaining('Nothing was told to it.'),
      },
    });
    await plain.close();
  });
});

describe('a password that others change', () => {
  const changeTo = async (password: string): Promise<void> => {
    await superuser.query(`ALTER ROLE changing PASSWORD '${password}'`);
    await superuser.query(`SELECT pg_terminate_backend(pid) ${ofCentral}`);
  };

  test('is taken from its file by the next connection, and central goes on', async () => {
    const running = await start(urlOf(`sslmode=verify-full&${trusted()}`));
    await writeFile(file('password'), 'second-one');
    await changeTo('second-one');
    await eventually(async () => {
      expect((await running.health('/readyz')).status).toBe(200);
      await running.apply(user('ben'));
    });
    const kinds = await superuser.query(`SELECT DISTINCT application_name ${ofCentral}`);
    expect(kinds.length).toBeGreaterThanOrEqual(2);
  });

  test('is waited for when its file comes late, and the old one is told nowhere', async () => {
    const running = await start(urlOf(`sslmode=verify-full&${trusted()}`));
    await changeTo('third-one');
    await eventually(async () => expect((await running.health('/readyz')).status).toBe(503));
    await writeFile(file('password'), 'third-one');
    await eventually(async () => expect((await running.health('/readyz')).status).toBe(200));
    await eventually(() => running.apply(user('cleo')));
    expect(JSON.stringify(running.logger.lines)).not.toMatch(/second-one|third-one/);
  });

  test('is missed at the start, with the name of the file', async () => {
    const path = file('no-such-file');
    const url = urlOf(`sslmode=verify-full&sslrootcert=${file('ca.pem')}&passwordfile=${path}`);
    await expect(start(url)).rejects.toMatchObject({
      code: 'database_unavailable',
      extras: {
        why: `The file ${path} was not read (ENOENT).`,
        hint: expect.stringContaining('passwordfile'),
      },
    });
    // A connection that got no password is closed, and not left for PostgreSQL to give up.
    await eventually(async () =>
      expect(
        await superuser.query(`SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'
          AND pid <> pg_backend_pid() AND application_name = ''`),
      ).toEqual([]),
    );
  });
});
