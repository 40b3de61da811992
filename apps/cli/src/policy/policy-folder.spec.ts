import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { policyFolder } from './policy-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (...names: string[]) => join(folder, ...names);
const file = (...names: string[]) => writeFile(at(...names), '');

describe('outside case 24: a folder with links and odd files', () => {
  test('links to folders and files are followed, also out of the folder', async () => {
    await mkdir(at('policy'));
    await mkdir(at('elsewhere'));
    await file('elsewhere', 'b.yaml');
    await file('c.yml');
    await symlink(at('elsewhere'), at('policy', 'a'));
    await symlink('../c.yml', at('policy', 'c.yml'));
    expect(await policyFolder(at('policy'))).toEqual({
      files: [at('policy', 'a', 'b.yaml'), at('policy', 'c.yml')],
      skipped: [],
    });
  });

  test('a volume of Kubernetes is read once', async () => {
    await mkdir(at('..2026'));
    await file('..2026', 'a.yaml');
    await symlink('..2026', at('..data'));
    await symlink('..data/a.yaml', at('a.yaml'));
    expect(await policyFolder(folder)).toEqual({ files: [at('a.yaml')], skipped: [] });
  });

  test('circles and second ways to the same end, and are told', async () => {
    await mkdir(at('z'));
    await file('z', 'b.yaml');
    await symlink('z', at('a'));
    await symlink('..', at('z', 'up'));
    await symlink('z/b.yaml', at('b.yaml'));
    const { files, skipped } = await policyFolder(folder);
    expect(files).toEqual([at('z', 'b.yaml')]);
    expect(skipped.toSorted()).toEqual([
      `${at('a')} is skipped: it leads to ${at('z')}, which is read already`,
      `${at('b.yaml')} is skipped: it leads to ${at('z', 'b.yaml')}, which is read already`,
      `${at('z', 'up')} is skipped: it leads to ${folder}, which is read already`,
    ]);
  });

  test('a pipe and a socket are told and not opened; a folder may be called x.yaml', async () => {
    await promisify(execFile)('mkfifo', [at('p.yaml'), at('p.txt')]);
    const server = createServer().listen(at('s.json'));
    await mkdir(at('x.yaml'));
    await file('x.yaml', 'POLICY.YAML');
    await file('notes.txt');
    await symlink('p.yaml', at('link.yaml'));
    await symlink('/dev/null', at('null.yaml'));
    const { files, skipped } = await policyFolder(folder);
    server.close();
    expect(files).toEqual([at('x.yaml', 'POLICY.YAML')]);
    expect(skipped.map((line) => line.split(' is skipped: it is no file')[0]).sort()).toEqual(
      ['link.yaml', 'null.yaml', 'p.yaml', 's.json'].map((name) => at(name)),
    );
  });

  test('a link to nothing is refused where it is policy by its name, and told otherwise', async () => {
    await symlink('gone', at('more'));
    const told = [`${at('more')} is skipped: it is a link to gone, which is not there`];
    expect((await policyFolder(folder)).skipped).toEqual(told);
    await symlink('gone.yaml', at('a.yaml'));
    await expect(policyFolder(folder)).rejects.toMatchObject({
      code: 'usage',
      message: `cannot read ${at('a.yaml')}`,
    });
  });
});
