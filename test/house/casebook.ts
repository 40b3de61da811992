import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test that says it would fail on the behaviour of one row. */
export interface Claim {
  readonly collection: Collection;
  readonly number: number;
  readonly says: string;
  readonly file: string;
}

type Collection = '' | 'b' | 'U' | 'outside ';

/** The last row of each collection. */
const last: Readonly<Record<Collection, number>> = { '': 96, b: 68, U: 30, 'outside ': 24 };
const collections: Readonly<Record<Collection, string>> = {
  '': 'Failures that users of comparable systems report',
  b: 'Advisories and bugs of comparable systems',
  U: 'Complaints about usability',
  'outside ': 'What people who tried it ran into',
};
const places = [
  'apps/*/src/**/*.spec.ts',
  'apps/*/src/**/*.int-spec.ts',
  'libs/*/src/**/*.spec.ts',
].concat([
  'libs/*/src/**/*.int-spec.ts',
  'test/{conformance,architecture,sim}/**/*.ts',
  'test/e2e/**/*.e2e.ts',
  'test/browser/**/*.browser.ts',
]);

// `case 57: …`, `case b33: …`, `outside case 04: …`; one test may claim several rows: `case 16, case b12: …`.
const title = /(['"`])((?:(?:outside )?case [bU]?\d+(?:, )?)+: (?:\\.|(?!\1)[\s\S])*?)\1/g;

function claimsOf(file: string, source: string): Claim[] {
  return [...source.matchAll(title)].flatMap(([, , text = '']) => {
    const colon = text.indexOf(': ');
    const rows = [...text.slice(0, colon).matchAll(/(outside )?case ([bU]?)(\d+)/g)];
    return rows.map(([, outside, collection, number]) => ({
      file,
      collection: (outside ?? collection) as Collection,
      number: Number(number),
      says: text.slice(colon + 2).replaceAll('\\', ''),
    }));
  });
}

/** Every claim of a casebook row by a test of the tree below `root`, in order of row and file. */
export function casebookClaims(root: string): Claim[] {
  const files = places.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  const found = files.flatMap((file) => claimsOf(file, readFileSync(join(root, file), 'utf8')));
  for (const { collection, number, file } of found) {
    if (number < 1 || number > last[collection]) {
      throw new Error(`${file} claims case ${collection}${number}, and there is no such row`);
    }
  }
  const order = Object.keys(last);
  const rank = (claim: Claim) => order.indexOf(claim.collection) * 1_000 + claim.number;
  return found.sort((a, b) => rank(a) - rank(b));
}

/** How many different rows have a test. */
export function casebookRows(root: string): number {
  return new Set(casebookClaims(root).map(({ collection, number }) => collection + number)).size;
}

/** The page that says which test answers for which row. */
export function casebookPage(root: string): string {
  const all = casebookClaims(root);
  const sections = Object.entries(collections).flatMap(([collection, heading]) => {
    const lines = all
      .filter((claim) => claim.collection === collection)
      .map(
        ({ number, says, file }) =>
          `| ${collection.trim()}${collection.length > 1 ? ' ' : ''}${number} | ${cell(says)} | [${file}](../${file}) |`,
      );
    if (lines.length === 0) return [];
    return [`## ${heading}`, '', '| row | test | file |', '| --- | --- | --- |', ...lines, ''];
  });
  return [
    '# Casebook',
    '',
    'What went wrong for others, and the test of ours that would fail if it went wrong here. A test names its row in its',
    'title, as in `case 57: reconciling twice writes nothing the second time`. Written by `npm run gen`.',
    '',
    `${casebookRows(root)} rows have a test.`,
    '',
    ...sections,
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
