import { expect, test } from '@jest/globals';
import { oneLine } from './one-line.ts';

test.each([
  ['a\nb', 'a b'],
  ['a\r\n\n  b\n', 'a b'],
  [
    'user "x" is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Ve',
    'user "x" is attempting to grant RBAC permissions not currently held',
  ],
  [
    'attempting to grant RBAC permissions not currently held',
    'attempting to grant RBAC permissions not currently held',
  ],
  ['plain', 'plain'],
])('%j is told as one line', (text, line) => {
  expect(oneLine(text)).toBe(line);
});
