import { inspect } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isAppError, type AppError } from '@ambit/kernel';
import { defineSettings } from './define-settings.ts';
import type { Environment } from './environment.ts';
import { loadSettings } from './load-settings.ts';
import { printableError } from './printable-error.ts';
import { Secret } from './secret.ts';
import { address, choices, duration, path, secret, toggle, wholeNumber } from './setting-kinds.ts';

const canary = 'canary-7f3a9c';
const schema = defineSettings(
  'ambit-central',
  {
    httpListen: address({ describe: 'Where REST is served.', default: '127.0.0.1:7080' }),
    roles: choices(['api', 'worker'], {
      describe: 'What this process does.',
      default: 'api,worker',
    }),
    poolSize: wholeNumber({ describe: 'Connections.', min: 1, max: 100, default: '10' }),
    pollInterval: duration({ describe: 'Between polls.', default: '5s' }),
    trustProxy: toggle({ describe: 'Trust the proxy.' }),
    databaseUrl: secret({ describe: 'PostgreSQL.' }),
    joinToken: secret({ describe: 'Join token.', flag: 'join-token' }),
    caFile: path({ describe: 'CA.' }),
  },
  { check: (values) => (values.poolSize === 99 ? ['poolSize 99 needs another database'] : []) },
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function fileWith(name: string, content: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function refusal(env: Environment, flags = {}, file?: string): Promise<AppError> {
  const sources = { env, flags, ...(file === undefined ? {} : { file }) };
  const error: unknown = await loadSettings(schema, sources).catch((thrown: unknown) => thrown);
  if (!isAppError(error, 'config_invalid')) throw new Error('expected config_invalid');
  return error;
}

const messages = (error: AppError) => (error.extras.errors ?? []).map((item) => item.message);

describe('precedence', () => {
  test('defaults hold when nothing is given', async () => {
    const { settings, origins } = await loadSettings(schema, { env: {} });
    expect(settings).toEqual({
      httpListen: { host: '127.0.0.1', port: 7080 },
      roles: ['api', 'worker'],
      poolSize: 10,
      pollInterval: 5_000,
      trustProxy: false,
      databaseUrl: undefined,
      joinToken: undefined,
      caFile: undefined,
    });
    expect(origins.get('poolSize')).toEqual({ from: 'default', name: '' });
    expect(origins.get('caFile')).toEqual({ from: 'nowhere', name: '' });
  });

  test('flag beats environment beats file beats default', async () => {
    const file = await fileWith('c.yaml', 'poolSize: 2\npollInterval: 2s\nroles: [worker]\n');
    const env = { AMBIT_POOL_SIZE: '3', AMBIT_POLL_INTERVAL: '3s', AMBIT_CONFIG: file };
    const { settings, origins } = await loadSettings(schema, { env, flags: { poolSize: ['4'] } });
    expect(settings.poolSize).toBe(4);
    expect(settings.pollInterval).toBe(3_000);
    expect(settings.roles).toEqual(['worker']);
    expect(origins.get('roles')).toEqual({ from: 'file', name: `${file}:3:1` });
  });

  test('a better place hides a value in a worse one, also an unusable one', async () => {
    const env = { AMBIT_POOL_SIZE: 'many' };
    const { settings } = await loadSettings(schema, { env, flags: { poolSize: '4' } });
    expect(settings.poolSize).toBe(4);
  });

  test('an empty variable counts as not set', async () => {
    const { settings } = await loadSettings(schema, { env: { AMBIT_POOL_SIZE: '' } });
    expect(settings.poolSize).toBe(10);
  });

  test('settings are frozen all the way down', async () => {
    const { settings } = await loadSettings(schema, { env: {} });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.httpListen)).toBe(true);
    expect(Object.isFrozen(settings.roles)).toBe(true);
  });
});

describe('problems', () => {
  test('all are reported together, each with its place and what was expected', async () => {
    const file = await fileWith('c.yaml', 'polSize: 3\npollInterval: soon\n');
    const env = { AMBIT_HTTP_LISTEN: 'nowhere', AMBIT_ROLES: 'api,wroker' };
    const error = await refusal(env, { trustProxy: 'maybe' }, file);
    expect(messages(error)).toEqual([
      `${file}:1:1: there is no setting "polSize".`,
      'httpListen (AMBIT_HTTP_LISTEN): expected host:port, such as 127.0.0.1:7080 or [::1]:7080, got "nowhere".',
      'roles (AMBIT_ROLES): expected one of api, worker, got "api,wroker".',
      `pollInterval (${file}:2:1): expected a duration such as 500ms, 90s, 30m, 1h30m, 8h, 7d or 2w, got "soon".`,
      'trustProxy (--trust-proxy): expected true or false, got "maybe".',
    ]);
    const text = printableError(error);
    expect(text).toContain('ambit-central cannot start. 5 settings are wrong:');
    expect(text).toContain('Did you mean poolSize?');
    expect(text).toContain('Next: ambit-central --help');
  });

  test('a flag given twice is refused', async () => {
    const error = await refusal({}, { poolSize: ['1', '2'] });
    expect(messages(error)).toEqual([
      'poolSize: --pool-size is given more than once; give one of them.',
    ]);
  });

  test('values that do not fit together are reported once each is right alone', async () => {
    expect(messages(await refusal({ AMBIT_POOL_SIZE: '99' }))).toEqual([
      'poolSize 99 needs another database',
    ]);
    const both = await refusal({ AMBIT_POOL_SIZE: '99', AMBIT_ROLES: 'x' });
    expect(messages(both)).toHaveLength(1);
  });

  test('a file that is not YAML, not a map, twice the same key or absent', async () => {
    const cases: [string, RegExp][] = [
      ['a: [1', /c\.yaml:\d+:\d+: /],
      ['- 1\n', /expected settings as "name: value"/],
      ['poolSize: 1\npoolSize: 2\n', /c\.yaml:2:1: the key "poolSize" stands here a second time/],
      ['poolSize: {a: 1}\n', /poolSize: expected one value/],
    ];
    for (const [content, expected] of cases) {
      const error = await refusal({}, {}, await fileWith('c.yaml', content));
      expect(messages(error)[0]).toMatch(expected);
    }
    expect(messages(await refusal({}, {}, join(folder, 'no.yaml')))[0]).toContain('(ENOENT)');
  });

  test('outside case 13: a settings file is read in UTF-16, and refused by name in what is not read', async () => {
    const file = await fileWith('c.yaml', Buffer.from('\uFEFFpoolSize: 7\n', 'utf16le'));
    const { settings } = await loadSettings(schema, { env: {}, file });
    expect(settings.poolSize).toBe(7);
    const latin = await fileWith('c.yaml', Buffer.from('poolSize: 7 # f\u00fcr', 'latin1'));
    expect(messages(await refusal({}, {}, latin))[0]).toContain('it is not UTF-8 from byte 15');
  });

  test('a required setting names every place it may be given', async () => {
    const strict = defineSettings('x', { token: secret({ describe: 'T.', required: true }) });
    const error: unknown = await loadSettings(strict, { env: {} }).catch((e: unknown) => e);
    expect(messages(error as AppError)).toEqual([
      'token is required: give --token-file or AMBIT_TOKEN or AMBIT_TOKEN_FILE, or token in the settings file.',
    ]);
  });
});

describe('secrets', () => {
  test('outside case 13: a secret from a file has no byte order mark, and its bytes are not told', async () => {
    const marked = await fileWith('db', `\uFEFFpostgres://u:${canary}@h/db\r\n`);
    const { settings } = await loadSettings(schema, { env: { AMBIT_DATABASE_URL_FILE: marked } });
    expect(settings.databaseUrl?.reveal()).toBe(`postgres://u:${canary}@h/db`);
    const wide = Buffer.from(`postgres://u:${canary}@h/db`, 'utf16le');
    const error = await refusal({ AMBIT_DATABASE_URL_FILE: await fileWith('db', wide) });
    expect(messages(error)[0]).toContain('it is UTF-16 (little endian) without');
    expect(JSON.stringify(error)).not.toContain(canary);
  });

  test('come from a variable, a file named by a variable, or a flag that was declared', async () => {
    const file = await fileWith('db', `postgres://u:${canary}@h/db\n`);
    const { settings } = await loadSettings(schema, {
      env: { AMBIT_DATABASE_URL_FILE: file },
      flags: { joinToken: [canary] },
    });
    expect(settings.databaseUrl?.reveal()).toBe(`postgres://u:${canary}@h/db`);
    expect(settings.joinToken?.reveal()).toBe(canary);
    expect(settings.joinToken).toBeInstanceOf(Secret);
  });

  test('an empty file is told as that, not as a value that is wrong', async () => {
    const file = await fileWith('empty', '\n');
    const error = await refusal({ AMBIT_DATABASE_URL_FILE: file });
    expect(printableError(error)).toContain(
      `databaseUrl (AMBIT_DATABASE_URL_FILE): the file ${file} is empty.`,
    );
  });

  test('a variable and its file together are refused', async () => {
    const error = await refusal({ AMBIT_DATABASE_URL: canary, AMBIT_DATABASE_URL_FILE: '/x' });
    expect(printableError(error)).toContain(
      'AMBIT_DATABASE_URL is given and so is AMBIT_DATABASE_URL_FILE',
    );
    expect(printableError(error)).not.toContain(canary);
  });

  test('a secret without a declared flag has none', () => {
    expect(schema.names.find((names) => names.key === 'databaseUrl')).toMatchObject({
      flag: undefined,
      flagFile: 'database-url-file',
      envFile: 'AMBIT_DATABASE_URL_FILE',
    });
  });

  test('a canary shows in no problem and in no printed settings', async () => {
    const strict = defineSettings('x', {
      key: { ...secret({ describe: 'K.' }), parse: () => ({ expected: 'something else' }) },
    });
    const error: unknown = await loadSettings(strict, { env: { AMBIT_KEY: canary } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(printableError(error)).toContain('got a value that is not shown');
    expect(printableError(error)).not.toContain(canary);
    const loaded = await loadSettings(schema, { env: { AMBIT_DATABASE_URL: canary } });
    expect(JSON.stringify(loaded)).toContain('"databaseUrl":"[redacted]"');
    expect(inspect(loaded, { depth: 9 })).not.toContain(canary);
  });
});
