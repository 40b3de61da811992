import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionSettings } from './connection-settings.ts';
import { profilePath, readProfiles, writeProfiles } from './profile-file.ts';

let folder: string;
let path: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-cli-'));
  env = { AMBIT_CONFIG_DIR: join(folder, 'config') };
  path = profilePath(env['AMBIT_CONFIG_DIR'] ?? '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const central = 'https://ambit.acme.io';
const write = () =>
  writeProfiles(path, {
    currentProfile: 'work',
    profiles: {
      work: { server: central, token: 'amb_profile_token', caFile: '/ca.pem' },
      home: { server: 'http://127.0.0.1:7080', token: 'amb_home_token' },
    },
  });

describe('the profile file', () => {
  test('case b37: it and its folder are nobody else’s, and nothing else is left', async () => {
    await write();
    await write();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'config'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'config'))).toEqual(['config.yaml']);
  });

  test('case b37: one that others can read is refused with the command that mends it', async () => {
    await write();
    await chmod(path, 0o640);
    await expect(readProfiles(path)).rejects.toMatchObject({
      code: 'config_invalid',
      extras: { nextCommand: `chmod 600 ${path}` },
    });
  });

  test.each([
    'profiles: [',
    'profiles: {a: {servr: amb_canary_token}}',
    'token: amb_canary_token\n\t- :',
    '- amb_canary_token',
  ])('a broken one is refused and its text, perhaps a token, is not told (%#)', async (text) => {
    await write();
    await writeFile(path, text);
    const error: unknown = await readProfiles(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });
});

describe('which central, and as whom', () => {
  test('flag beats environment beats profile', async () => {
    await write();
    expect(await connectionSettings({}, env)).toEqual({
      profile: 'work',
      server: central,
      token: 'amb_profile_token',
      caFile: '/ca.pem',
    });
    const variables = {
      ...env,
      AMBIT_SERVER: 'https://b',
      AMBIT_TOKEN: 'amb_env_token',
      AMBIT_CA_FILE: '/b',
    };
    expect(await connectionSettings({}, variables)).toMatchObject({
      server: 'https://b',
      token: 'amb_env_token',
      caFile: '/b',
    });
    const flags = { server: 'https://c', caFile: '/c', profile: 'home' };
    expect(await connectionSettings(flags, variables)).toMatchObject({
      profile: 'home',
      server: 'https://c',
      caFile: '/c',
    });
    expect(await connectionSettings({}, { ...env, AMBIT_PROFILE: 'home' })).toMatchObject({
      token: 'amb_home_token',
    });
  });

  test('the token of a profile goes to the server of that profile and to no other', async () => {
    await write();
    const elsewhere = connectionSettings({ server: 'https://evil.example' }, env);
    await expect(elsewhere).rejects.toMatchObject({ code: 'token_missing' });
    await expect(
      connectionSettings({}, { ...env, AMBIT_SERVER: 'https://evil.example' }),
    ).rejects.toMatchObject({ code: 'token_missing' });
    expect(await connectionSettings({ server: `${central}/` }, env)).toMatchObject({
      token: 'amb_profile_token',
    });
  });

  test('without a server the next step is to sign in', async () => {
    await expect(connectionSettings({}, env)).rejects.toMatchObject({
      code: 'token_missing',
      extras: { nextCommand: expect.stringContaining('ambit login') },
    });
  });

  test('a profile that is not there is named with the nearest', async () => {
    await write();
    await expect(connectionSettings({ profile: 'hme' }, env)).rejects.toMatchObject({
      code: 'usage',
      extras: { why: 'did you mean home?' },
    });
  });

  test('a token file is read whole, and what is no token is refused without being told', async () => {
    const file = join(folder, 'token');
    await writeFile(file, 'amb_from_file_1234\n');
    const settings = await connectionSettings({ server: central, tokenFile: file }, env);
    expect(settings.token).toBe('amb_from_file_1234');
    await writeFile(file, '\uFEFFamb_from_file_1234\r\n', 'utf16le');
    const wide = await connectionSettings({ server: central, tokenFile: file }, env);
    expect(wide.token).toBe('amb_from_file_1234');
    await writeFile(file, 'canary canary canary');
    await expect(
      connectionSettings({ server: central, tokenFile: file }, env),
    ).rejects.toMatchObject({
      message: '--token-file holds no token',
    });
  });
});
