import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storable, storableText } from './storable.ts';
import type { StorableLimits } from './storable.ts';

const limits: StorableLimits = { text: (_, text) => storableText(text, 100), depth: 5 };

describe('a text that is made storable', () => {
  test.each([
    ['plain ünïcode 😀', 'plain ünïcode 😀'],
    ['nul \u0000 bell \u0007 escape \u001b[2J', 'nul \ufffd bell \ufffd escape \ufffd[2J'],
    ['first\r\nsecond\tthird', 'first second third'],
    ['half \ud83d and \ude00 half', 'half \ufffd and \ufffd half'],
    ['del \u007f c1 \u009b', 'del \ufffd c1 \ufffd'],
  ])('%j', (given, wanted) => {
    expect(storableText(given, 100)).toBe(wanted);
  });

  test('is cut where it is too long, never through the middle of a pair', () => {
    expect(storableText('abcdef', 4)).toBe('abc…');
    expect(storableText('a😀bc', 3)).toBe('a\ufffd…');
  });

  test('has neither control characters nor half pairs nor too many units, whatever it was', () => {
    const anything = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 20 }), (text, most) => {
        const made = storableText(text, most);
        expect(made).not.toMatch(/[\p{Cc}\p{Surrogate}]/u);
        expect(made.length).toBeLessThanOrEqual(most);
        expect(storableText(made, most)).toBe(made);
      }),
    );
  });
});

describe('a value that is made storable', () => {
  test('keeps its shape; texts and keys are mended wherever they lie', () => {
    const bytes = new Uint8Array([0, 1]);
    const value = { 'k\u0000': [{ deep: 'x\u0000' }], bytes, yes: true, none: null, half: 0.5 };
    expect(storable<unknown>(value, limits)).toEqual({
      'k\ufffd': [{ deep: 'x\ufffd' }],
      bytes,
      yes: true,
      none: null,
      half: 0.5,
    });
  });

  test('loses what lies too deep, however deep that is', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    expect(storable(deep, limits)).toEqual([[[[[null]]]]]);
  });

  test('a key named __proto__ stays a key, and no number is beyond what is exact', () => {
    const value = JSON.parse('{"__proto__": {"a": 1}, "n": 1e300, "m": -1e300}') as object;
    const made = storable(value, limits);
    expect(JSON.stringify(made)).toBe(
      '{"__proto__":{"a":1},"n":9007199254740991,"m":-9007199254740991}',
    );
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });
});
