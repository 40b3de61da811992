// Bundles what `tsc -b` built into few files: finding and reading 2,700 modules is half of a start of central.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { uninstalled, withFiles } from './external-packages.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here('./dist/bundle');

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: [here('./dist/main.js')],
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // A CommonJS build that is imported later would come without its names.
  mainFields: ['module', 'main'],
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  external: [...withFiles, ...uninstalled],
  // CommonJS packages among the bundled ask for Node's own modules and for where they are.
  banner: {
    js: `import { createRequire as ambitRequire } from 'node:module';
const require = ambitRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`,
  },
  logLevel: 'warning',
});
