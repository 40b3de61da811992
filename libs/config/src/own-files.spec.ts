import {
  chmod,
  chown,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { requireOwnSecret, requireOwnTree } from './own-files.ts';

const root = process.getuid?.() === 0;
let dataDir: string;
let outside: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ambit-own-'));
  outside = await mkdtemp(join(tmpdir(), 'ambit-outside-'));
  for (const folder of ['central/keys', 'central/postgres/cluster'])
    await mkdir(join(dataDir, folder), { recursive: true, mode: 0o700 });
  for (const file of ['central/keys/ca.key', 'central/postgres/password'])
    await writeFile(join(dataDir, file), 'secret', { mode: 0o600 });
  await writeFile(join(dataDir, 'central/lock.holder'), 'host 1', { mode: 0o644 });
});
afterEach(async () => {
  for (const folder of [dataDir, outside]) await rm(folder, { recursive: true, force: true });
});

const look = (): Promise<void> =>
  requireOwnTree({
    dataDir,
    folder: join(dataDir, 'central'),
    secrets: ['keys', 'password'],
    foreign: ['cluster'],
  });

/** Moves something out of the way and leaves a link to it. */
async function link(path: string): Promise<void> {
  const target = join(outside, 'moved');
  await rename(path, target);
  await symlink(target, path);
}

describe('a data folder', () => {
  test('that is ours alone is used, also one that is not there yet', async () => {
    await expect(look()).resolves.toBeUndefined();
    await rm(dataDir, { recursive: true });
    await expect(look()).resolves.toBeUndefined();
  });

  test.each(['', 'central', 'central/keys', 'central/keys/ca.key', 'central/postgres/cluster'])(
    'reached through a symbolic link at "%s" is refused with the command that mends it',
    async (at) => {
      const path = join(dataDir, at);
      await link(path);
      await expect(look()).rejects.toMatchObject({
        code: 'config_invalid',
        message: `${path} is a symbolic link.`,
        extras: { nextCommand: `rm ${path} && cp -a ${join(outside, 'moved')} ${path}` },
      });
      if (at === '') await rm(path);
    },
  );

  test.each(['/', '/.', '//', '/central/..'])(
    'is the same folder however its path ends: "%s"',
    async (end) => {
      const tree = { dataDir: `${dataDir}${end}`, folder: join(dataDir, 'central'), secrets: [] };
      await expect(requireOwnTree(tree)).resolves.toBeUndefined();
      await chmod(dataDir, 0o777);
      await expect(requireOwnTree(tree)).rejects.toMatchObject({
        message: `Others may write to ${dataDir}.`,
      });
    },
  );

  test('below a link of another account is refused, below one of ours it is not', async () => {
    const above = join(outside, 'above');
    await symlink(dirname(dataDir), above);
    const own = join(above, basename(dataDir));
    const tree = { dataDir: own, folder: join(own, 'central'), secrets: [] };
    await expect(requireOwnTree(tree)).resolves.toBeUndefined();
    if (root) await lchown(above, 12_345, 12_345);
    const refused = await requireOwnTree(tree).then(
      () => undefined,
      ({ message }: Error) => message,
    );
    // Only root can give a link away.
    expect(refused).toBe(root ? `${above} is a symbolic link.` : undefined);
  });

  test.each([
    ['', 0o770, 'chmod go-w'],
    ['', 0o1777, 'chmod go-w'],
    ['central', 0o702, 'chmod go-w'],
    ['central/keys', 0o720, 'chmod go-w'],
    ['central/lock.holder', 0o666, 'chmod go-w'],
    ['central/keys/ca.key', 0o640, 'chmod 600'],
    ['central/keys/ca.key', 0o620, 'chmod 600'],
    ['central/postgres/password', 0o604, 'chmod 600'],
  ])('whose "%s" has mode %o is refused: %s', async (at, mode, command) => {
    const path = join(dataDir, at);
    await chmod(path, mode);
    await expect(look()).rejects.toMatchObject({
      code: 'config_invalid',
      extras: { nextCommand: `${command} ${path}` },
    });
  });

  test.each(['', 'central', 'central/keys', 'central/keys/ca.key'])(
    'whose "%s" belongs to another account is refused, to root as well',
    async (at) => {
      // Only root gives files away; anybody else is shown a folder of root.
      const path = root ? join(dataDir, at) : '/usr';
      if (root) await chown(path, 65534, 65534);
      else dataDir = path;
      await expect(look()).rejects.toMatchObject({
        code: 'config_invalid',
        extras: { nextCommand: expect.stringMatching(/^chown -R \S+ \//) },
      });
      if (!root) dataDir = outside;
    },
  );

  test('is not changed by being looked at', async () => {
    await chmod(join(dataDir, 'central/keys'), 0o777);
    await expect(look()).rejects.toMatchObject({ code: 'config_invalid' });
    expect((await readdir(join(dataDir, 'central'))).sort()).toEqual([
      'keys',
      'lock.holder',
      'postgres',
    ]);
  });
});

describe('a secret in a file that a setting names', () => {
  test('is taken through a link and world-readable, as Kubernetes mounts it', async () => {
    const path = join(dataDir, 'central/postgres/password');
    await chmod(path, 0o644);
    await link(path);
    await expect(requireOwnSecret(path)).resolves.toBeUndefined();
    await expect(requireOwnSecret('/dev/null')).resolves.toBeUndefined();
  });

  test('is refused when others can change it', async () => {
    const path = join(dataDir, 'central/postgres/password');
    await chmod(path, 0o622);
    await expect(requireOwnSecret(path)).rejects.toMatchObject({
      extras: { nextCommand: `chmod go-w ${path}` },
    });
  });
});
