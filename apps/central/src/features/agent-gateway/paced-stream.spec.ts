import { describe, expect, test } from '@jest/globals';
import { PacedStream } from './paced-stream.ts';

function recorded(): { readonly calls: string[]; readonly paced: PacedStream } {
  const calls: string[] = [];
  const stream = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  return { calls, paced: new PacedStream(stream as never) };
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
});
