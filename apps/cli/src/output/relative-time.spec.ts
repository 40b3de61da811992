import { expect, test } from '@jest/globals';
import { endOfAccess, relativeTime, shortDuration } from './relative-time.ts';

test.each([
  [0, '0s'],
  [119_999, '119s'],
  [120_000, '2m'],
  [42 * 60_000, '42m'],
  [3 * 3_600_000, '3h'],
  [3 * 86_400_000, '3d'],
  [800 * 86_400_000, '2y'],
])('%i ms is %s', (milliseconds, text) => {
  expect(shortDuration(milliseconds)).toBe(text);
});

test('what lies ahead is told apart from what is past', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(relativeTime('2026-01-01T12:42:00Z', now)).toBe('in 42m');
  expect(relativeTime('2025-12-29T12:00:00Z', now)).toBe('3d');
  expect(relativeTime(undefined, now)).toBe('');
});

test('what ends, what comes back with its hours and what stays are told apart', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  const [until, hours] = ['2026-01-01T12:42:00Z', 'Mon-Fri 08:00–18:00 UTC'];
  expect([{ until }, { until, hours }, { hours }, {}].map((row) => endOfAccess(row, now))).toEqual([
    'in 42m',
    'in 42m',
    'recurring',
    'standing',
  ]);
});
