import { expect, test } from '@jest/globals';
import { counted } from './counted.ts';

test('a count has its noun in the form that belongs to it', () => {
  expect([0, 1, 2].map((count) => counted(count, 'audit event'))).toEqual([
    '0 audit events',
    '1 audit event',
    '2 audit events',
  ]);
  expect([1, 2].map((count) => counted(count, 'removal goes', 'removals go'))).toEqual([
    '1 removal goes',
    '2 removals go',
  ]);
});
