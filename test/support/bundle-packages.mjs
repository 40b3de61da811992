// `node bundle-packages.mjs FOLDER`: packages from npm in few files, for Jest to load in place of some two thousand modules.
// Each becomes FOLDER/NAME.mjs; what several of them use they share, so that each exists once in a test file.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { uninstalled } from '../../apps/central/external-packages.mjs';
import { bundleFile, packages } from './bundled-packages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program or library with a version of its own would get another one than it asks for. */
function refuseSeveralVersions(name) {
  const [scope, rest] = name.split('/');
  const folder = scope.startsWith('@') ? join(scope, rest) : scope;
  for (const kind of ['apps', 'libs']) {
    for (const room of readdirSync(join(root, kind))) {
      if (!existsSync(join(root, kind, room, 'node_modules', folder))) continue;
      throw new Error(
        `${kind}/${room} has a ${name} of its own: take it off the list of bundled packages`,
      );
    }
  }
}

/** All that the package exports. Of CommonJS the names are found by loading it, as Jest does. */
async function entry(name) {
  const loaded = await import(name);
  const from = JSON.stringify(name);
  if (!('module.exports' in loaded)) {
    const itself = 'default' in loaded ? `export { default } from ${from};\n` : '';
    return `export * from ${from};\n${itself}`;
  }
  const whole = loaded.default;
  const isOpen = typeof whole === 'object' || typeof whole === 'function';
  const names = (isOpen ? Object.keys(whole) : []).filter(
    (key) => key !== 'default' && /^[A-Za-z_$][\w$]*$/.test(key),
  );
  const held = names.map((key, index) => `${key}: it${index}`).join(', ');
  const given = names.map((key, index) => `it${index} as ${key}`).join(', ');
  return `import it from ${from};\nexport default it;\nconst { ${held} } = it;\nexport { ${given} };\n`;
}

async function bundle(folder) {
  // Beside the packages, where their names are found.
  const making = `${folder}.${process.pid}`;
  const entries = join(making, 'entries');
  await mkdir(entries, { recursive: true });
  for (const name of packages) {
    refuseSeveralVersions(name);
    await writeFile(bundleFile(entries, name), await entry(name));
  }
  await build({
    entryPoints: packages.map((name) => bundleFile(entries, name)),
    outdir: making,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['node-addons'],
    // As Node and Jest read them.
    mainFields: ['main'],
    keepNames: true,
    legalComments: 'none',
    external: uninstalled,
    // CommonJS packages among the bundled ask for Node's own modules and for where they are. Without a cache of modules Fastify
    // does not look each plugin up in that of Jest, which was a tenth of what a start of central cost.
    banner: {
      js: `import { createRequire as ambitRequire } from 'node:module';
const require = Object.assign(ambitRequire(import.meta.url), { cache: undefined });
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`,
    },
    logLevel: 'error',
  });
  await rm(entries, { recursive: true });
  // Another run may have been faster.
  await rename(making, folder).catch(() => rm(making, { recursive: true }));
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node bundle-packages.mjs FOLDER');
await bundle(folder);
