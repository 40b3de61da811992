import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import type { Benchmark } from './benchmark.ts';
import { comparisonTable, performancePage } from './performance-page.ts';
import { plotOf } from './plot.ts';
import { newestReport } from './results-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const begin = '<!-- figures: `npm run bench -- --write-docs` -->';
const end = '<!-- /figures -->';

/** Writes the page, its pictures and the table of the README from the newest whole run of each benchmark. */
export async function writeDocs(suite: readonly Benchmark[]): Promise<void> {
  const found = suite.map(({ id }) => ({ id, report: newestReport(id) }));
  const reports = found.flatMap(({ report }) => report ?? []);
  const missing = found.flatMap(({ id, report }) => (report === undefined ? [id] : []));
  const pictures = join(root, 'docs/reference/performance');
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  const plots = new Set<string>();
  for (const report of reports) {
    const plot = plotOf(report);
    if (plot === undefined) continue;
    plots.add(report.id);
    writeFileSync(join(pictures, `${report.id}.svg`), plot);
  }
  await write('docs/reference/performance.md', performancePage(reports, plots, missing));
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  await write('README.md', withFigures(readme, comparisonTable(reports)));
}

/** A text whose table of figures is this one; without the two marks, or without figures, it stays as it is. */
export function withFigures(text: string, figures: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from || figures === '') return text;
  return `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

async function write(path: string, text: string): Promise<void> {
  const file = join(root, path);
  const options = await prettier.resolveConfig(file);
  writeFileSync(file, await prettier.format(text, { ...options, filepath: file }));
  console.log(`wrote ${path}`);
}
