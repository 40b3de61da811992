import { describe, expect, test } from '@jest/globals';
import { IdentityFlips } from './identity-flips.ts';

const minute = 60_000;

/** Whether two were taken to share the identity, at each process that came; one a second unless told otherwise. */
function verdicts(processes: string, everyMs = 1_000, flips = new IdentityFlips()): boolean[] {
  return Array.from(processes, (instance, index) => flips.note('c', instance, index * everyMs));
}

describe('two processes with one identity', () => {
  test('are noticed at the fourth change of places, and not before', () => {
    expect(verdicts('abab')).toEqual([false, false, false, false]);
    expect(verdicts('ababa').at(-1)).toBe(true);
  });

  test.each([
    ['that comes back alone, however often', 'aaaaaaaaaaaa'],
    ['that a new one follows once', 'aaaaaabbbbbb'],
    ['that is restarted and never comes back as who it was', 'abcdefghij'],
  ])('are not a process %s', (_, processes) => {
    expect(verdicts(processes)).not.toContain(true);
  });

  test('are noticed however often each of them comes in a row', () => {
    expect(verdicts('aabbaabbaa').at(-1)).toBe(true);
  });

  test('changes more than ten minutes ago do not count', () => {
    expect(verdicts('ababababab', 4 * minute)).not.toContain(true);
    expect(verdicts('ababababab', 2 * minute).at(-1)).toBe(true);
  });

  test('clusters are counted apart', () => {
    const flips = new IdentityFlips();
    verdicts('abab', 1_000, flips);
    expect(flips.note('other', 'a', 4_000)).toBe(false);
    expect(flips.note('c', 'a', 4_000)).toBe(true);
  });

  test('a cluster that is forgotten begins anew', () => {
    const flips = new IdentityFlips();
    verdicts('abab', 1_000, flips);
    flips.forget('c');
    expect(flips.note('c', 'a', 4_000)).toBe(false);
  });
});
