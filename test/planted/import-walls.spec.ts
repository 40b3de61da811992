import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyHouse, type HouseCopy } from './house-copy.ts';

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
}

const used = (from: string): string => `import * as x from '${from}';\nexport const y = x;\n`;

/** Planted file, its text, the rule of dependency-cruiser that must stop it, and whether oxlint draws the red line. */
const planted: readonly (readonly [string, string, string, boolean])[] = [
  ['libs/kernel/src/planted-1.ts', used('@ambit/rbac'), 'wall-libs-kernel', true],
  ['libs/rbac/src/planted-2.ts', used('@ambit/domain'), 'wall-libs-rbac', true],
  ['libs/rbac/src/planted-3.ts', used('node:fs'), 'pure-libs-rbac', true],
  ['libs/domain/src/planted-4.ts', used('zod'), 'pure-libs-domain', true],
  ['libs/protocol/src/core/planted-5.ts', used('../index.ts'), 'pure-core', false],
  ['libs/protocol/src/core/planted-6.ts', used('node:crypto'), 'pure-libs-protocol-src-core', true],
  ['libs/contracts/src/planted-7.ts', used('@ambit/persistence'), 'wall-libs-contracts', true],
  ['libs/kube/src/planted-8.ts', used('@kubernetes/client-node'), 'never-libs-kube', true],
  ['libs/transport/src/planted-9.ts', used('@ambit/testing'), 'development-stays-home', true],
  ['libs/config/src/planted-10.ts', used('./planted-11.ts'), 'no-cycle', false],
  ['libs/config/src/planted-12.ts', 'export const x = 1;\n', 'no-orphan', false],
  ['libs/config/src/planted-13.ts', used('./nowhere.ts'), 'resolvable', false],
  ['libs/client/src/planted-14.ts', used('../../kernel/src/errors.ts'), 'front-door', false],
  ['apps/agent/src/planted-15.ts', used('typeorm'), 'never-apps-agent', true],
  ['apps/agent/src/planted-16.ts', used('@nestjs/common'), 'never-apps-agent', true],
  ['apps/agent/src/planted-17.ts', used('@ambit/persistence'), 'wall-apps-agent', true],
  ['apps/agent/src/planted-18.ts', used('@kubernetes/client-node'), 'never-apps-agent', true],
  ['apps/central/src/planted-19.ts', used('@ambit/kube'), 'wall-apps-central', true],
  ['apps/central/src/planted-20.ts', used('@kubernetes/client-node'), 'never-apps-central', true],
  ['apps/central/src/planted-21.ts', used('@ambit/dev-cluster'), 'development-stays-home', true],
  ['apps/cli/src/planted-22.ts', used('../../central/src/config.ts'), 'wall-apps-cli', false],
  ['apps/demo/src/planted-23.ts', used('@ambit/persistence'), 'wall-apps-demo', true],
  [
    'apps/central/src/features/planted-one/planted-24.ts',
    used('../planted-two/inner.ts'),
    'slice-door',
    false,
  ],
  [
    'apps/central/src/platform/planted-25.ts',
    used('../features/planted-two/public.ts'),
    'platform-knows-no-slice',
    false,
  ],
  [
    'apps/central/src/features/planted-one/planted-26.ts',
    used('../../platform/answer.ts'),
    'use-cases-know-no-http',
    false,
  ],
  [
    'apps/central/src/features/planted-one/planted-27.ts',
    used('@nestjs/common'),
    'use-cases-know-no-http',
    false,
  ],
];

/** Imports that look alike and are allowed. */
const allowed: readonly (readonly [string, string])[] = [
  ['libs/rbac/src/planted-good-1.ts', used('@ambit/kernel')],
  [
    'libs/rbac/src/planted-good-2.spec.ts',
    used('node:fs') + used('@ambit/testing').replaceAll('x', 'z').replace('y', 'w'),
  ],
  ['apps/central/src/features/planted-two/inner.ts', used('@ambit/kernel')],
  ['apps/central/src/features/planted-two/public.ts', used('./inner.ts')],
  ['apps/central/src/features/planted-one/planted-good-3.ts', used('../planted-two/public.ts')],
  ['apps/demo/src/planted-good-4.ts', used('@ambit/dev-cluster')],
];

let copy: HouseCopy;
let violations: readonly Violation[];
let lines: readonly Diagnostic[];

beforeAll(async () => {
  copy = copyHouse();
  for (const [path, text] of [...planted, ...allowed]) copy.plant(path, text);
  copy.plant('libs/config/src/planted-11.ts', used('./planted-10.ts'));
  const words = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'apps', 'libs'];
  // The lint of imports needs no types, which would take most of the time.
  const [cruised, linted] = await Promise.all([
    copy.run('depcruise', ...words),
    copy.run('oxlint', '-f', 'json'),
  ]);
  const report = JSON.parse(cruised.stdout) as { summary: { violations: readonly Violation[] } };
  violations = report.summary.violations;
  lines = (JSON.parse(linted.stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
}, 240_000);
afterAll(() => copy.remove());

describe('dependency-cruiser, the gate', () => {
  test.each(planted)('%s is stopped', (path, _, rule) => {
    const stopped = violations.filter(({ from }) => from === path).map((one) => one.rule.name);
    expect(stopped).toContain(rule);
  });

  test.each(allowed)('%s passes', (path) => {
    expect(violations.filter(({ from }) => from === path)).toEqual([]);
  });
});

describe('oxlint, the red line in the editor', () => {
  const drawn = planted.filter(([, , , line]) => line);

  test.each(drawn)('%s is underlined', (path) => {
    const codes = lines.filter(({ filename }) => filename === path).map(({ code }) => code);
    expect(codes).toContain('eslint(no-restricted-imports)');
  });

  test.each(allowed)('%s is not', (path) => {
    const codes = lines.filter(({ filename }) => filename === path).map(({ code }) => code);
    expect(codes).not.toContain('eslint(no-restricted-imports)');
  });
});
