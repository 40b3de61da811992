import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isUnprintable, printable, printableLines } from './printable.ts';

describe('printable', () => {
  test.each([
    ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
    ['\u009b31m', '\\u009b31m'],
    ['a\u007fb\rc\nd', 'a\\u007fb\\u000dc\\u000ad'],
    ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
    ['a\u200bb\u00adc\ufeff\u061c', 'a\\u200bb\\u00adc\\ufeff\\u061c'],
    ['\u{e0041}', '\\udb40\\udc41'],
    ['\ud800', '\\ud800'],
    ['\u2028', '\\u2028'],
    ['Ünïcødé 漢字 🚀', 'Ünïcødé 漢字 🚀'],
  ])('%j is shown as %s', (text, shown) => expect(printable(text)).toBe(shown));

  test('nothing that a terminal acts on is left, and what is left is left alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printableLines(text);
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(isUnprintable(shown)).toBe(false);
      }),
    );
  });
});
