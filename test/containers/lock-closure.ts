import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { house } from '../planted/house-copy.ts';

interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(house, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};

/** Where Node finds this package, seen from a folder of the lock file. */
function find(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = parent(folder)) {
    const at = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const found = packages[at];
    if (found !== undefined) return found.link === true ? found.resolved : at;
    if (folder === '') return undefined;
  }
}

function parent(folder: string): string {
  const at = folder.lastIndexOf('/node_modules/');
  return at < 0 ? '' : folder.slice(0, at);
}

function idOf(path: string): string {
  const locked = packages[path];
  return `${locked?.name ?? path.replace(/^.*node_modules\//, '')}@${locked?.version}`;
}

/**
 * What a workspace needs in production by the lock file, read without npm, as `name@version`: `needed` on every platform, and
 * `optional` where there is one for it.
 */
export function closureOf(workspace: string): { needed: string[]; optional: string[] } {
  const needed = new Set<string>();
  const all = new Set<string>();
  const visit = (path: string, sure: boolean): void => {
    const seen = sure ? needed : all;
    if (seen.has(path)) return;
    seen.add(path);
    all.add(path);
    const { dependencies, optionalDependencies, peerDependencies } = packages[path] ?? {};
    for (const [name, always] of [
      ...Object.keys({ ...dependencies, ...peerDependencies }).map((each) => [each, sure] as const),
      ...Object.keys(optionalDependencies ?? {}).map((each) => [each, false] as const),
    ]) {
      const found = find(path, name);
      if (found !== undefined) visit(found, always);
    }
  };
  visit(workspace, true);
  const optional = [...all].filter((path) => !needed.has(path));
  return { needed: [...needed].map(idOf), optional: optional.map(idOf) };
}
