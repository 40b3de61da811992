import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { excessRights, openDatabase } from '@ambit/persistence';
import { eventually, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral, testSettings, user } from './central.test-support.ts';
import { migrate } from './maintenance/migrate.ts';

const page = new URL('../../../docs/how-to/external-database.md', import.meta.url);
const roles = 'central_owner, central_app, central_audit';
const auditVariable = 'AMBIT_DATABASE_AUDIT_URL';
let db: TestDatabase;
let central: TestCentral | undefined;

beforeAll(async () => {
  db = await testDatabase();
  await asSuperuser(await printed('sql'));
});
afterEach(async () => {
  await central?.stop();
  central = undefined;
});
afterAll(async () => {
  await asSuperuser(`DROP DATABASE ambit_central WITH (FORCE);\nDROP ROLE ${roles};`);
  await db.close();
});

async function printed(language: string): Promise<string> {
  const text = await readFile(page, 'utf8');
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when somebody listens. */
function dial(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

async function asSuperuser(script: string): Promise<void> {
  const superuser = await openDatabase({ url: db.superuserUrl, logger: silentLogger });
  for (const statement of script.split(';\n').filter((one) => one.trim() !== ''))
    await superuser.query(statement);
  await superuser.close();
}

/** The variables of the page, on the server of this run. */
async function variables(...wanted: readonly string[]): Promise<Record<string, string>> {
  const { host } = new URL(db.superuserUrl);
  const lines = (await printed('sh')).matchAll(/export (\w+)=(\S+)/g);
  return Object.fromEntries(
    [...lines]
      .filter(([, name = '']) => wanted.includes(name))
      .map(([, name, url = '']) => [name, url.replace('db.example.com', host)]),
  );
}

const start = async (
  flags: Record<string, string>,
  ...wanted: readonly string[]
): Promise<TestCentral> => {
  const env = await variables('AMBIT_DATABASE_URL', ...wanted);
  const { AMBIT_DATABASE_URL = '' } = env;
  central = await TestCentral.start(AMBIT_DATABASE_URL, {
    flags,
    env: { AMBIT_DATABASE_OWNER_URL: '', AMBIT_DATABASE_AUDIT_URL: '', ...env },
  });
  return central;
};

describe('a PostgreSQL of one’s own, made with the SQL of the how-to as it is printed', () => {
  test('is refused with the command that makes it ready, while the owner has not been there', async () => {
    await expect(start({})).rejects.toMatchObject({
      code: 'not_ready',
      extras: { nextCommand: 'ambit-central migrate' },
    });
  });

  test('serves after migrate with roles that cannot rewrite the trail, and without the owner', async () => {
    const env = await variables(
      'AMBIT_DATABASE_OWNER_URL',
      'AMBIT_DATABASE_URL',
      'AMBIT_DATABASE_AUDIT_URL',
    );
    const lines: string[] = [];
    await migrate(await testSettings({}, env), (line) => lines.push(line));
    expect(lines.at(-1)).toMatch(/^The database is ready; \d+ migrations ran/);
    const flags = { databaseRights: 'refuse' };
    const running = await start(flags, 'AMBIT_DATABASE_AUDIT_URL');
    await running.apply(user('ada'));
    const { body } = await running.get('/audit/events?type=user.created');
    expect(body.items).toHaveLength(1);
    await eventually(async () => expect((await running.health('/readyz')).status).toBe(200));
    for (const url of [env['AMBIT_DATABASE_URL'], env['AMBIT_DATABASE_AUDIT_URL']]) {
      const database = await openDatabase({ url: url ?? '', logger: silentLogger });
      expect(await excessRights(database)).toEqual([]);
      for (const attack of ['DELETE FROM audit_events', 'CREATE TEMP TABLE t (n integer)'])
        await expect(database.query(attack)).rejects.toMatchObject({ code: 'not_ready' });
      await database.close();
    }
  });
});

const bouncer = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path));
if (bouncer === undefined) console.log('there is no pgbouncer, so nothing is tested through it');
const pooled = bouncer === undefined ? describe.skip : describe;

pooled('through PgBouncer, set as the how-to says', () => {
  let pooler: ChildProcess | undefined;
  let folder: string;
  // Keys of another central were made for the database of before.
  beforeAll(async () => {
    const made = (await printed('sql')).split('\n').filter((line) => !/ ROLE /.test(line));
    await asSuperuser(`DROP DATABASE ambit_central WITH (FORCE);\n${made.join('\n')}`);
    const owner = await variables('AMBIT_DATABASE_OWNER_URL', 'AMBIT_DATABASE_URL', auditVariable);
    await migrate(await testSettings({}, owner), () => undefined);
  });
  afterEach(async () => {
    await central?.stop();
    central = undefined;
    pooler?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** URLs of the page by way of a pooler with these lines in its file. */
  async function pool(...lines: readonly string[]): Promise<Record<string, string>> {
    const env = await variables('AMBIT_DATABASE_URL', auditVariable);
    const port = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'ambit-pgbouncer-'));
    const urls = Object.values(env).map((url) => new URL(url));
    const users = urls.map(({ username, password }) => `"${username}" "${password}"`);
    await writeFile(join(folder, 'users'), `${users.join('\n')}\n`);
    const { hostname, port: at } = new URL(db.superuserUrl);
    const settings = [
      ...['[databases]', `* = host=${hostname} port=${at}`, '[pgbouncer]', `listen_port = ${port}`],
      ...['listen_addr = 127.0.0.1', 'unix_socket_dir =', 'auth_type = scram-sha-256'],
      ...[`auth_file = ${join(folder, 'users')}`, 'default_pool_size = 50', ...lines],
    ];
    await writeFile(join(folder, 'pgbouncer.ini'), `${settings.join('\n')}\n`);
    // It does not run as root, and reads its files as whom it runs.
    await chmod(folder, 0o755);
    const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const args = [...account, join(folder, 'pgbouncer.ini')];
    pooler = spawn(bouncer ?? '', args, { stdio: 'ignore' });
    await eventually(() => dial(port));
    return Object.fromEntries(
      Object.entries(env).map(([name, url]) => [
        name,
        url.replace(new URL(url).host, `127.0.0.1:${port}`),
      ]),
    );
  }

  test('one that is not set so is refused with where to look', async () => {
    const { AMBIT_DATABASE_URL = '', ...audit } = await pool('pool_mode = session');
    const env = { AMBIT_DATABASE_OWNER_URL: '', ...audit };
    await expect(TestCentral.start(AMBIT_DATABASE_URL, { env })).rejects.toMatchObject({
      code: 'database_unavailable',
      extras: { hint: expect.stringContaining('external-database.md') },
    });
  });

  const asPrinted = async (): Promise<string[]> => (await printed('ini')).trim().split('\n');

  /** Central by way of the pooler: a change, a second replica that hears of it, and jobs. */
  async function works(more: Readonly<Record<string, string>>): Promise<void> {
    const { AMBIT_DATABASE_URL = '', ...audit } = await pool(...(await asPrinted()));
    const env = { AMBIT_DATABASE_OWNER_URL: '', ...audit, ...more };
    central = await TestCentral.start(AMBIT_DATABASE_URL, { env, dataDir: join(folder, 'data') });
    const running = central;
    await running.apply(user('ada'), user('ben'));
    await eventually(async () => expect((await running.health('/readyz')).status).toBe(200));
    // What recurs is known to the queue: it found its tables, or its Redis.
    await eventually(async () => {
      const { text } = await running.health('/metrics');
      expect(text).toMatch(/^ambit_queue_jobs\{queue="ambit",state="(completed|delayed)"\} [1-9]/m);
    });
    expect(running.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  }

  test('set so, central works, with its jobs in PostgreSQL', () => works({}));

  test('with transactions pooled it does not start, and says what to set', async () => {
    const lines = (await asPrinted()).map((line) => line.replace('= session', '= transaction'));
    const { AMBIT_DATABASE_URL = '', ...audit } = await pool(...lines);
    const env = { AMBIT_DATABASE_OWNER_URL: '', ...audit };
    await expect(TestCentral.start(AMBIT_DATABASE_URL, { env })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('gives connections away between transactions'),
      extras: { hint: expect.stringContaining('pool_mode = session') },
    });
  });
});

test('a start without the tables of jobs is refused with the command that makes them', async () => {
  const fresh = await testDatabase();
  const env = { AMBIT_DATABASE_OWNER_URL: '' };
  await expect(TestCentral.start(fresh.url, { env })).rejects.toMatchObject({
    code: 'not_ready',
    extras: { nextCommand: 'ambit-central migrate' },
  });
  await fresh.close();
});

describe('one role for everything', () => {
  test('works, says what it means, and is refused where the setting says so', async () => {
    const owned = { AMBIT_DATABASE_OWNER_URL: '' };
    central = await TestCentral.start(db.ownerUrl, { env: owned });
    await central.apply(user('ada'));
    expect(JSON.stringify(central.logger.lines)).toMatch(/ambit_owner owns the audit trail/);
    const refusing = TestCentral.start(db.ownerUrl, {
      env: owned,
      flags: { databaseRights: 'refuse' },
    });
    await expect(refusing).rejects.toMatchObject({
      code: 'config_invalid',
      extras: { why: expect.stringContaining('owns the audit trail') },
    });
  });
});
