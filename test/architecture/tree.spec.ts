import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { casebookRows } from '../house/casebook.ts';
import { house } from '../planted/house-copy.ts';
import { rooms } from './walls.ts';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: house,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(house, path)));
const read = (path: string): string => readFileSync(join(house, path), 'utf8');
const sources = tracked.filter(
  (path) => /^(apps|libs|test)\/.+\.(ts|mjs|js)$/.test(path) && !path.includes('/generated/'),
);
// Files in test/conformance are the parts of one suite.
const isSpec = (path: string): boolean =>
  /\.(spec|int-spec|e2e|browser|test-support)\.ts$|^test\/conformance\/|^(apps|libs)\/[^/]+\/test\//.test(
    path,
  );
const homes = Object.keys(rooms).filter((room) => /^(apps|libs)\/[^/]+$/.test(room));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = (room: string): Manifest => JSON.parse(read(`${room}/package.json`)) as Manifest;
const oursIn = (names: readonly string[]): string[] =>
  names.flatMap((name) => (name.startsWith('@ambit/') ? [name.slice(7)] : [])).sort();

describe('sizes', () => {
  const exempt = /^libs\/persistence\/src\/migrations\//;
  test.each([
    ['source', 300, sources.filter((path) => !isSpec(path) && !exempt.test(path))],
    ['spec', 500, sources.filter(isSpec)],
  ])('no %s file is over %i lines', (_, most, files) => {
    const long = files.filter((path) => read(path).split('\n').length - 1 > most);
    expect(long).toEqual([]);
  });
});

describe('names', () => {
  test('files are kebab-case and say what they hold', () => {
    const odd = sources.filter((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return (
        !/^[a-z0-9]+([-.][a-z0-9]+)*\.(ts|mjs|js)$/.test(name) ||
        /^(utils?|helpers?|common|misc|manager|base)\./.test(name)
      );
    });
    expect(odd).toEqual([]);
  });

  test('there is one index.ts at the root of each library and none elsewhere', () => {
    const indexes = sources.filter((path) => path.endsWith('/index.ts'));
    const libraries = homes.filter((room) => room.startsWith('libs/'));
    expect(indexes.sort()).toEqual(libraries.map((room) => `${room}/src/index.ts`).sort());
  });
});

describe.each(homes)('%s', (room) => {
  const { libs, pure } = rooms[room] ?? { libs: [] };

  test('depends on nothing that its wall forbids', () => {
    const depends = oursIn(Object.keys(manifest(room).dependencies ?? {}));
    expect(depends.filter((lib) => !libs.includes(lib))).toEqual([]);
    if (pure === true)
      expect(Object.keys(manifest(room).dependencies ?? {})).toHaveLength(depends.length);
  });

  test('is compiled after exactly what it depends on', () => {
    const config = JSON.parse(read(`${room}/tsconfig.json`)) as { references: { path: string }[] };
    const referred = config.references.map(({ path }) => join(room, path));
    const other = referred
      .filter((path) => !path.startsWith(`${room}/`))
      .map((path) => path.slice(5));
    expect(other.sort()).toEqual(oursIn(Object.keys(manifest(room).dependencies ?? {})));
  });

  test('has a README that says what it is for and what it may import', () => {
    const readme = `${room}/README.md`;
    expect(tracked).toContain(readme);
    const text = read(readme);
    expect(text.split('\n')[0]).toBe(`# ${manifest(room).name}`);
    const [, said = ''] = /^May import: ([\s\S]*?)\.?\n\n/m.exec(text) ?? [];
    const named = [...said.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name);
    const ofOurs = named.filter((name) => homes.includes(`libs/${name}`));
    expect(ofOurs.sort()).toEqual([...libs].sort());
  });
});

describe('texts', () => {
  const texts = tracked.filter((path) => !/\.(png|jpg|ico|binpb)$/.test(path));

  test('none names a folder of the machine it was written on', () => {
    const here = dirname(house.replace(/\/$/, ''));
    const naming = texts.filter((path) => read(path).includes(`${here}/`));
    expect(naming).toEqual([]);
  });

  test('links and paths in documents lead somewhere', () => {
    const lost = tracked
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => {
        const links = [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
          .map(([, link = '']) => link)
          .filter(
            (link) => !/^[a-z]+:/.test(link) && !existsSync(join(house, dirname(path), link)),
          );
        const places = [...read(path).matchAll(/`((?:apps|libs|test|docs|proto)\/[^`\s]*)`/g)]
          .map(([, place = '']) => place)
          .filter((place) => globSync(place, { cwd: house }).length === 0);
        return links.concat(places).map((end) => `${path}: ${end}`);
      });
    expect(lost).toEqual([]);
  });

  test('the lock file names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });

  test('pure code makes no date of its own', () => {
    const pure = sources.filter(
      (path) =>
        !isSpec(path) &&
        Object.keys(rooms).some((room) => rooms[room]?.pure && path.startsWith(`${room}/`)),
    );
    expect(pure.filter((path) => /new Date\(\s*\)|\bDate\(\s*\)/.test(read(path)))).toEqual([]);
  });

  test('no test is switched off or left for later', () => {
    const off = /\b(describe|it|test)\.(only|todo)\(|\bx(it|describe|test)\(|\bf(it|describe)\(/;
    const self = 'test/architecture/tree.spec.ts';
    expect(sources.filter((path) => isSpec(path) && path !== self && off.test(read(path)))).toEqual(
      [],
    );
  });

  test('every suppression says why', () => {
    const bare =
      /(oxlint-disable(-next-line|-line)?|@ts-expect-error|@ts-ignore|prettier-ignore)(?![\w-])(?! [^\n]*--|: ?\w+| \w+ \w+ \w+)/;
    const self = 'test/architecture/tree.spec.ts';
    expect(sources.filter((path) => path !== self && bare.test(read(path)))).toEqual([]);
  });
});

test('at least sixty rows of the casebook have a test', () => {
  expect(casebookRows(house)).toBeGreaterThanOrEqual(60);
});

describe('the house on one page', () => {
  test('names no room and no file that is not there', () => {
    const page = read('docs/architecture.md');
    const named = [...page.matchAll(/`([a-z][\w.-]*\/[\w./-]*)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(20);
    const there = (name: string): boolean =>
      tracked.some(
        (path) =>
          `/${path}`.endsWith(`/${name}`) || `/${path}/`.includes(`/${name.replace(/\/?$/, '/')}`),
      );
    expect(named.filter((name) => !there(name))).toEqual([]);
  });
});

describe('answers of the REST API', () => {
  test('are streamed by one class alone, which ends them with the credential of their caller', () => {
    const streams = sources.filter(
      (path) =>
        path.startsWith('apps/central/src/') &&
        !isSpec(path) &&
        // What stands beside the API has no bearer token: pages of sign-in and the OAuth server.
        path !== 'apps/central/src/platform/raw-mount.ts' &&
        /\.hijack\(|\braw\.write|text\/event-stream|@Sse\(|StreamableFile/.test(read(path)),
    );
    expect(streams).toEqual(['apps/central/src/platform/event-stream.ts']);
  });
});
