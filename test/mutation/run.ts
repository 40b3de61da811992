// `npm run mutation [-- AREA…]`: changes the rules that decide access one by one, and counts what the specs notice. Not in
// CI: it takes minutes per area. An area below the threshold exits with 1. Its own packages are installed on first use.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCommand } from '../house/read-command.ts';
import { areas } from './areas.mjs';

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { status: string }[] }>>;
}

const here = import.meta.dirname;
const house = join(here, '../..');
const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js');

function run(command: string, args: readonly string[], environment = {}): boolean {
  const options = {
    cwd: house,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  } as const;
  return spawnSync(command, args, options).status === 0;
}

/** How many mutants were noticed, and how many there are. */
function score(area: string): { readonly noticed: number; readonly all: number } {
  const text = readFileSync(join(house, `.data/mutation/${area}.json`), 'utf8');
  const { files } = JSON.parse(text) as Report;
  const statuses = Object.values(files).flatMap(({ mutants }) =>
    mutants.map(({ status }) => status),
  );
  const noticed = statuses.filter((status) => status === 'Killed' || status === 'Timeout').length;
  return { noticed, all: statuses.length };
}

const usage = `usage: npm run mutation [-- AREA…]   of ${Object.keys(areas).join(', ')}`;
const { positionals: wanted } = readCommand(usage, { allowPositionals: true });
const unknown = wanted.filter((area) => !(area in areas));
if (unknown.length > 0) {
  console.error(
    `There is no area ${unknown.join(', ')}; there are ${Object.keys(areas).join(', ')}.`,
  );
  process.exit(2);
}
if (!existsSync(stryker) && !run('npm', ['ci', '--prefix', here, '--ignore-scripts']))
  process.exit(2);
const lines: string[] = [];
for (const area of wanted.length > 0 ? wanted : Object.keys(areas)) {
  const config = join(here, 'stryker.config.mjs');
  const passed = run(process.execPath, [stryker, 'run', config], { MUTATION_AREA: area });
  const { noticed, all } = score(area);
  lines.push(`${area}: ${((100 * noticed) / all).toFixed(1)} % of ${all} mutants`);
  if (!passed) process.exitCode = 1;
}
console.log(lines.join('\n'));
