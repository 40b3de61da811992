import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readCeiling } from './ceiling-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-ceiling-'));
  path = join(folder, 'ceiling.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

const ceiling = `apiVersion: ambit.dev/v1
kind: Ceiling
spec: {allowedClusterRoles: [view]}
`;

test('outside case 13: a ceiling in UTF-16 is read, and another encoding is refused by its name', async () => {
  for (const encoding of ['utf8', 'utf16le'] as const) {
    await writeFile(path, `\uFEFF${ceiling}`, encoding);
    expect(await readCeiling(path)).toMatchObject({ allowedClusterRoles: ['view'] });
  }
  await writeFile(path, ceiling, 'utf16le');
  await expect(readCeiling(path)).rejects.toMatchObject({
    message: `The ceiling file ${path} cannot be used.`,
    extras: { errors: [{ message: expect.stringContaining('it is UTF-16 (little endian)') }] },
  });
});

test('outside case 24: a ceiling that a pipe gives is read; a folder is told', async () => {
  await promisify(execFile)('mkfifo', [path]);
  const [read] = await Promise.all([readCeiling(path), writeFile(path, ceiling)]);
  expect(read).toMatchObject({ allowedClusterRoles: ['view'] });
  await expect(readCeiling(folder)).rejects.toMatchObject({
    extras: { errors: [{ message: 'it is a folder' }] },
  });
});
