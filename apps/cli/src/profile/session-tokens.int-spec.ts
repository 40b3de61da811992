import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freshToken, keepTokens, type HeldSession } from './session-tokens.ts';

let folder: string;
let env: Record<string, string>;
let server: Server;
let held: HeldSession;
let calls: string[];
let answer: { status: number; body: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-tokens-'));
  env = { AMBIT_CONFIG_DIR: join(folder, 'config'), AMBIT_STATE_DIR: join(folder, 'state') };
  calls = [];
  server = createServer((request, response) => {
    calls.push(request.url ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  held = { server: url, session: { id: '../../s1', actor: 'user/ada', expiresAt: '2999-01-01' } };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const keep = (leftMs: number): Promise<unknown> => {
  const now = Date.now();
  const texts = { access: 'amba_canary0', refresh: 'ambr_canary0' };
  return keepTokens(held, { ...texts, obtainedAt: now - 1, accessEndsAt: now + leftMs }, env);
};
const path = async (): Promise<string> => {
  const [name = ''] = await readdir(join(folder, 'config', 'sessions'));
  return join(folder, 'config', 'sessions', name);
};

describe('while central does not refresh', () => {
  test('what still lives serves, and nothing is lost', async () => {
    answer = { status: 503, body: '' };
    await keep(30_000);
    const before = await readFile(await path(), 'utf8');
    expect(await freshToken(held, env)).toBe('amba_canary0');
    expect(calls).toEqual(['/oauth2/token']);
    expect(await readFile(await path(), 'utf8')).toBe(before);
    expect(await readdir(join(folder, 'config', 'sessions'))).toHaveLength(1);
  });

  test('what has ended does not', async () => {
    answer = { status: 503, body: '' };
    await keep(-1);
    await expect(freshToken(held, env)).rejects.toMatchObject({ retryable: true });
  });

  test.each([
    ['another thing', '{"access_token":"amba_canary1","expires_in":600}'],
    ['no time', '{"access_token":"amba_canary1","refresh_token":"ambr_canary1"}'],
    [
      'a line feed in a token',
      '{"access_token":"a\\nb: canary","refresh_token":"ambr_canary1","expires_in":600}',
    ],
  ])('%s is no token, and is not kept', async (_, body) => {
    answer = { status: 200, body };
    await keep(-1);
    const error: unknown = await freshToken(held, env).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'internal' });
    expect(String(error)).not.toContain('canary');
    expect(await readFile(await path(), 'utf8')).toContain('ambr_canary0');
  });
});

describe('nothing is asked of central', () => {
  beforeEach(() => {
    answer = { status: 500, body: '' };
  });

  test('with tokens that others can read', async () => {
    await keep(-1);
    await chmod(await path(), 0o644);
    await expect(freshToken(held, env)).rejects.toMatchObject({ code: 'token_missing' });
    expect(calls).toEqual([]);
  });

  test('where there can be no lock, since two at once would end the session', async () => {
    await keep(-1);
    await writeFile(join(folder, 'state'), '');
    await expect(freshToken(held, env)).rejects.toMatchObject({ code: 'storage_unwritable' });
    expect(calls).toEqual([]);
  });

  test('of a token that lives, whatever the folders are', async () => {
    await keep(120_000);
    await writeFile(join(folder, 'state'), '');
    expect(await freshToken(held, env)).toBe('amba_canary0');
    expect(calls).toEqual([]);
  });
});
