import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram, type ProgramResult } from '../support/run-program.ts';

const session = 'ambs_canary0_0123456789abcdef_zz';
const answerAfterMs = 500;
let folder: string;
let server: Server;
let url: string;
let seen: (string | undefined)[];
let status: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-plugin-'));
  seen = [];
  status = 201;
  server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    const problem = { code: 'session_ended', detail: 'The session ended.', requestId: 'r' };
    const body = status === 201 ? { token: 'jwt', expiresAt } : problem;
    // Long enough for all that were started at once to ask, if they did.
    setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), answerAfterMs);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await mkdir(join(folder, 'config'));
  const text = `profiles:\n  work: {server: '${url}', token: ${session}}\n`;
  await writeFile(join(folder, 'config', 'config.yaml'), text, { mode: 0o600 });
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const credential = (...args: string[]): Promise<ProgramResult> =>
  runProgram('cli', ['credential', ...args], {
    env: {
      AMBIT_CONFIG_DIR: join(folder, 'config'),
      AMBIT_CACHE_DIR: join(folder, 'cache'),
      AMBIT_STATE_DIR: join(folder, 'state'),
    },
  });

describe('the plugin as it is bundled', () => {
  test('asks by the session of the profile, once, and gives what it kept', async () => {
    const first = await credential('--server', url, '--cluster', 'a');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({ status: { token: 'jwt' } });
    expect(await credential('--server', url, '--cluster', 'a')).toEqual(first);
    expect(seen).toEqual([`Bearer ${session}`]);
  });

  test('of eight at once one asks', async () => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => credential('--server', url, '--cluster', 'a')),
    );
    expect(runs.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array.from({ length: 8 }, () => ({ exitCode: 0, stderr: '' })),
    );
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(seen).toHaveLength(1);
  });

  test('tells every failure in words, with its exit code and nothing on standard output', async () => {
    status = 401;
    const refused = await credential('--server', url, '--cluster', 'a');
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toContain(`next: ambit login ${url}`);
    const again = await credential('--server', url, '--cluster', 'a');
    expect(again.stderr).toMatch(/^error: The session ended; next: ambit login \S+ \(asked/);
    expect(seen).toHaveLength(1);
    for (const [args, code] of [
      [['--cluster', 'a'], 2],
      [['--clster', 'a'], 2],
      [['--server', 'http://ambit.acme.example', '--cluster', 'a'], 2],
      [['--server', 'https://ambit.acme.example', '--cluster', 'a'], 3],
    ] as const) {
      const run = await credential(...args);
      expect({ args, code: run.exitCode, out: run.stdout }).toEqual({ args, code, out: '' });
      expect(run.stderr).toMatch(/^error: .+/);
      expect(run.stderr).not.toMatch(/on our side|canary/);
    }
  });
});
