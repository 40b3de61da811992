import { afterEach, expect, jest, test } from '@jest/globals';
import { timeOrderedIds } from './ids.ts';

afterEach(() => void jest.restoreAllMocks());

test('ids of a process sort in the order of their making, also when the clock goes back', () => {
  let now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => (now -= 7));
  const made = Array.from({ length: 500 }, () => timeOrderedIds.uuid());
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(500);
  expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
