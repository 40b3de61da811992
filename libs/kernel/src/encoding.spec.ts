import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { base32, bytesEqual, compareText, hex } from './encoding.ts';
import { fullJitter } from './backoff.ts';

describe('base32', () => {
  test.each([
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('of %j starts as RFC 4648 says', (text, expected) => {
    const whole = Math.floor((text.length * 8) / 5);
    expect(base32(new TextEncoder().encode(text), 99)).toBe(expected.slice(0, whole));
  });

  test('is cut to the length asked for', () => {
    expect(base32(new Uint8Array(32).fill(255), 16)).toBe('7'.repeat(16));
  });
});

test('hex and bytesEqual agree with Buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(hex(a)).toBe(Buffer.from(a).toString('hex'));
      expect(bytesEqual(a, b)).toBe(Buffer.from(a).equals(Buffer.from(b)));
      expect(bytesEqual(a, Uint8Array.from(a))).toBe(true);
    }),
  );
});

test('compareText is an order', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(compareText(a, b)).toBe(-compareText(b, a) + 0);
      expect(compareText(a, b) === 0).toBe(a === b);
    }),
  );
});

test('full jitter stays below its doubling ceiling and reaches all of it', () => {
  const shape = { baseMs: 500, capMs: 8_000 };
  const attempts = fc.nat({ max: 2_000 });
  fc.assert(
    fc.property(attempts, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (n, r) => {
      const wait = fullJitter(shape, n, () => r);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(Math.min(8_000, 500 * 2 ** Math.min(n, 10)));
    }),
  );
  expect(fullJitter(shape, 0, () => 0)).toBe(0);
  expect(fullJitter(shape, 99, () => 0.999999)).toBe(7_999);
});
