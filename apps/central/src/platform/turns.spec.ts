import { describe, expect, test } from '@jest/globals';
import { Turns } from './turns.ts';

/** Work that ends when it is told. */
function job(): { readonly work: () => Promise<string>; end(): void; started: boolean } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const made = {
    started: false,
    work: async (): Promise<string> => {
      made.started = true;
      await ended;
      return 'done';
    },
    end: () => end(),
  };
  return made;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  test('a group that asks for much is not in front of another one', async () => {
    const turns = new Turns({ running: 1, waiting: 10, waitingPerGroup: 5 });
    const jobs = [job(), job(), job(), job()];
    const groups = ['flood', 'flood', 'flood', 'polite'];
    const done = jobs.map(({ work }, index) => turns.run(groups[index] ?? '', work));
    jobs[0]?.end();
    await done[0];
    jobs[2]?.end();
    await done[2];
    expect(jobs.map(({ started }) => started)).toEqual([true, false, true, true]);
    for (const each of jobs) each.end();
    expect(await Promise.all(done)).toEqual(['done', 'done', 'done', 'done']);
  });

  test('too much that waits is refused and costs nothing', async () => {
    const turns = new Turns({ running: 1, waiting: 10, waitingPerGroup: 1 });
    const [running, waiting, refused] = [job(), job(), job()];
    const first = turns.run('one', running.work);
    const second = turns.run('one', waiting.work);
    await expect(turns.run('one', refused.work)).rejects.toMatchObject({ code: 'rate_limited' });
    running.end();
    waiting.end();
    await Promise.all([first, second]);
    expect(refused.started).toBe(false);
  });

  test('work that fails gives its turn away', async () => {
    const turns = new Turns({ running: 1, waiting: 1, waitingPerGroup: 1 });
    const fails = turns.run('one', () => Promise.reject(new Error('no')));
    const next = job();
    const after = turns.run('two', next.work);
    await expect(fails).rejects.toThrow('no');
    next.end();
    expect(await after).toBe('done');
    await settle();
  });
});
