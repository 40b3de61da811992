import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exponentOf, histogramOf, median, medianInterval, quantile } from './statistics.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1);
const samples = fc.array(fc.double({ min: 0.001, max: 1_000, noNaN: true }), { minLength: 1 });

describe('the interval of a median', () => {
  // Tables of order statistics: the confidence is 1 - 2 P(Binomial(n, 1/2) < k).
  test.each([
    [11, 2, 10, 0.988],
    [9, 2, 8, 0.961],
    [21, 6, 16, 0.973],
    [30, 10, 21, 0.957],
    [6, 1, 6, 0.969],
    // Too few for 95 %: all of them, and no more confidence than that gives.
    [3, 1, 3, 0.75],
    [1, 1, 1, 0],
  ])('of %i samples lies between the %i. and the %i.', (n, low, high, confidence) => {
    const found = medianInterval(upTo(n).toReversed());
    expect([found.low, found.high]).toEqual([low, high]);
    expect(found.confidence).toBeCloseTo(confidence, 3);
  });

  test('holds the median, whatever the order of the samples', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const found = medianInterval(values);
        expect(found).toEqual(medianInterval(values.toReversed()));
        expect(found.low).toBeLessThanOrEqual(found.median);
        expect(found.high).toBeGreaterThanOrEqual(found.median);
        expect(values).toEqual(expect.arrayContaining([found.low, found.high]));
      }),
    );
  });

  test('is the mean of the two in the middle where there are two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
  });
});

describe('the exponent of a growth', () => {
  test('is the power by which a cost was made, without doubt', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -2, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 99 }),
        (power, factor) => {
          const points = [10, 100, 1_000, 10, 100, 1_000].map(
            (size) => [size, factor * size ** power] as const,
          );
          const { slope, low, high } = exponentOf(points);
          expect(slope).toBeCloseTo(power, 6);
          expect(high - low).toBeLessThan(1e-5);
        },
      ),
    );
  });

  test('has the interval of a textbook', () => {
    // Slope 1.9 / 2; residuals -0.05, 0.1, -0.05; one degree of freedom.
    const { slope, low, high } = exponentOf([
      [1, 1],
      [Math.E, Math.exp(1.1)],
      [Math.E ** 2, Math.exp(1.9)],
    ]);
    expect(slope).toBeCloseTo(0.95, 9);
    expect((high - low) / 2).toBeCloseTo(12.706 * Math.sqrt(0.015 / 2), 6);
  });

  test('says nothing for sure of two points', () => {
    expect(
      exponentOf([
        [1, 1],
        [10, 10],
      ]),
    ).toEqual({ slope: expect.closeTo(1), low: -Infinity, high: Infinity });
  });
});

describe('a histogram', () => {
  test('keeps every sample, to within a twentieth', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const { upToMs, counts } = histogramOf(values);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        const largest = Math.max(...values);
        expect(upToMs.at(-1)).toBeGreaterThan(largest * 0.9999);
        expect(upToMs.at(-1)).toBeLessThan(largest * 1.0501);
      }),
    );
  });
});

test('a quantile is a sample below which that share lies', () => {
  expect(quantile(upTo(100), 0.99)).toBe(100);
  expect(quantile(upTo(100), 0.5)).toBe(51);
  expect(quantile([7], 0.99)).toBe(7);
});
