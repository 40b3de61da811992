import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

const page = readFileSync(join(house, 'docs/explanation/trust.md'), 'utf8');
/** What stands here is what no test shows; the first piece says how to read the page. */
const [, ...sections] = page.split(/^## /m);
const claiming = sections.filter((section) => !/^(What is not promised|The tests)\n/.test(section));

const note = /^\[\^([\w-]+)\]: \[(.+?)\]\((.+?)\): `(.+)`$/;
const notes = page
  .split('\n')
  .filter((line) => line.startsWith('[^'))
  .map((line) => {
    const [, label = '', path = '', target = '', title = ''] = note.exec(line) ?? [];
    return { line, label, path, target, title };
  });

/** What a title stands behind: of a test, of one of many, of a family of attacks. */
const titled = ['test(', ')(', 'says: '];
const quotes = ["'", '"', '`'];

const elsewhere = '[See below.](#what-is-not-promised)';

/** Cells of table rows but the first, which names what the row is about; paragraphs and bullets in one piece. */
function pieces(section: string): string[] {
  const found: string[] = [];
  const lines = section.split('\n').slice(1);
  for (const [at, line] of lines.entries()) {
    if (/^\| *-/.test(line) || /^\| *-/.test(lines[at + 1] ?? '') || /^#|^$/.test(line)) continue;
    if (line.startsWith('|')) found.push(...line.split('|').slice(2, -1));
    else if (/^ {2}/.test(line)) found.push(`${found.pop() ?? ''} ${line.trim()}`);
    else found.push(line);
  }
  return found.map((piece) => piece.trim());
}

/** A sentence keeps the marks behind its full stop. */
const sentences = (piece: string): string[] =>
  piece.split(/(?<=[.](?:\[\^[\w-]+\])*|\))\s+(?=[A-Z`])/);

describe('the page of who is trusted for what', () => {
  test('names a file and the title of a test in it with every note', () => {
    expect(notes.length).toBeGreaterThan(100);
    const wrong = notes.filter(({ path, target, title }) => {
      if (title === '' || target !== `../../${path}` || !existsSync(join(house, path))) return true;
      const text = readFileSync(join(house, path), 'utf8').replaceAll(/\(\s+/g, '(');
      return !titled.some((begin) => quotes.some((q) => text.includes(begin + q + title + q)));
    });
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  test('has a note for every sentence that claims something', () => {
    const claims = claiming.flatMap(pieces).flatMap(sentences);
    expect(claims.length).toBeGreaterThan(100);
    const bare = claims.filter((claim) => !claim.includes('[^') && claim !== elsewhere);
    expect(bare).toEqual([]);
  });

  test('uses every note, and has each that it uses once', () => {
    const used = new Set(
      claiming.flatMap((section) =>
        [...section.matchAll(/\[\^([\w-]+)\]/g)].map(([, label]) => label),
      ),
    );
    expect(notes.map(({ label }) => label).sort()).toEqual([...used].sort());
  });
});
