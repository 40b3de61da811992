import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import { readCeiling } from './ceiling-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-ceiling-places-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function problemsOf(text: string) {
  const file = join(folder, 'ceiling.yaml');
  await writeFile(file, text);
  const error: unknown = await readCeiling(file).catch((refused: unknown) => refused);
  return isAppError(error) ? (error.extras.errors ?? []) : [];
}

test.each([
  ['a blank verb', `{apiGroups: [''], resources: [pods], verbs: ['get ']}`, 52],
  ['a version as group', `{apiGroups: [v1], resources: [pods], verbs: [get]}`, 20],
  ['no group, where the rule begins', `{resources: [pods], verbs: [get]}`, 7],
])('outside case 15: a rule that nothing can match: %s, at its line and column', async (...row) => {
  const [, rule, column] = row;
  const text = `spec:\n  customRoles:\n    rules:\n    - ${rule}\n`;
  expect(await problemsOf(text)).toEqual([expect.objectContaining({ line: 4, column })]);
});

test('names that Kubernetes takes are taken, system: roles too', async () => {
  const names = `['Admin_Thing', 'a:b:c', 'system:node-reader', 'Роль']`;
  expect(await problemsOf(`spec: {allowedClusterRoles: ${names}}\n`)).toEqual([]);
  expect(await problemsOf(`spec: {allowedClusterRoles: ['a/b']}\n`)).toHaveLength(1);
});
