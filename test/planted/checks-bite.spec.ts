import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyHouse, type HouseCopy, type ToolRun } from './house-copy.ts';

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
}

const lines = (count: number, line: string): string => `${line}\n`.repeat(count);
const asyncNothing = `const later = async (): Promise<void> => undefined;\n`;

/** Planted file, its text, and the rule of oxlint that must stop it. */
const faults: readonly (readonly [string, string, string])[] = [
  ['libs/kube/src/bad-1.ts', `export const x = process.env['HOME'];\n`, 'node(no-process-env)'],
  ['libs/kube/src/bad-2.ts', `export default 1;\n`, 'import(no-default-export)'],
  [
    'libs/kube/src/bad-3.ts',
    `${asyncNothing}export const x = (): void => {\n  later();\n};\n`,
    'typescript(no-floating-promises)',
  ],
  [
    'libs/kube/src/bad-4.ts',
    `export function x(v: 'a' | 'b'): number {\n  switch (v) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n`,
    'typescript(switch-exhaustiveness-check)',
  ],
  ['libs/kube/src/bad-5.ts', lines(301, 'export {};'), 'eslint(max-lines)'],
  ['libs/kube/src/bad-6.spec.ts', lines(501, 'export {};'), 'eslint(max-lines)'],
  [
    'libs/kube/src/bad-7.ts',
    `export function x(): void {\n${lines(60, '  Math.abs(1);')}}\n`,
    'eslint(max-lines-per-function)',
  ],
  [
    'libs/kube/src/bad-8.ts',
    `export function x(v: number): void {\n${lines(11, '  if (v > 1) Math.abs(v);')}}\n`,
    'eslint(complexity)',
  ],
  [
    'libs/kube/src/bad-9.ts',
    `export const x = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e];\n`,
    'eslint(max-params)',
  ],
  [
    'libs/kube/src/bad-10.ts',
    `export const x = (v: any): unknown => v;\n`,
    'typescript(no-explicit-any)',
  ],
  [
    'libs/domain/src/bad-11.ts',
    `export const x = Date.now();\n`,
    'eslint(no-restricted-properties)',
  ],
  [
    'libs/rbac/src/bad-12.ts',
    `export const x = Math.random();\n`,
    'eslint(no-restricted-properties)',
  ],
  [
    'libs/protocol/src/core/bad-13.ts',
    `export const x = Math.random();\n`,
    'eslint(no-restricted-properties)',
  ],
];

/** Generous, because a busy machine is no violation. */
const long = 240_000;
let copy: HouseCopy;
beforeAll(() => {
  copy = copyHouse();
}, long);
afterAll(() => copy.remove());

describe('lint', () => {
  let found: readonly Diagnostic[];
  beforeAll(async () => {
    for (const [path, text] of faults) copy.plant(path, text);
    const planted = faults.map(([path]) => path);
    const { stdout } = await copy.run('oxlint', '--type-aware', '-f', 'json', ...planted);
    found = (JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
  }, long);

  test.each(faults)('%s is stopped', (path, _, rule) => {
    const codes = found.filter(({ filename }) => filename === path).map(({ code }) => code);
    expect(codes).toContain(rule);
  });
});

test(
  'an unformatted file is stopped',
  async () => {
    copy.plant('libs/kube/src/unformatted.ts', `export const   x = "1"\n`);
    copy.plant('libs/kube/src/formatted.ts', `export const x = '1';\n`);
    const { code, stderr } = await copy.run('prettier', '--check', 'libs/kube/src');
    expect(code).toBe(1);
    expect(stderr).toContain('src/unformatted.ts');
    expect(stderr).not.toContain('src/formatted.ts');
  },
  long,
);

test(
  'a dead export, a dead file and a package nobody declared are stopped',
  async () => {
    copy.plant('libs/config/src/dead-file.ts', `export const nobody = 1;\n`);
    copy.edit('libs/config/src/find-setting.ts', /$/, `export const deadInside = 1;\n`);
    const secret = 'libs/config/src/secret.ts';
    const before = copy.read(secret);
    copy.edit(secret, /$/, `export const deadOutside = 1;\nimport 'left-pad';\n`);
    const words = ['--no-config-hints', '--reporter', 'compact'];
    const inside = await copy.run('knip', ...words);
    const outside = await copy.run(
      'knip',
      ...words,
      '--include-entry-exports',
      '--include',
      'exports',
    );
    // The generators of later tests read it.
    copy.plant(secret, before);
    const domain = 'libs/domain/src/grants/grant-times';
    copy.edit(`${domain}.ts`, /$/, `export const forSpecsAlone = 1;\n`);
    copy.edit(
      `${domain}.spec.ts`,
      /$/,
      `import { forSpecsAlone } from './grant-times.ts';\nvoid forSpecsAlone;\n`,
    );
    const shipped = await copy.run(
      'knip',
      ...words,
      ...['--production', '-c', 'knip.production.json', '--include', 'exports'],
      '--include-entry-exports',
    );
    expect(shipped.stdout).toMatch(/grant-times\.ts: forSpecsAlone/);
    expect(inside.code).not.toBe(0);
    expect(inside.stdout).toContain('libs/config/src/dead-file.ts');
    expect(inside.stdout).toMatch(/find-setting\.ts: deadInside/);
    expect(inside.stdout).toMatch(/left-pad/);
    expect(outside.stdout).toMatch(/secret\.ts: deadOutside/);
  },
  long,
);

describe('generated files', () => {
  const script = 'test/house/generate.ts';
  const generate = (...words: string[]): Promise<ToolRun> =>
    copy.run('node', '--conditions=@ambit/source', '--no-warnings', script, ...words);

  /** File, and what a hand might have changed in it. */
  const drifts: readonly (readonly [string, RegExp, string])[] = [
    ['docs/casebook.md', /rows have a test/, 'rows have two tests'],
    ['docs/reference/settings-ambit-central.md', /AMBIT_DATA_DIR/, 'AMBIT_DATA_FOLDER'],
    ['.oxlintrc.walls.json', /apps\/agent may import/, 'apps/agent could import'],
    ['libs/protocol/src/generated/descriptor.ts', /UpToDate|up_to_date/, 'OutOfDate'],
    ['libs/persistence/schema.sql', /create table/i, 'CREATE UNLOGGED TABLE'],
    ['docs/reference/openapi.json', /"operationId"/, '"operationid"'],
  ];

  test(
    'a changed one is stopped, each by name',
    async () => {
      for (const [path, from, to] of drifts) copy.edit(path, from, to);
      const { code, stderr, stdout } = await generate('--check');
      expect(code).toBe(1);
      const said = stderr + stdout;
      const unsaid = drifts.map(([path]) => path).filter((path) => !said.includes(path));
      expect({ unsaid, instead: unsaid.length > 0 ? said : '' }).toEqual({
        unsaid: [],
        instead: '',
      });
    },
    long,
  );
});

describe('proto', () => {
  const proto = (): Promise<ToolRun> => copy.run('node', '--no-warnings', 'test/house/proto.ts');
  const state = 'proto/ambit/agent/v1/state.proto';

  test(
    'what stands in the repository passes',
    async () => {
      expect(await proto()).toMatchObject({ code: 0 });
    },
    long,
  );

  test(
    'a field that changes its number is stopped',
    async () => {
      const before = copy.read(state);
      copy.edit(state, /= 1;/, '= 1001;');
      const { code, stderr, stdout } = await proto();
      copy.plant(state, before);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('breaks agents in the field');
    },
    long,
  );

  test(
    'a name against the habits is stopped',
    async () => {
      const before = copy.read(state);
      copy.edit(state, /$/, `message lower_case { string X = 1; }\n`);
      const { code, stdout } = await proto();
      copy.plant(state, before);
      expect(code).toBe(1);
      expect(stdout).toMatch(/lower_case/);
    },
    long,
  );
});

test('no trace is left in the checkout', () => {
  expect(faults.filter(([path]) => existsSync(join(process.cwd(), path)))).toEqual([]);
});
