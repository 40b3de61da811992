// Writes every file that is derived from another: `npm run gen`. With `--check` nothing is written and a file that
// differs is an error. Every script at the root of a room (`libs/x/*.mjs`) is a generator too and is run here.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { casebookPage } from './casebook.ts';
import { oxlintWalls } from './oxlint-walls.ts';
import { settingsPages } from './settings-pages.ts';
import { valuesPages } from './values-pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const check = process.argv.includes('--check');
let failed = false;

async function settle(path: string, text: string): Promise<void> {
  const file = join(root, path);
  const options = await prettier.resolveConfig(file);
  const wanted = await prettier.format(text, { ...options, filepath: file });
  const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (found === wanted) return;
  if (check) {
    failed = true;
    console.error(
      `${path} is not what its source says: run \`npm run gen\` and commit the result.`,
    );
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
    console.log(`wrote ${path}`);
  }
}

function runRoom(script: string): void {
  const { status } = spawnSync(
    process.execPath,
    ['--conditions=@ambit/source', '--no-warnings', script, ...(check ? ['--check'] : [])],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) failed = true;
}

runRoom(join(root, 'test/house/proto-types.mjs'));
for (const script of globSync('{apps,libs}/*/{generate,dump-schema}.mjs', { cwd: root }).sort())
  runRoom(join(root, script));
await settle('.oxlintrc.walls.json', JSON.stringify(oxlintWalls()));
await settle('docs/casebook.md', casebookPage(root));
for (const [path, text] of await settingsPages(root)) await settle(path, text);
for (const [path, text] of valuesPages(root)) await settle(path, text);
process.exitCode = failed ? 1 : 0;
