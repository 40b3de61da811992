import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, PolicyWriter, testDatabase, type TestDatabase } from '@ambit/testing';
import { document, grant, TestCentral } from '../../../central/src/central.test-support.ts';
import {
  localUser,
  signedInBrowser,
  type TestBrowser,
} from '../../../central/src/sign-in.test-support.ts';
import { runCaptured, type Captured } from '../captured-run.test-support.ts';
import { startCommand, type Finished, type Running } from '../command-run.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let door: Door;
let ada: TestBrowser;
let folder: string;
let env: Record<string, string>;

/** Where people reach central; closed, nothing listens there. */
class Door {
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  /** Where central listens. */
  to = 0;
  /** How far away it is. */
  delayMs = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    const server = createServer((from) => {
      const to = connect(this.to, '127.0.0.1');
      for (const socket of [from, to]) {
        this.#open.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#open.delete(socket));
      }
      setTimeout(() => from.pipe(to).pipe(from), this.delayMs);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

beforeAll(async () => {
  db = await testDatabase();
  door = new Door();
  await door.open();
  central = await TestCentral.start(db.url, { flags: { publicUrl: door.url } });
  door.to = Number(new URL(central.running.restUrl ?? '').port);
  const secret = await localUser(central, { policy: new PolicyWriter(db.database), db }, 'ada');
  ada = await signedInBrowser(central, db, 'ada', secret);
  await central.apply(
    document('Cluster', 'prod', { access: { credential: 'Token', server: 'https://prod:6443' } }),
    grant('ada-in', [{ user: 'ada' }], ['prod']),
  );
});
afterAll(async () => {
  await door.close();
  await central?.stop();
  await db.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-person-'));
  env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
    KUBECONFIG: join(folder, 'kube'),
    PATH: '',
  };
  await writeFile(join(folder, 'kube'), 'current-context: mine\n');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const ambit = (...args: string[]): Promise<Captured> => runCaptured(args, { env });
const start = (...args: string[]): Running => startCommand(args, { env });
const plugin = (cluster = 'prod'): Promise<Finished> =>
  start('credential', '--server', door.url, '--cluster', cluster).finished;

/** What `login` asks to be opened. */
async function shownBy({ err }: Running): Promise<string> {
  return eventually(() => {
    const [, link] = /(?:Open|open there:) (http\S+)/.exec(err()) ?? [];
    if (link === undefined) throw new Error(`no link in ${err()}`);
    return link;
  });
}

async function answer(link: string, given: 'approve' | 'reject'): Promise<void> {
  const url = new URL(link);
  const asked = await ada.get(`/sign-in/device${url.search}`);
  const shown = await ada.submit(asked, { user_code: url.searchParams.get('user_code') ?? '' });
  expect((await ada.submit(shown, { answer: given })).status).toBe(200);
}

async function signInByDevice(): Promise<Finished> {
  const run = start('login', door.url, '--device');
  await answer(await shownBy(run), 'approve');
  return run.finished;
}

/** Signs in by the browser, which is quick. `meanwhile` sees where it is to come back. */
async function signIn(meanwhile?: (link: URL) => Promise<void>): Promise<Captured> {
  const opened = join(folder, 'opened');
  await mkdir(join(folder, 'bin'), { recursive: true });
  const script = `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`;
  await writeFile(join(folder, 'bin', 'xdg-open'), script, { mode: 0o755 });
  await rm(opened, { force: true });
  const withBrowser = { ...env, DISPLAY: ':9', PATH: join(folder, 'bin') };
  const run = runCaptured(['login', door.url], { env: withBrowser, answers: [] });
  const link = await eventually(async () => new URL(await readFile(opened, 'utf8')));
  await meanwhile?.(link);
  const sent = await ada.get(link.pathname + link.search);
  const page = await ada.get(sent.headers.get('location') ?? '');
  const thanks = await ada.submit(page, { answer: 'approve' });
  const [, next = ''] = /<a href="([^"]+)">Go on/.exec(thanks.text) ?? [];
  const back = await ada.get(next);
  const done = await fetch(back.headers.get('location') ?? '');
  expect(await done.text()).toContain('Go back to the terminal');
  const finished = await run;
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

interface Kept {
  readonly access: string;
  readonly refresh: string;
  readonly accessEndsAt: number;
}

async function tokensFile(): Promise<string> {
  const sessions = join(folder, 'config', 'sessions');
  const names = await readdir(sessions);
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  return join(sessions, names[0] ?? '');
}

const kept = async (): Promise<Kept> => JSON.parse(await readFile(await tokensFile(), 'utf8'));

/** As time would do it. */
async function ages(leftMs: number): Promise<void> {
  const path = await tokensFile();
  const tokens = { ...(await kept()), accessEndsAt: Date.now() + leftMs };
  await writeFile(path, JSON.stringify(tokens), { mode: 0o600 });
}

const sessionId = async (): Promise<string> => {
  const { out } = await ambit('whoami', '-o', 'json');
  return (JSON.parse(out) as { session: { id: string } }).session.id;
};

const refreshTokens = async (): Promise<number> => {
  const rows = await db.database.query(
    `SELECT 1 FROM sign_in_records WHERE model = 'RefreshToken' AND grant_id = $1`,
    [await sessionId()],
  );
  return rows.length;
};

describe('login with a code', () => {
  test('lets in whoever approves, keeps the tokens for this account alone and tells none', async () => {
    const run = await signInByDevice();
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/^signed in to \S+ as user\/ada; the session ends in 1[12]h\n$/);
    expect(run.err).toMatch(
      /^Open \S+\/oauth2\/device\S+ and check that the code is {2}[A-Z-]{9}\n/,
    );
    expect(run.err).toMatch(/waiting for you in the browser … (10|9)m left\n/);
    expect(run.err).toContain('the kubeconfig is untouched');
    expect(await readFile(join(folder, 'kube'), 'utf8')).toBe('current-context: mine\n');
    const { access, refresh } = await kept();
    expect([access, refresh]).toEqual([
      expect.stringMatching(/^amba_/),
      expect.stringMatching(/^ambr_/),
    ]);
    expect((await stat(await tokensFile())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'config', 'sessions'))).mode & 0o777).toBe(0o700);
    const who = await ambit('whoami');
    expect(who.out).toMatch(/Who: +user\/ada\nSession: +\S+, ends in 1[12]h\n/);
    expect(who.out).toContain('Clusters:     prod\n');
    const profiles = await readFile(join(folder, 'config', 'config.yaml'), 'utf8');
    const all = [run.out, run.err, who.out, who.err, profiles].join('');
    for (const secret of [access, refresh]) expect(all).not.toContain(secret);
  });

  test('that is rejected says so and keeps nothing', async () => {
    const run = start('login', door.url, '--device');
    await answer(await shownBy(run), 'reject');
    const { code, err } = await run.finished;
    expect({ code, err }).toMatchObject({ code: 4 });
    expect(err).toContain('error: the sign-in was rejected');
    await expect(readdir(join(folder, 'config'))).rejects.toThrow('ENOENT');
  });

  test('ends at once on Ctrl-C', async () => {
    const run = start('login', door.url, '--device');
    await shownBy(run);
    const at = performance.now();
    run.child.kill('SIGINT');
    expect(await run.finished).toMatchObject({ code: 130, out: '' });
    // Not only when it would ask the next time.
    expect(performance.now() - at).toBeLessThan(4_000);
  });

  test('at another address than people use names that', async () => {
    const run = await ambit('login', central.running.restUrl ?? '', '--device');
    expect(run).toMatchObject({ code: 2 });
    expect(run.err).toContain(`next: ambit login ${door.url}\n`);
  });
});

describe('login in the browser of this machine', () => {
  test('comes back with a code that only this program can use', async () => {
    const { out } = await signIn(async ({ searchParams }) => {
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      const callback = searchParams.get('redirect_uri') ?? '';
      expect(callback).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      // Whoever asks at the port without the state ends nothing.
      const stranger = await fetch(`${callback}?error=access_denied&state=guessed`);
      expect(stranger.status).toBe(404);
    });
    expect(out).toMatch(/^signed in to \S+ as user\/ada; the session ends in 1[12]h\n$/);
    expect((await ambit('whoami')).code).toBe(0);
  });

  test('a second time ends the session of before', async () => {
    await signIn();
    const { access } = await kept();
    await signIn();
    expect((await central.get('/me', { token: access })).status).toBe(401);
    expect((await kept()).access).not.toBe(access);
    expect((await ambit('whoami')).code).toBe(0);
  });
});

describe('the access token', () => {
  beforeEach(() => signIn().then(() => undefined));

  test('is refreshed when it is about to end, by commands and by the plugin, and not before', async () => {
    const first = await kept();
    await ambit('whoami');
    expect(await kept()).toEqual(first);
    await ages(59_000);
    expect((await ambit('whoami')).code).toBe(0);
    const second = await kept();
    expect(second.access).not.toBe(first.access);
    expect(second.refresh).not.toBe(first.refresh);
    await ages(-1);
    const run = await plugin();
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(run.out)).toMatchObject({ kind: 'ExecCredential' });
    expect((await kept()).refresh).not.toBe(second.refresh);
    expect((await stat(await tokensFile())).mode & 0o777).toBe(0o600);
    expect((await ambit('whoami')).code).toBe(0);
  });

  test('is refreshed once by ten processes at once', async () => {
    // Each of another cluster: for one, the plugin's own lock would let one alone come this far.
    const names = Array.from({ length: 10 }, (_, at) => `near-${at}`);
    await central.apply(
      ...names.map((name) => document('Cluster', name, { access: { credential: 'Token' } })),
      grant('ada-near', [{ user: 'ada' }], names),
    );
    const before = await refreshTokens();
    await ages(-1);
    // So far away that processes meet within one refresh.
    door.delayMs = 2_000;
    const runs = await Promise.all(
      names.map((name, at) => (at % 4 === 0 ? start('whoami').finished : plugin(name))),
    );
    door.delayMs = 0;
    expect(runs.map(({ code, err }) => ({ code, err }))).toEqual(
      Array.from({ length: 10 }, () => ({ code: 0, err: '' })),
    );
    expect(await refreshTokens()).toBe(before + 1);
  });

  test('of a session that ended says how to sign in, with exit code 3', async () => {
    await central.call('DELETE', `/sessions/${await sessionId()}`);
    await ages(-1);
    for (const run of [await ambit('whoami'), await plugin()]) {
      expect(run).toMatchObject({ code: 3, out: '' });
      expect(run.err).toContain(`error: the session at ${door.url} has ended\n`);
      expect(run.err).toContain(`next: ambit login ${door.url}\n`);
    }
  });

  test('is not spent on a server that is down', async () => {
    await ages(-1);
    const before = await kept();
    await door.close();
    try {
      expect(await ambit('whoami')).toMatchObject({ code: 9, out: '' });
      expect(await kept()).toEqual(before);
    } finally {
      await door.open();
    }
    expect((await ambit('whoami')).code).toBe(0);
  });
});

describe('logout', () => {
  test('ends the session at central, and keeps nothing here', async () => {
    await signIn();
    const { access } = await kept();
    expect((await central.get('/me', { token: access })).status).toBe(200);
    await ages(-1);
    const run = await ambit('logout');
    expect(run).toMatchObject({ code: 0, out: `signed out of ${door.url} (user/ada)\n`, err: '' });
    expect((await central.get('/me', { token: access })).status).toBe(401);
    expect(await readdir(join(folder, 'config', 'sessions'))).toEqual([]);
    const who = await ambit('whoami');
    expect(who).toMatchObject({ code: 3 });
  });

  test('says that the session goes on when the tokens to end it by are lost', async () => {
    await signIn();
    const id = await sessionId();
    await rm(await tokensFile());
    const run = await ambit('logout');
    expect(run.code).toBe(9);
    expect(run.err).toContain(`an administrator ends it: ambit sessions end ${id}`);
  });
});
