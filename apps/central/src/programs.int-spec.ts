import {
  chmod,
  cp,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase, runningEmbeddedUrl } from '@ambit/persistence';
import { eventually, silentLogger, testDatabase } from '@ambit/testing';
import { parseJoinToken } from '@ambit/transport';
import { cluster, user } from './central.test-support.ts';
import { freePorts, Program } from './program.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let dataDir = '';
const running: Program[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ambit-central-program-'));
});
afterEach(async () => {
  for (const program of running.splice(0)) await program.kill('SIGTERM');
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const serving = (...more: string[]): string[] => ['--data-dir', dataDir, ...freePorts, ...more];

async function started(...more: string[]): Promise<Program> {
  return startedWith(serving(...more));
}

async function startedWith(args: readonly string[]): Promise<Program> {
  const program = new Program(args);
  running.push(program);
  await program.ready();
  return program;
}

async function ran(
  ...args: string[]
): Promise<{ readonly code: number | string; readonly output: string }> {
  const program = new Program(args);
  const code = await program.exited;
  return { code, output: program.output };
}

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  readonly body: any;
}

async function call(
  program: Program,
  token: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${program.rest}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const apply = (program: Program, token: string, ...objects: object[]): Promise<Answer> =>
  call(program, token, '/apply', { objects });

const health = async (program: Program): Promise<string> =>
  (await fetch(program.found(/health +(\S+)/))).text();

const postmaster = async (): Promise<number> => {
  const file = join(dataDir, 'central/postgres/cluster/postmaster.pid');
  return Number((await readFile(file, 'utf8')).split('\n')[0]);
};

let token = '';
let joinToken = '';

describe('ambit-central', () => {
  test('case b37: keeps the first admin token and its keys to itself and prints none where no terminal is, ends with 0', async () => {
    const program = await started();
    expect(program.output).not.toContain('amb_');
    const tokenFile = join(dataDir, 'central/first-admin.token');
    await eventually(() => expect(program.found(/The admin token is in (\S+),/)).toBe(tokenFile));
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    token = (await readFile(tokenFile, 'utf8')).trim();
    expect((await call(program, token, '/me')).body).toMatchObject({ role: 'admin' });
    const keys = join(dataDir, 'central/keys');
    expect((await stat(keys)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(keys))
      expect({ name, mode: (await stat(join(keys, name))).mode & 0o777 }).toEqual({
        name,
        mode: 0o600,
      });
    expect(await health(program)).toContain('ready');
    expect(await program.kill('SIGTERM')).toBe(0);
    expect(program.output).not.toMatch(/"level":"(warn|error)"/);
  });

  test('tokens are made, listed and revoked beside a stopped and beside a running central', async () => {
    const made = await ran(
      'token',
      'create',
      '--data-dir',
      dataDir,
      '--name',
      'ci',
      '--role',
      'viewer',
    );
    expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/^amb_\w+\n$/) });
    const program = await started();
    expect(program.output).not.toContain('first start');
    expect((await call(program, made.output.trim(), '/me')).body).toMatchObject({ role: 'viewer' });
    const listed = await ran('token', 'list', '--data-dir', dataDir);
    expect(await ran('token', 'ls', '--data-dir', dataDir)).toEqual(listed);
    expect(listed.output).toMatch(/^ci +viewer +active/m);
    expect(listed.output).not.toContain('amb_');
    await ran('token', 'revoke', '--data-dir', dataDir, 'ci');
    expect((await call(program, made.output.trim(), '/me')).body).toMatchObject({
      code: 'token_revoked',
    });
    expect(
      await ran('token', 'create', '--data-dir', dataDir, '--name', 'x', '--role', 'king'),
    ).toMatchObject({
      code: 1,
      output: expect.stringContaining('Roles: admin'),
    });
  });

  test('a name is taken and printed without acting on the terminal, also one of an earlier release', async () => {
    const hostile = 'x\u001b[2J\u202e\nci';
    const program = await started();
    const refused = await ran('token', 'create', '--data-dir', dataDir, '--name', hostile);
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringContaining('cannot name a Token'),
    });
    await ran('token', 'create', '--data-dir', dataDir, '--name', 'older');
    const url = (await runningEmbeddedUrl(join(dataDir, 'central/postgres'))) ?? '';
    const database = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
    await database.query('UPDATE api_tokens SET name = $1 WHERE name = $2', [hostile, 'older']);
    await database.close();
    const listed = await ran('token', 'list', '--data-dir', dataDir);
    expect(listed.output).toMatch(/^x\\u001b\[2J\\u202e\\u000aci +admin/m);
    for (const output of [refused.output, listed.output, program.output])
      expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('says what it cannot have: a port, the folder, a place to write', async () => {
    const program = await started();
    const second = await ran(...serving());
    expect(second).toMatchObject({
      code: 1,
      output: expect.stringContaining('Another ambit-central'),
    });
    const other = await mkdtemp(join(tmpdir(), 'ambit-central-other-'));
    const db = await testDatabase();
    const taken = new URL(program.rest).host;
    for (const flag of ['--listen', '--agent-listen', '--health-listen']) {
      const args = ['--data-dir', other, ...without(flag), flag, taken];
      const refused = new Program(args, { AMBIT_DATABASE_URL: db.url });
      expect({ flag, code: await refused.exited }).toEqual({ flag, code: 1 });
      expect(refused.output).toContain('is taken');
    }
    await db.close();
    const file = join(other, 'a-file');
    await writeFile(file, '');
    const nowhere = await ran('--data-dir', file, ...freePorts);
    expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('--data-dir') });
    await rm(other, { recursive: true, force: true });
  });

  test('refuses a bad configuration with 78 and everything that is wrong', async () => {
    const { code, output } = await ran(
      '--listen',
      '0.0.0.0:x',
      '--audit-retention',
      '1m',
      '--roles',
      'king',
    );
    expect(code).toBe(78);
    for (const name of ['listen', 'audit-retention', 'roles']) expect(output).toContain(name);
    const open = await ran('--data-dir', dataDir, '--listen', '0.0.0.0:0');
    expect(open).toMatchObject({ code: 78, output: expect.stringContaining('plain HTTP') });
    const help = await ran('--help');
    expect(help.code).toBe(0);
    for (const name of ['AMBIT_DATABASE_URL', '--agent-listen', 'AMBIT_REDIS_URL', '--tls-cert'])
      expect(help.output).toContain(name);
  });

  test('refuses keys that others may read, that are missing, or that belong to another database', async () => {
    const keys = join(dataDir, 'central/keys');
    const saved = await mkdtemp(join(tmpdir(), 'ambit-central-keys-'));
    await cp(keys, saved, { recursive: true, preserveTimestamps: true });
    await chmod(join(keys, 'ca.key'), 0o644);
    expect(await ran(...serving())).toMatchObject({
      code: 78,
      output: expect.stringContaining('chmod 600'),
    });
    await chmod(join(keys, 'ca.key'), 0o600);
    await rm(join(keys, 'state-signing.key'));
    expect(await ran(...serving())).toMatchObject({
      code: 78,
      output: expect.stringContaining('missing'),
    });
    await cp(join(keys, 'epoch.key'), join(keys, 'state-signing.key'));
    expect(await ran(...serving())).toMatchObject({
      code: 78,
      output: expect.stringContaining('not those of this database: state-signing.key'),
    });
    await cp(saved, keys, { recursive: true, force: true });
    await rm(saved, { recursive: true, force: true });
  });
});

describe('the data folder', () => {
  const refused = async (command: string): Promise<void> => {
    for (const args of [serving(), ['token', 'list', '--data-dir', dataDir]]) {
      const { code, output } = await ran(...args);
      expect({ code, output }).toEqual({ code: 78, output: expect.stringContaining(command) });
    }
  };

  test('that others may write, or that is reached by a link, is refused with the command that mends it', async () => {
    const keys = join(dataDir, 'central/keys');
    await chmod(dataDir, 0o770);
    await refused(`chmod go-w ${dataDir}`);
    await chmod(dataDir, 0o700);
    await chmod(keys, 0o707);
    await refused(`chmod go-w ${keys}`);
    await chmod(keys, 0o700);
    const elsewhere = `${dataDir}-keys`;
    await rename(keys, elsewhere);
    await symlink(elsewhere, keys);
    await refused(`rm ${keys} && cp -a ${elsewhere} ${keys}`);
    await rm(keys);
    await rename(elsewhere, keys);
  });

  test('holds no epoch key when the installer gives it another place, and serving does without', async () => {
    const other = await mkdtemp(join(tmpdir(), 'ambit-central-epoch-'));
    const epochKey = join(other, 'epoch.key');
    const args = ['--data-dir', join(other, 'data'), ...freePorts];
    const first = await startedWith([...args, '--epoch-key-file', epochKey]);
    await first.kill('SIGTERM');
    expect((await stat(epochKey)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(other, 'data/central/keys'))).not.toContain('epoch.key');
    await rename(epochKey, `${epochKey}.away`);
    const second = await startedWith([...args, '--epoch-key-file', epochKey]);
    expect(await health(second)).toContain('ready');
    await second.kill('SIGTERM');
    const raise = ['epoch', 'raise', '--data-dir', join(other, 'data'), '--epoch-key-file'];
    expect(await ran(...raise, epochKey)).toMatchObject({ code: 78 });
    expect((await ran(...raise, `${epochKey}.away`)).output).not.toContain('is missing');
    await rm(other, { recursive: true, force: true });
  });
});

describe('faults', () => {
  test('PostgreSQL killed: 503 and not ready while it is gone, and everything goes on by itself', async () => {
    const program = await started();
    await apply(program, token, cluster('faulty'));
    joinToken = (await call(program, token, '/clusters/faulty/join-tokens', {})).body.token;
    const agent = new TestAgent(
      await enrolAgent(program.agents, joinToken, 'ks-faulty'),
      'ks-faulty',
    );
    agent.connect(program.agents);
    await eventually(() => expect(agent.revision).toBeDefined());
    const pid = await postmaster();
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      const { status, body } = await call(program, token, '/users');
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'database_unavailable' });
    });
    await eventually(async () => expect(await health(program)).toContain('[-] database'));
    await eventually(async () => expect((await call(program, token, '/users')).status).toBe(200));
    await eventually(async () =>
      expect(await health(program)).toMatch(/^\[\+] database[\s\S]*\nready/),
    );
    expect(await postmaster()).not.toBe(pid);
    expect((await apply(program, token, user('after'))).status).toBe(200);
    expect(agent.ended).toBe(false);
    agent.close();
  });

  test('central killed at any moment: what was acknowledged is there, and the folder is free at once', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 2; round++) {
      const program = await started();
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let at = 0; ; at++) {
          const name = `k-${round}-${writer}-${at}`;
          const { status } = await apply(program, token, user(name));
          if (status === 200) acknowledged.push(name);
        }
      });
      await eventually(() => expect(acknowledged.length).toBeGreaterThan((round + 1) * 15));
      expect(await program.kill('SIGKILL')).toBe('SIGKILL');
      await Promise.allSettled(writers);
    }
    const program = await started();
    const found = new Set<string>();
    for (let next = ''; ;) {
      const { body } = await call(program, token, `/users?limit=500&q=k-${next}`);
      for (const { metadata } of body.items) found.add(metadata.name);
      if (body.metadata.continue === undefined) break;
      next = `&continue=${encodeURIComponent(body.metadata.continue)}`;
    }
    expect(acknowledged.filter((name) => !found.has(name))).toEqual([]);
    const trail = await call(program, token, '/audit/events?type=user.created&limit=500');
    const written = new Set(
      trail.body.items.map((item: { object: { name: string } }) => item.object.name),
    );
    expect(acknowledged.filter((name) => !written.has(name))).toEqual([]);
  });

  test('after a restart the wanted revision of a cluster is known once its agent is back', async () => {
    const program = await started();
    const { body } = await call(program, token, '/clusters/faulty/join-tokens', {});
    const agent = new TestAgent(
      await enrolAgent(program.agents, body.token, 'ks-faulty'),
      'ks-faulty',
    );
    const status = async () => (await call(program, token, '/clusters/faulty')).body.status;
    expect(await status()).not.toHaveProperty('desiredRevision');
    agent.connect(program.agents);
    await eventually(async () => {
      const { acceptedRevision, desiredRevision } = await status();
      expect(acceptedRevision).toBeGreaterThan(0);
      expect(desiredRevision).toBe(acceptedRevision);
    });
    agent.close();
  });

  test('case b44: a revoked agent that dials while central starts is never admitted', async () => {
    const first = await started();
    const { agents: address } = first;
    const { body } = await call(first, token, '/clusters/faulty/join-tokens', {});
    const agent = new TestAgent(await enrolAgent(address, body.token, 'ks-faulty'), 'ks-faulty');
    agent.connect(address);
    await eventually(() => expect(agent.revision).toBeDefined());
    await call(first, token, '/clusters/faulty/revoke-agent', {});
    await eventually(() => expect(agent.ended).toBe(true));
    await first.kill('SIGKILL');
    agent.heard.length = 0;
    const refusals: string[] = [];
    let starting = true;
    const dialling = (async () => {
      while (starting) {
        agent.close();
        agent.connect(address);
        await eventually(() => expect(agent.ended).toBe(true));
        refusals.push(agent.endedBy?.code ?? 'nothing');
      }
    })();
    await startedWith(
      serving().map((one, i, all) => (all[i - 1] === '--agent-listen' ? address : one)),
    );
    await eventually(() =>
      expect(refusals.filter((code) => code === 'certificate_revoked').length).toBeGreaterThan(3),
    );
    starting = false;
    await dialling;
    expect([...new Set(refusals)].sort()).toEqual(['certificate_revoked', 'server_unreachable']);
    expect(agent.heard).toEqual([]);
  });

  test('case b55: the first admin token that was deleted does not come back', async () => {
    const made = await ran('token', 'create', '--data-dir', dataDir, '--name', 'mine');
    await ran('token', 'revoke', '--data-dir', dataDir, 'first-admin');
    const program = await started();
    expect(program.output).not.toMatch(/amb_\w+/);
    expect((await call(program, token, '/me')).status).toBe(401);
    token = made.output.trim();
    expect((await call(program, token, '/me')).status).toBe(200);
  });
});

describe('secrets', () => {
  test('case b41: neither a token nor a key is readable in the database, in the logs or in errors', async () => {
    const program = await started('--log-level', 'debug');
    const bad = `${token.slice(0, -3)}xyz`;
    expect((await call(program, bad, '/me')).status).toBe(401);
    await call(program, token, `/users?nonsense=${token}`);
    const made = await call(program, token, '/tokens', { name: 'canary', role: 'viewer' });
    const again = (await call(program, token, '/clusters/faulty/join-tokens', {})).body.token;
    await enrolAgent(program.agents, again, 'ks-other').catch(() => undefined);
    const url = (await runningEmbeddedUrl(join(dataDir, 'central/postgres'))) ?? '';
    const database = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
    const tables = await database.query<{ name: string }>(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    let dump = '';
    for (const { name } of tables)
      dump += JSON.stringify(await database.query(`SELECT * FROM ${name}`));
    await database.close();
    await program.kill('SIGTERM');
    const secretOf = (text: string): string => text.split('_')[2] ?? '';
    const keys = join(dataDir, 'central/keys');
    const canaries = [
      secretOf(token),
      secretOf(bad),
      secretOf(made.body.token),
      ...[joinToken, again].map((text) => parseJoinToken(text).presented.split('.')[1] ?? ''),
      new URL(url).password,
      ...(await Promise.all(
        ['ca.key', 'state-signing.key', 'epoch.key'].map(
          async (name) => (await readFile(join(keys, name), 'utf8')).split('\n')[1] ?? '',
        ),
      )),
    ];
    expect(dump.length).toBeGreaterThan(1_000);
    for (const canary of canaries) {
      expect(canary.length).toBeGreaterThan(15);
      expect(dump.includes(canary)).toBe(false);
      expect(program.output.includes(canary)).toBe(false);
    }
  });
});

function without(flag: string): string[] {
  const at = freePorts.indexOf(flag);
  return freePorts.toSpliced(at, 2);
}
