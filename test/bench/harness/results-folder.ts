import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from './result.ts';

/** Every run of every benchmark, in a folder that git does not see; tests of the runner have another. */
const resultsFolder =
  process.env['AMBIT_BENCH_RESULTS'] ?? fileURLToPath(new URL('../results', import.meta.url));

/** Where the report of a run that begins now goes: `B07/2026-01-31T12-00-00-000.json`. */
export function reportPath(id: string, smoke: boolean, now = new Date()): string {
  const folder = join(resultsFolder, id);
  mkdirSync(folder, { recursive: true });
  const time = now.toISOString().replaceAll(/[:.]/g, '-').replace('Z', '');
  return join(folder, `${time}${smoke ? '-smoke' : ''}.json`);
}

export function readReport(path: string): Report | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : undefined;
}

/** The newest whole run of a benchmark that came to its end. */
export function newestReport(id: string): Report | undefined {
  return globSync('*.json', { cwd: join(resultsFolder, id) })
    .filter((name) => !name.endsWith('-smoke.json'))
    .sort()
    .toReversed()
    .map((name) => readReport(join(resultsFolder, id, name)))
    .find((report) => report !== undefined && report.error === undefined);
}
