import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { settingsPage, type SettingsSchema } from '@ambit/config';

const programs = ['central', 'agent', 'cli', 'demo'];

/** The reference page of every program that declares settings in its config.ts, by path. */
export async function settingsPages(root: string): Promise<[string, string][]> {
  const pages: [string, string][] = [];
  for (const program of programs) {
    const file = join(root, 'apps', program, 'src/config.ts');
    if (!existsSync(file)) continue;
    const exported: unknown = await import(pathToFileURL(file).href);
    for (const schema of Object.values(exported as object).filter(isSchema)) {
      pages.push([`docs/reference/settings-${schema.program}.md`, settingsPage(schema)]);
    }
  }
  return pages;
}

function isSchema(value: unknown): value is SettingsSchema {
  return typeof value === 'object' && value !== null && 'declared' in value;
}
