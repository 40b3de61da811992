// Lints proto/ and compares it with proto/golden.json, the wire that agents in the field speak. `--accept` makes what is
// there now the new golden image: only when no released program speaks the old one, or when nothing broke.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const house = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(house, 'proto');
const golden = join(folder, 'golden.json');

function buf(...words: string[]): boolean {
  const { status, error } = spawnSync(join(house, 'node_modules/.bin/buf'), words, {
    stdio: 'inherit',
  });
  if (error) throw error;
  return status === 0;
}

if (process.argv.includes('--accept')) {
  process.exitCode = buf('build', folder, '--exclude-source-info', '-o', golden) ? 0 : 1;
} else if (!existsSync(golden)) {
  console.error('proto/golden.json is missing: run `npm run proto -- --accept`.');
  process.exitCode = 1;
} else {
  const linted = buf('lint', folder);
  const compatible = buf('breaking', folder, '--against', golden);
  if (!compatible) {
    console.error(
      'This change breaks agents in the field: add fields instead, and reserve what goes.',
    );
  }
  process.exitCode = linted && compatible ? 0 : 1;
}
