import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { whileWaiting } from './while-waiting.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

type Context = Parameters<typeof whileWaiting>[0];

function context(isTerminal: boolean, quiet = false): { context: Context; shown: string[] } {
  const shown: string[] = [];
  const show = (text: string) => void shown.push(text);
  const err = { isTerminal, progress: show, line: show };
  const fake = { globals: { quiet }, now: () => Date.now(), terminal: { err } };
  return { context: fake as unknown as Context, shown };
}

async function shownWhile(isTerminal: boolean, quiet: boolean, ms: number): Promise<string[]> {
  const { context: of, shown } = context(isTerminal, quiet);
  const work = Promise.withResolvers<string>();
  const waiting = whileWaiting(of, 'applying 10,000 objects', () => work.promise);
  jest.advanceTimersByTime(ms);
  work.resolve('done');
  expect(await waiting).toBe('done');
  jest.advanceTimersByTime(10_000);
  return shown;
}

describe('a call that takes long', () => {
  test('is told of each second at a terminal, and its line is taken away at the end', async () => {
    expect(await shownWhile(true, false, 2_500)).toEqual([
      'applying 10,000 objects  1s',
      'applying 10,000 objects  2s',
      '',
    ]);
  });

  test('is not told of when it is answered within a second', async () => {
    expect(await shownWhile(true, false, 900)).toEqual([]);
  });

  test('is one line in a log, once it looks stuck', async () => {
    expect(await shownWhile(false, false, 4_900)).toEqual([]);
    expect(await shownWhile(false, false, 60_000)).toEqual(['still applying 10,000 objects']);
  });

  test('is not told of with --quiet', async () => {
    expect(await shownWhile(true, true, 60_000)).toEqual([]);
    expect(await shownWhile(false, true, 60_000)).toEqual([]);
  });

  test('within another is told as the other', async () => {
    const { context: of, shown } = context(true);
    const work = Promise.withResolvers<string>();
    const waiting = whileWaiting(of, 'outer', () => whileWaiting(of, 'inner', () => work.promise));
    jest.advanceTimersByTime(1_000);
    work.resolve('done');
    expect(await waiting).toBe('done');
    expect(shown).toEqual(['outer  1s', '']);
    const next = whileWaiting(of, 'next', () => Promise.resolve('free again'));
    expect(await next).toBe('free again');
  });

  test('that fails leaves no line and no timer', async () => {
    const { context: of, shown } = context(true);
    const waiting = whileWaiting(of, 'x', () => Promise.reject(new Error('no')));
    await expect(waiting).rejects.toThrow('no');
    jest.advanceTimersByTime(5_000);
    expect(shown).toEqual([]);
  });
});
