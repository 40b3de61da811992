// Bundles what `tsc -b` built into a few files: an agent pays for every module it keeps in memory.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here('./dist/bundle');

await rm(outdir, { recursive: true, force: true });
const result = await build({
  entryPoints: [here('./dist/main.js')],
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
  // A CommonJS build that is imported later would come without its names, as that of @peculiar/x509.
  mainFields: ['module', 'main'],
  // CommonJS packages among the bundled ask for Node's own modules.
  banner: {
    js: "import { createRequire as ambitRequire } from 'node:module'; const require = ambitRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
if (process.argv.includes('--sizes')) {
  for (const [file, { bytes, inputs }] of Object.entries(result.metafile.outputs)) {
    if (file.endsWith('.map')) continue;
    console.log(file, bytes);
    const by = {};
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name =
        /(?:.*node_modules\/|(?:apps|libs)\/)((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input;
      by[name] = (by[name] ?? 0) + bytesInOutput;
    }
    console.log(
      Object.entries(by)
        .sort((a, b) => b[1] - a[1])
        .slice(0, 15),
    );
  }
}
