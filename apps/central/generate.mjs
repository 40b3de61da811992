// Writes docs/reference/openapi.json from the route table and its schemas. `--check` writes nothing and exits 1 when
// the file on disk differs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { openApiDocument } from './src/platform/openapi.ts';
import { version } from './src/version.ts';

const path = join(dirname(fileURLToPath(import.meta.url)), '../../docs/reference/openapi.json');
const options = await prettier.resolveConfig(path);
const wanted = await prettier.format(JSON.stringify(openApiDocument(version)), {
  ...options,
  parser: 'json',
});
const found = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
} else if (found !== wanted) {
  console.error(`${relative(process.cwd(), path)} differs from the routes: run \`npm run gen\``);
  process.exitCode = 1;
}
