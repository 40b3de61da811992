import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hasKeyringPrograms, startKeyring, type TestKeyring } from './keyring.test-support.ts';
import { isSealed, openSealed, sealText } from './sealed-text.ts';

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-sealed-'));
  env = { AMBIT_CONFIG_DIR: join(folder, 'config'), AMBIT_STATE_DIR: join(folder, 'state') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('without a keyring', () => {
  test.each([
    ['no message bus', {}],
    ['a message bus that is not there', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }],
    ['one that is not wanted', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x', AMBIT_KEYRING: 'off' }],
  ])('%s: the text is kept as it is', async (_, more) => {
    expect(await sealText('canary', { ...env, ...more })).toBe('canary');
  });

  test('what was sealed elsewhere is not opened, and is no error', async () => {
    expect(await openSealed({ sealed: 'AAAA' }, env)).toBeUndefined();
  });
});

// A process of its own each: the bus that the keyring is asked at is the one of the process.
(hasKeyringPrograms ? describe : describe.skip)('with the keyring of GNOME', () => {
  let keyring: TestKeyring;
  beforeAll(async () => {
    keyring = await startKeyring();
  });
  afterAll(() => keyring.stop());

  const module = fileURLToPath(new URL('../../dist/profile/session-tokens.js', import.meta.url));
  const held = `{ server: 'http://127.0.0.1:1', session: { id: 's1', actor: 'user/ada', expiresAt: '2999-01-01' } }`;
  const run = async (code: string, more: Record<string, string> = {}): Promise<string> => {
    const script = `import { keepTokens, freshToken } from ${JSON.stringify(module)}; const held = ${held}; const env = process.env; ${code}`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script],
      { env: { ...env, DBUS_SESSION_BUS_ADDRESS: keyring.address, ...more }, timeout: 30_000 },
    );
    return stdout.trim();
  };
  const keep = `const now = Date.now(); console.log(await keepTokens(held, { access: 'amba_canary', refresh: 'ambr_canary', obtainedAt: now - 1, accessEndsAt: now + 600000 }, env));`;
  const open = `console.log(await freshToken(held, env).catch((error) => error.code));`;
  const file = async (): Promise<string> => {
    const [name = ''] = await readdir(join(folder, 'config', 'sessions'));
    return join(folder, 'config', 'sessions', name);
  };

  test('the file alone is worth nothing, and the same account opens it', async () => {
    expect(await run(keep)).toBe('keyring');
    const text = await readFile(await file(), 'utf8');
    expect(text).not.toContain('canary');
    expect(isSealed(JSON.parse(text))).toBe(true);
    expect((await stat(await file())).mode & 0o777).toBe(0o600);
    expect(await run(open)).toBe('amba_canary');
  });

  test('of two who sign in at once both can go on', async () => {
    await Promise.all([run(keep), run(keep)]);
    expect(await run(open)).toBe('amba_canary');
  });

  test('a copy of the folder is opened by nobody', async () => {
    await run(keep);
    expect(await run(open, { AMBIT_KEYRING: 'off' })).toBe('token_missing');
    expect(await run(open, { DBUS_SESSION_BUS_ADDRESS: '' })).toBe('token_missing');
  });
});
