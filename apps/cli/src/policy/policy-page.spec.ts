import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parsePolicyFile } from './policy-file.ts';

const providers = ['entra', 'google', 'okta', 'keycloak', 'dex', 'github'].map(
  (name) => `docs/how-to/identity-provider-${name}.md`,
);
const pages = [
  'README.md',
  'docs/reference/policy-files.md',
  'docs/how-to/teams.md',
  ...providers,
].map((page) => {
  const text = readFileSync(new URL(`../../../../${page}`, import.meta.url), 'utf8');
  return [
    page,
    [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block),
  ] as const;
});

describe('policy files in documents', () => {
  test.each(pages)('%s shows only what apply would take', (_, blocks) => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(parsePolicyFile(block)).toMatchObject({ ok: true });
  });
});
