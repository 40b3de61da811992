import { describe, expect, test } from '@jest/globals';
import { messagePace, PacedStream } from './paced-stream.ts';

function recorded(): { readonly calls: string[]; readonly paced: PacedStream } {
  const calls: string[] = [];
  const stream = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  return { calls, paced: new PacedStream(stream as never, messagePace) };
}

describe('a paced stream', () => {
  test('nothing is read until all work has ended, well or badly', async () => {
    const { calls, paced } = recorded();
    let end = (): void => undefined;
    paced.hold(new Promise<void>((resolve) => (end = resolve)));
    paced.hold(Promise.reject(new Error('no')));
    await Promise.resolve();
    expect(calls).toEqual(['pause']);
    end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual(['pause', 'resume']);
  });

  test('an agent that sends more than its share is read from later', () => {
    const { calls, paced } = recorded();
    for (let i = 0; i < 290; i++) paced.count();
    expect(calls).toEqual([]);
    for (let i = 0; i < 100; i++) paced.count();
    expect(calls).toEqual(['pause']);
  });

  test('what counts for many is held back as soon as its share is used up', () => {
    const { calls, paced } = recorded();
    paced.count(300);
    expect(calls).toEqual([]);
    paced.count(100);
    expect(calls).toEqual(['pause']);
  });
});
