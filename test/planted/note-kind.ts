/**
 * A kind of policy object that nobody needs: a note has a text. What is here is everything that such a kind is made of:
 * its own files, and the lines that name it in files of others.
 */

/** Files of the kind alone, by path. */
export const noteFiles: Readonly<Record<string, string>> = {
  'libs/contracts/src/kinds/note.ts': `import { z } from 'zod';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { nameOf } from '../names.ts';
import { kindContract } from './kind-contract.ts';

export const NoteWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Note'),
  metadata: z.strictObject({ name: nameOf('Note'), ...objectMetaFields }),
  spec: z.strictObject({ text: z.string().max(1024) }),
  status: z.unknown().optional(),
});

export const Note = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Note'),
  metadata: ObjectMeta,
  spec: z.object({ text: z.string() }),
  status: z.object({ conditions: z.array(Condition) }),
});
export type Note = z.infer<typeof Note>;

export const noteKind = kindContract({
  kind: 'Note',
  plural: 'notes',
  write: NoteWrite,
  read: Note,
  list: listOf('Note', Note),
  summary: 'A text with a name.',
  laterFields: ['spec.colour'],
});
`,
  'apps/central/src/features/notes/public.ts': `import { plainKind } from '../policy/public.ts';

export const noteKind = plainKind('Note');
`,
  'apps/cli/src/kinds/note-view.ts': `import { noteKind, type Note } from '@ambit/contracts';
import { kindView } from './kind-view.ts';

export const noteView = kindView<Note>({
  contract: noteKind,
  columns: () => [{ title: 'TEXT', value: ({ spec }) => spec.text, flexible: true }],
  lines: ({ spec }) => [['Text', spec.text]],
});
`,
};

/** Lines that files of others get: where, before which text, and what. */
export const noteLines: readonly (readonly [path: string, before: RegExp, line: string])[] = [
  ['libs/contracts/src/index.ts', /^/, `export * from './kinds/note.ts';\n`],
  ['libs/contracts/src/kinds/policy-kinds.ts', /^/, `import { noteKind } from './note.ts';\n`],
  ['libs/contracts/src/kinds/policy-kinds.ts', /(?<=policyKinds = \[)/, `\n  noteKind,\n`],
  [
    'apps/central/src/policy-kinds.ts',
    /^/,
    `import { noteKind } from './features/notes/public.ts';\n`,
  ],
  ['apps/central/src/policy-kinds.ts', /(?<=PolicyKinds\(\[)/, `\n  noteKind,\n`],
  ['apps/cli/src/kinds/kind-views.ts', /^/, `import { noteView } from './note-view.ts';\n`],
  ['apps/cli/src/kinds/kind-views.ts', /(?<=KindView\[\] = \[)/, `\n  noteView,\n`],
];

/** What the programs have to do with it, as a test of the copy. */
export const noteTest = `import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testDatabase, type TestDatabase } from '@ambit/testing';
import { runCaptured, type Captured } from '../../cli/src/captured-run.test-support.ts';
import { document, TestCentral } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let folder: string;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  folder = await mkdtemp(join(tmpdir(), 'ambit-note-'));
  for (const role of ['viewer', 'sync']) {
    const { body } = await central.call('POST', '/tokens', { body: { name: role, role } });
    tokens[role] = body.token;
  }
});
afterAll(async () => {
  await central.stop();
  await db.close();
});

const note = (name: string, spec: object): object => document('Note', name, spec);
const put = (name: string, spec: object, more: object = {}) =>
  central.call('PUT', '/notes/' + name, { body: note(name, spec), ...more });
const ambit = (...words: string[]): Promise<Captured> =>
  runCaptured(words, {
    env: { HOME: folder, AMBIT_SERVER: central.running.restUrl ?? '', AMBIT_TOKEN: central.token },
  });

test('over REST: put, read, listed, guarded by version, refused with what was meant, deleted', async () => {
  const made = await put('first', { text: 'one' });
  expect([made.status, made.body.spec]).toEqual([201, { text: 'one' }]);
  expect((await put('first', { text: 'one' })).status).toBe(200);
  const changed = await put('first', { text: 'two' });
  const { generation, resourceVersion } = changed.body.metadata;
  expect([generation, resourceVersion]).toEqual([2, changed.headers.get('ambit-revision')]);
  const old = { headers: { 'if-match': '"1"' } };
  expect((await put('first', { text: 'three' }, old)).status).toBe(412);
  await put('second', { text: 'b' });
  const list = await central.get('/notes?q=sec');
  expect(list.body.kind).toBe('NoteList');
  expect(list.body.items.map((item: { spec: object }) => item.spec)).toEqual([{ text: 'b' }]);
  const faulty = await put('third', { texts: 'x' });
  expect(faulty.status).toBe(422);
  expect(JSON.stringify(faulty.body.errors)).toContain('text');
  const later = await central.call('POST', '/apply', {
    body: { objects: [note('third', { text: 'x', colour: 'red' })] },
  });
  expect(JSON.stringify(later.body)).toContain('spec.colour is not in this version');
  expect((await central.call('DELETE', '/notes/second')).body.objects).toMatchObject([
    { kind: 'Note', name: 'second', action: 'deleted' },
  ]);
  expect((await central.get('/notes/second')).status).toBe(404);
});

test('whoever may only read reads it, and a token that syncs people does not see it', async () => {
  const ofViewer = { token: tokens['viewer'] ?? '' };
  expect((await central.call('GET', '/notes/first', ofViewer)).status).toBe(200);
  expect((await put('first', { text: 'no' }, ofViewer)).status).toBe(403);
  const ofSync = { token: tokens['sync'] ?? '' };
  expect((await central.call('GET', '/notes', ofSync)).status).toBe(403);
});

test('by the command: applied from a file, listed, described, deleted', async () => {
  const file = join(folder, 'note.yaml');
  await writeFile(
    file,
    'apiVersion: ambit.dev/v1\\nkind: Note\\nmetadata: {name: filed}\\nspec: {text: from a file}\\n',
  );
  expect(await ambit('apply', '-f', file, '--wait', 'none')).toMatchObject({ code: 0 });
  expect((await ambit('get', 'notes')).out).toMatch(/NAME +TEXT +AGE\\n.*filed +from a file/s);
  expect((await ambit('describe', 'note', 'filed')).out).toMatch(/Text: +from a file/);
  expect((await ambit('get', 'note/filed', '-o', 'yaml')).out).toContain('kind: Note');
  expect((await ambit('get', 'nots')).err).toContain('did you mean note');
  expect(await ambit('delete', 'note', 'filed', '-y')).toMatchObject({ code: 0 });
  expect((await ambit('get', 'note', 'filed')).code).not.toBe(0);
});

test('it is in the trail, in the history, in the description, and there after a restart', async () => {
  const { body } = await central.get('/audit/events?limit=100');
  const told = body.items.filter((event: any) => event.object?.kind === 'Note');
  expect(new Set(told.map((event: any) => event.type))).toEqual(
    new Set(['policy.created', 'policy.updated', 'policy.deleted']),
  );
  const rows = await db.database.query(
    "SELECT count(*)::int AS n FROM policy_changes WHERE kind = 'Note'",
  );
  expect(rows).toEqual([{ n: told.length }]);
  const openapi = (await central.get('/openapi.json')).body;
  expect(Object.keys(openapi.paths['/api/v1/notes/{name}'])).toEqual(['get', 'put', 'delete']);
  expect(Object.keys(openapi.components.schemas)).toEqual(
    expect.arrayContaining(['Note', 'NoteList', 'NoteWrite']),
  );
  const { token, dataDir } = central;
  await central.stop(true);
  central = await TestCentral.start(db.url, { dataDir });
  central.token = token;
  expect((await central.get('/notes/first')).body.spec).toEqual({ text: 'two' });
});
`;
