import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import { eventually, RecordingLogger } from '@ambit/testing';
import { CeilingFile, readCeiling } from './ceiling-file.ts';

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

/** Each would lose, without a word, a narrowing that the owner wrote. */
test.each([
  [
    'the same key twice',
    `spec:\n  clusterScope: false\n  allowedClusterRoles: [view]\n  allowedClusterRoles: [view, edit]\n`,
    [4, 3],
  ],
  [
    'the same key twice in one line',
    `spec: {clusterScope: false, breakGlass: [], clusterScope: true}\n`,
    [1, 45],
  ],
  ['the same key twice at the top', `spec: {allowedClusterRoles: []}\nspec: {}\n`, [2, 1]],
  [
    'the same key twice in JSON',
    `{"spec": {"allowedClusterRoles": [],\n  "allowedClusterRoles": ["edit"]}}\n`,
    [2, 3],
  ],
  ['a key named __proto__', `spec:\n  __proto__: {allowedClusterRoles: [view]}\n`, [2, 3]],
  ['a __proto__ at the top', `spec: {}\n__proto__:\n  spec: {clusterScope: false}\n`, [2, 1]],
  [
    'a __proto__ in a rule',
    `spec:\n  customRoles:\n    rules:\n    - {apiGroups: [''], resources: [pods], __proto__: {resourceNames: [a]}, verbs: [get]}\n`,
    [4, 44],
  ],
  ['a __proto__ in JSON', `{"spec": {"__proto__": {"allowedClusterRoles": []}}}\n`, [1, 11]],
])('a ceiling with %s is refused, at its line and column', async (...row) => {
  const [, text, [line, column]] = row;
  expect(await problemsOf(text)).toMatchObject([{ line, column }]);
});

test('a key that would be lost, written while the agent runs: the last good ceiling stays in force, and that is told', async () => {
  const file = join(folder, 'running.yaml');
  const logger = new RecordingLogger();
  await writeFile(file, 'spec: {allowedClusterRoles: [view]}\n');
  const ceiling = await CeilingFile.open(file, logger);
  try {
    ceiling.watch(() => undefined);
    await writeFile(file, 'spec: {allowedClusterRoles: [view], allowedClusterRoles: [edit]}\n');
    await eventually(() => expect(ceiling.invalid).toBe(true));
    expect(ceiling.ceiling.allowedClusterRoles).toEqual(['view']);
    expect(logger.lines).toMatchObject([
      { level: 'error', fields: { problems: [{ line: 1, column: 37 }] } },
    ]);
  } finally {
    ceiling.close();
  }
});
