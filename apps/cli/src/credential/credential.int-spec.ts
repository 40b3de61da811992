import { spawn } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { basePath } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import { commandLine, startCommand, type Finished } from '../command-run.test-support.ts';
import { SmallCentral } from '../small-central.test-support.ts';

const session = 'ambs_canary0_0123456789abcdef_zz';
let folder: string;
let central: SmallCentral;
let env: Record<string, string>;
let given: number;

const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-credential-'));
  env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
  };
  central = new SmallCentral();
  central.session = session;
  await central.start();
  given = 0;
  gives(10);
  await signIn();
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Central gives tokens that live so long; each is another. */
function gives(lifeMinutes: number): void {
  central.answers.issueCredential = () => ({
    kind: 'Credential',
    cluster: 'prod-eu',
    token: `jwt-canary-${++given}`,
    expiresAt: minutes(lifeMinutes),
    user: 'ambit:ada',
  });
}

async function signIn(token = session, server = central.url): Promise<void> {
  const path = join(folder, 'config');
  await mkdir(path, { recursive: true, mode: 0o700 });
  const text = `profiles:\n  default: {server: '${server}', token: ${token}}\n`;
  await writeFile(join(path, 'config.yaml'), text, { mode: 0o600 });
}

const plugin = (more: Record<string, string> = {}, server = central.url): Promise<Finished> =>
  startCommand(['credential', '--server', server, '--cluster', 'prod-eu'], {
    env: { ...env, ...more },
  }).finished;

const tokenOf = ({ out }: Finished): string =>
  (JSON.parse(out) as { status: { token: string } }).status.token;

async function keptFile(ending = '.json'): Promise<string> {
  const names = await readdir(join(folder, 'cache', 'credentials'));
  const name = names.find((one) => one.endsWith(ending)) ?? 'none';
  return join(folder, 'cache', 'credentials', name);
}

const asked = (): number =>
  central.operations().filter((operation) => operation === 'issueCredential').length;

describe('a credential', () => {
  test('is printed as kubectl takes it, kept for this account alone, and given again without a call', async () => {
    const first = await plugin();
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(first.out)).toEqual({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      status: {
        token: 'jwt-canary-1',
        expirationTimestamp: expect.stringMatching(/^\d{4}-.+Z$/) as unknown,
      },
    });
    expect((await stat(await keptFile())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'cache', 'credentials'))).mode & 0o777).toBe(0o700);
    await central.stop();
    expect(await plugin()).toEqual(first);
    await central.start();
    expect(asked()).toBe(1);
    expect(central.calls[0]).toMatchObject({ body: { cluster: 'prod-eu' } });
    expect(central.urls).toEqual([`${basePath}/credentials`]);
  });

  test('that ends within half a minute is asked for anew', async () => {
    gives(0.4);
    expect([tokenOf(await plugin()), tokenOf(await plugin())]).toEqual([
      'jwt-canary-1',
      'jwt-canary-2',
    ]);
    gives(0.6);
    expect([tokenOf(await plugin()), tokenOf(await plugin())]).toEqual([
      'jwt-canary-3',
      'jwt-canary-3',
    ]);
  });

  test('of twenty processes at once one asks, and all print what it got', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => plugin()));
    expect(runs.map(({ code, err }) => ({ code, err }))).toEqual(
      Array.from({ length: 20 }, () => ({ code: 0, err: '' })),
    );
    expect(new Set(runs.map(tokenOf))).toEqual(new Set(['jwt-canary-1']));
    expect(asked()).toBe(1);
  });

  test('of another session is never given out', async () => {
    await plugin();
    central.session = 'ambs_another_0123456789abcdef_zz';
    await signIn(central.session);
    expect(tokenOf(await plugin())).toBe('jwt-canary-2');
  });
});

describe('what is kept and not sound is as nothing', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['half written', (path) => writeFile(path, '{"token":"jwt-old","obtai')],
    ['empty', (path) => writeFile(path, '')],
    ['no credential', (path) => writeFile(path, 'null')],
    ['from a time to come', (path) => writeFile(path, keptText({ obtainedAt: 3_600_000 }))],
    ['open to others', (path) => chmod(path, 0o644)],
  ])('%s', async (_, spoil) => {
    await plugin();
    await spoil(await keptFile());
    expect(tokenOf(await plugin())).toBe('jwt-canary-2');
  });

  const keptText = ({ obtainedAt = 0 }): string => {
    const now = Date.now();
    return JSON.stringify({
      token: 'jwt-old',
      obtainedAt: now + obtainedAt,
      expiresAt: now + obtainedAt + 600_000,
    });
  };

  test('put there as a link', async () => {
    await plugin();
    const path = await keptFile();
    await writeFile(join(folder, 'elsewhere'), keptText({}), { mode: 0o600 });
    await rm(path);
    await symlink(join(folder, 'elsewhere'), path);
    expect(tokenOf(await plugin())).toBe('jwt-canary-2');
    await writeFile(join(folder, 'control'), keptText({}), { mode: 0o600 });
    await rm(path);
    await writeFile(path, keptText({}), { mode: 0o600 });
    expect(tokenOf(await plugin())).toBe('jwt-old');
  });

  test('files of sessions of before are swept away', async () => {
    await mkdir(join(folder, 'cache', 'credentials'), { recursive: true });
    const old = join(folder, 'cache', 'credentials', 'old.json');
    await writeFile(old, '{}');
    await utimes(old, 1, 1);
    await plugin();
    expect(await readdir(join(folder, 'cache', 'credentials'))).toHaveLength(1);
  });
});

describe('folders that cannot be written', () => {
  test('cost a call each time and nothing else', async () => {
    await writeFile(join(folder, 'cache'), '');
    await writeFile(join(folder, 'state'), '');
    expect([await plugin(), await plugin()]).toMatchObject([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
    expect(asked()).toBe(2);
  });
});

describe('no credential', () => {
  test('without a session: exit code 3 and how to sign in, nothing on standard output', async () => {
    await rm(join(folder, 'config'), { recursive: true });
    const run = await plugin();
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toContain(`next: ambit login ${central.url}\n`);
  });

  test('case b57: once the session ended: the same, and for twenty seconds central is not asked again', async () => {
    central.session = undefined;
    const run = await plugin();
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toContain(`next: ambit login ${central.url}\n`);
    const urls = central.urls.length;
    const again = await plugin();
    expect(again).toMatchObject({ code: 3, out: '' });
    expect(again.err).toMatch(/^error: .+; next: ambit login \S+ \(asked \d+s ago\)\n$/);
    expect(central.urls).toHaveLength(urls);
    const failure = await keptFile('.failed.json');
    const kept = JSON.parse(await readFile(failure, 'utf8')) as { at: number };
    await writeFile(failure, JSON.stringify({ ...kept, at: kept.at - 20_001 }));
    await plugin();
    expect(central.urls).toHaveLength(urls + 1);
    // Who signs in waits for nothing.
    central.session = 'ambs_another_0123456789abcdef_zz';
    await signIn(central.session);
    expect((await plugin()).code).toBe(0);
  });

  test('without access: exit code 4 with what central says', async () => {
    central.answers.issueCredential = () => {
      throw new AppError('permission_denied', 'You have no access to prod-eu.', {
        why: 'None of your grants covers it.',
        nextCommand: 'ambit clusters',
      });
    };
    const run = await plugin();
    expect(run).toEqual({
      code: 4,
      out: '',
      err: expect.stringMatching(
        /^error: You have no access to prod-eu\.\n {2}why: {2}None of your grants covers it\.\n {2}next: ambit clusters\n/,
      ) as unknown,
    });
  });

  test('with words missing: wrong usage', async () => {
    const run = await startCommand(['credential', '--cluster', 'a'], { env }).finished;
    expect(run).toMatchObject({ code: 2, out: '' });
    const other = await startCommand(['credential', '--clster', 'a'], { env }).finished;
    expect(other).toMatchObject({ code: 2, out: '' });
    expect(other.err).toContain("Unknown option '--clster'");
  });

  test('from something else than central', async () => {
    central.answers.issueCredential = (_, response) => {
      response.writeHead(201).end('{"token":"jwt with blanks","expiresAt":"soon"}');
    };
    expect(await plugin()).toMatchObject({ code: 1, out: '' });
  });
});

describe('while central cannot be reached', () => {
  test('a credential that still lives is used, and that is said', async () => {
    gives(0.4);
    await plugin();
    await central.stop();
    const run = await plugin();
    expect(run.code).toBe(0);
    expect(tokenOf(run)).toBe('jwt-canary-1');
    expect(run.err).toMatch(/^ambit: cannot reach central at .*; the credential of before is used/);
    await central.start();
  });

  test('and none lives: exit code 9', async () => {
    await central.stop();
    const run = await plugin();
    expect(run).toMatchObject({ code: 9, out: '' });
    expect(run.err).toContain('nothing listens there');
    await central.start();
  });

  test('a busy central is asked once more', async () => {
    const answer = central.answers.issueCredential;
    let busy = true;
    central.answers.issueCredential = (call, response) => {
      if (!busy) return answer?.(call, response);
      busy = false;
      throw new AppError('not_ready', 'Central starts.');
    };
    expect(await plugin()).toMatchObject({ code: 0, err: '' });
  });

  test('one that takes the connection and says nothing is given up in time', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await signIn(session, url);
    const run = await plugin({}, url);
    silent.close();
    expect(run).toMatchObject({ code: 9, out: '' });
    expect(run.err).toContain('did not answer within 2 s');
  });
});

describe('a clock that is wrong', () => {
  test.each([
    ['ahead', -3_600_000],
    ['behind', 3_600_000],
  ])(
    '%s of central’s: the credential lives as long as central gave it, and that is said',
    async (way, by) => {
      central.answers.issueCredential = (_, response) => {
        response.setHeader('date', new Date(Date.now() + by).toUTCString());
        return {
          kind: 'Credential',
          cluster: 'prod-eu',
          token: `jwt-canary-${++given}`,
          expiresAt: new Date(Date.now() + by + 600_000).toISOString(),
          user: 'ambit:ada',
        };
      };
      const run = await plugin();
      expect(run.code).toBe(0);
      expect(run.err).toMatch(new RegExp(`the clock of this machine is 60m ${way}|59m ${way}`));
      const { status } = JSON.parse(run.out) as { status: { expirationTimestamp: string } };
      const left = Date.parse(status.expirationTimestamp) - Date.now();
      expect(left).toBeGreaterThan(570_000);
      expect(left).toBeLessThan(603_000);
      expect(tokenOf(await plugin())).toBe('jwt-canary-1');
    },
  );
});

describe('secrets', () => {
  test('the token of the environment goes to the server of the environment and to no other', async () => {
    await rm(join(folder, 'config'), { recursive: true });
    const elsewhere = { AMBIT_SERVER: 'https://ambit.acme.example', AMBIT_TOKEN: session };
    expect((await plugin(elsewhere)).code).toBe(3);
    expect(central.calls).toEqual([]);
    expect((await plugin({ AMBIT_SERVER: central.url, AMBIT_TOKEN: session })).code).toBe(0);
  });

  test('a session never leaves for plain HTTP to another machine', async () => {
    const server = 'http://ambit.acme.example';
    await signIn(session, server);
    const run = await plugin({}, server);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('would send the token unencrypted');
  });

  test('nothing but the answer holds the token, and nothing holds the session', async () => {
    const run = await plugin();
    central.session = undefined;
    await rm(await keptFile());
    const failed = await plugin();
    expect(run.err + failed.err + failed.out + central.urls.join('')).not.toContain('canary');
    expect(run.out).not.toContain(session);
  });
});

describe('standard output', () => {
  test('that nobody reads is no failure', async () => {
    const [program = '', ...words] = commandLine([
      'credential',
      '--server',
      central.url,
      '--cluster',
      'prod-eu',
    ]);
    const child = spawn('bash', ['--norc', '-c', '"$0" "$@" >&-', program, ...words], {
      env: { PATH: '/usr/bin:/bin', ...env },
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const running = startCommand(words.slice(3), { env });
    running.child.stdout?.destroy();
    expect(await running.finished).toMatchObject({ code: 0, err: '' });
  });
});
