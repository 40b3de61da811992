import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { readCeiling } from './ceiling-file.ts';

let folder: string;
let page: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-ceiling-page-'));
  const at = new URL('../../../../docs/reference/ceiling.md', import.meta.url);
  page = await readFile(at, 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the reference page of the ceiling', () => {
  test('shows a file that the agent reads', async () => {
    const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const file = join(folder, 'ceiling.yaml');
    await writeFile(file, block);
    const ceiling = await readCeiling(file);
    expect(ceiling.customRoles.rules).toHaveLength(1);
    expect({ ...ceiling, customRoles: { rules: [] }, breakGlass: [] }).toEqual(defaultCeiling);
  });

  test('says the defaults that hold', async () => {
    const rows = [...page.matchAll(/^\| `([\w.]+)` +\| `(.+?)` +\|/gm)];
    const file = join(folder, 'defaults.yaml');
    const lines = rows.map(([, field = '', value = '']) => {
      const [name, inner] = field.split('.');
      return inner === undefined ? `  ${name}: ${value}` : `  ${name}: { ${inner}: ${value} }`;
    });
    await writeFile(file, ['spec:', ...lines].join('\n'));
    expect(await readCeiling(file)).toEqual(defaultCeiling);
    const named = rows.map(([, field = '']) => field.split('.')[0]);
    expect(named.sort()).toEqual(Object.keys(defaultCeiling).sort());
  });
});
