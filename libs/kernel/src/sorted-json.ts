import { compareText } from './encoding.ts';

/**
 * JSON in which the keys of each object are sorted. A database has an order of keys of its own, so by this text alone two
 * values can be told to be the same, wherever they come from.
 */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => compareText(a, b)))
      : each,
  );
}
