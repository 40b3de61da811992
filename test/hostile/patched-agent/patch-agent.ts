import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { house } from '../../planted/house-copy.ts';

/** Functions of layer 1, by the file that holds them, and what each says when it refuses nothing. */
const layerOne: readonly (readonly [file: string, functions: Readonly<Record<string, string>>])[] =
  [
    [
      'ceiling/check-ceiling',
      { checkRoleRules: '[]', roleRefusal: 'undefined', scopeRefusal: 'undefined' },
    ],
    ['ceiling/subject-refusal', { subjectRefusal: 'undefined' }],
  ];
const reach = 'desired/namespace-reach';
const protects = 'new Set(protectedNamespaces)';

/**
 * The program of the agent as somebody would patch it who has its pod: its own filter refuses nothing any more. All else is what is
 * shipped. Gives the path of the program, in `folder`.
 */
export async function patchAgent(folder: string): Promise<string> {
  let patched = 0;
  const outfile = join(folder, 'patched-agent.mjs');
  await build({
    entryPoints: [join(house, 'apps/agent/dist/main.js')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['@peculiar/x509', 'reflect-metadata'],
    banner: {
      js: "import { createRequire as ambitRequire } from 'node:module'; const require = ambitRequire(import.meta.url);",
    },
    logLevel: 'error',
    plugins: [
      {
        name: 'layer 1 off',
        setup({ onLoad }) {
          onLoad({ filter: /libs[/\\]rbac[/\\]dist[/\\].*\.js$/ }, async ({ path }) => {
            const found = layerOne.find(([file]) => path.endsWith(`${file}.js`));
            const text = await readFile(path, 'utf8');
            if (path.endsWith(`${reach}.js`)) {
              patched += 1;
              return { contents: replaced(text, protects, 'new Set()'), loader: 'js' };
            }
            if (found === undefined) return undefined;
            patched += 1;
            return { contents: refusesNothing(text, found[1]), loader: 'js' };
          });
        },
      },
    ],
  });
  if (patched !== layerOne.length + 1) throw new Error(`${patched} files of layer 1 were found`);
  return outfile;
}

function refusesNothing(text: string, functions: Readonly<Record<string, string>>): string {
  let patched = text;
  for (const [name, answer] of Object.entries(functions)) {
    const head = `export function ${name}(`;
    patched = replaced(
      patched,
      head,
      `export function ${name}() { return ${answer}; }\nfunction ${name}Before(`,
    );
  }
  return patched;
}

/** What is not there any more would leave layer 1 on, and the run would prove nothing. */
function replaced(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`layer 1 is not where it was: ${part}`);
  return text.replaceAll(part, by);
}
