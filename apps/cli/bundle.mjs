// Bundles kubectl's plugin out of what `tsc -b` built: kubectl starts it for every command, so that reading modules is most of
// what it costs. What is needed only when central is asked stays in files of its own.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here('./dist/bundle');

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: { credential: here('./dist/credential/main.js') },
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  keepNames: true,
  metafile: true,
  sourcemap: 'linked',
  sourcesContent: false,
  // A CommonJS package among the bundled asks for Node's own modules.
  banner: {
    js: "import { createRequire as ambitRequire } from 'node:module'; const require = ambitRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
