import { describe, expect, test } from '@jest/globals';
import { didYouMean } from './suggest.ts';

describe('didYouMean', () => {
  test.each([
    ['paymnets', ['payments', 'shipping'], ['payments']],
    ['Payments', ['payments'], ['payments']],
    ['payment', ['payments', 'payouts'], ['payments']],
    ['xpayments', ['payments'], ['payments']],
    ['paymints', ['payments'], ['payments']],
    ['grants', ['roles', 'users'], []],
    ['ab', ['ba', 'abc', 'xy'], ['abc', 'ba']],
    ['', ['a'], ['a']],
  ])('%j among %j is %j', (word, known, near) => {
    expect(didYouMean(word, known)).toEqual(near);
  });

  test('gives the nearest first, and at most as many as asked', () => {
    const known = ['clusters', 'cluster', 'clusterss', 'clutter'];
    expect(didYouMean('cluster', known, 2)).toEqual(['cluster', 'clusters']);
  });
});
