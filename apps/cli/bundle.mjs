// Bundles kubectl's plugin out of what `tsc -b` built: kubectl starts it for every command, so that reading modules is most of
// what it costs. What is needed only when central is asked, or something fails, is a bundle of its own: with one for both, what
// they share would bring in Node's HTTP each time.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here('./dist/bundle');
const seldom = ['renew-credential', 'sign-in-again', 'tell-failure'];
const common = {
  outdir,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
};

await rm(outdir, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: { credential: here('./dist/credential/main.js') },
  plugins: [
    {
      name: 'seldom-apart',
      setup: ({ onResolve }) =>
        onResolve({ filter: new RegExp(`/(${seldom.join('|')})\\.js$`) }, ({ path }) => ({
          path,
          external: true,
        })),
    },
  ],
});
await build({
  ...common,
  entryPoints: Object.fromEntries(
    seldom.map((name) => [name, here(`./dist/credential/${name}.js`)]),
  ),
  splitting: true,
  // A native module, and not everywhere.
  external: ['@napi-rs/keyring'],
  // The CommonJS build that Node takes would come without its names when it is imported later.
  alias: { yaml: fileURLToPath(new URL('../browser/index.js', import.meta.resolve('yaml'))) },
  // A CommonJS package among the bundled asks for Node's own modules.
  banner: {
    js: "import { createRequire as ambitRequire } from 'node:module'; const require = ambitRequire(import.meta.url);",
  },
});
