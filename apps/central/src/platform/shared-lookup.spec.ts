import { expect, test } from '@jest/globals';
import { SharedLookup } from './shared-lookup.ts';

/** A table that answers when it is told to; it has everything but what begins with "no-". */
class SlowTable {
  readonly statements: {
    readonly ids: readonly string[];
    readonly answer: PromiseWithResolvers<void>;
  }[] = [];

  readonly lookup = new SharedLookup(async (ids) => {
    const answer = Promise.withResolvers<void>();
    this.statements.push({ ids, answer });
    await answer.promise;
    return new Map(
      ids.filter((id) => !id.startsWith('no-')).map((id) => [id, `row of ${id}`] as const),
    );
  });

  get asked(): number[] {
    return this.statements.map(({ ids }) => ids.length);
  }

  async answer(at: number): Promise<void> {
    this.statements[at]?.answer.resolve();
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('one statement at a time, and what comes meanwhile goes together into the next', async () => {
  const table = new SlowTable();
  const first = table.lookup.find('a');
  const waiting = ['c', 'd', 'c', 'no-e'].map((id) => table.lookup.find(id));
  await settled();
  expect(table.statements.map(({ ids }) => ids)).toEqual([['a']]);
  await table.answer(0);
  expect(await first).toBe('row of a');
  expect(table.statements[1]?.ids).toEqual(['c', 'd', 'no-e']);
  await table.answer(1);
  expect(await Promise.all(waiting)).toEqual(['row of c', 'row of d', 'row of c', undefined]);
});

test('nothing is kept: what is asked later is asked anew', async () => {
  const table = new SlowTable();
  const first = table.lookup.find('a');
  const again = table.lookup.find('a');
  await table.answer(0);
  expect(table.asked).toEqual([1, 1]);
  await table.answer(1);
  expect(await Promise.all([first, again])).toEqual(['row of a', 'row of a']);
});

test('those that are asked for together are one statement, and those that are there are answered', async () => {
  const table = new SlowTable();
  const all = table.lookup.all(['a', 'no-b', 'c']);
  await table.answer(0);
  expect(table.asked).toEqual([3]);
  expect(await all).toEqual(['row of a', 'row of c']);
});

test('a flood is asked for in portions', async () => {
  const table = new SlowTable();
  const flood = Array.from({ length: 1_203 }, (_, index) => table.lookup.find(`t${index}`));
  for (let each = 0; each < 4; each++) await table.answer(each);
  expect(table.asked).toEqual([1, 500, 500, 202]);
  expect(await Promise.all(flood)).toEqual(flood.map((_, index) => `row of t${index}`));
});

test('who waits for a statement that fails is told so, and the next one is asked', async () => {
  const table = new SlowTable();
  const failing = table.lookup.find('a');
  const later = table.lookup.find('c');
  table.statements[0]?.answer.reject(new Error('gone'));
  await expect(failing).rejects.toThrow('gone');
  await settled();
  await table.answer(1);
  expect(await later).toBe('row of c');
});
