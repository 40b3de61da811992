import { expect, test } from '@jest/globals';
import type { Sql } from '@ambit/persistence';
import { TokenLookup } from './token-lookup.ts';

/** A database that answers when it is told to. */
class SlowTable implements Sql {
  readonly statements: {
    readonly ids: readonly string[];
    readonly answer: PromiseWithResolvers<void>;
  }[] = [];

  async query<R>(_: string, [ids]: readonly unknown[] = []): Promise<R[]> {
    const answer = Promise.withResolvers<void>();
    this.statements.push({ ids: ids as readonly string[], answer });
    await answer.promise;
    return (ids as readonly string[])
      .filter((id) => !id.startsWith('no-'))
      .map((id) => ({ id, name: `name of ${id}`, created_at: new Date(0) })) as R[];
  }

  get asked(): number[] {
    return this.statements.map(({ ids }) => ids.length);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('two statements at a time, and what comes meanwhile goes together into the next', async () => {
  const table = new SlowTable();
  const lookup = new TokenLookup(table);
  const first = lookup.find('a');
  const second = lookup.find('no-b');
  const waiting = ['c', 'd', 'c', 'no-e'].map((id) => lookup.find(id));
  await settled();
  expect(table.statements.map(({ ids }) => ids)).toEqual([['a'], ['no-b']]);
  table.statements[0]?.answer.resolve();
  expect((await first)?.name).toBe('name of a');
  await settled();
  expect(table.statements[2]?.ids).toEqual(['c', 'd', 'no-e']);
  for (const { answer } of table.statements) answer.resolve();
  expect(await second).toBeUndefined();
  const found = await Promise.all(waiting);
  expect(found.map((token) => token?.id)).toEqual(['c', 'd', 'c', undefined]);
  // Nothing is kept: what is asked later is asked anew.
  const later = lookup.find('a');
  table.statements[3]?.answer.resolve();
  expect((await later)?.id).toBe('a');
});

test('a flood is asked for in portions', async () => {
  const table = new SlowTable();
  const lookup = new TokenLookup(table);
  const flood = Array.from({ length: 1_203 }, (_, index) => lookup.find(`t${index}`));
  await settled();
  expect(table.asked).toEqual([1, 1]);
  for (let each = 0; each < 5; each++) {
    table.statements[each]?.answer.resolve();
    await settled();
  }
  expect(table.asked).toEqual([1, 1, 500, 500, 201]);
  const found = await Promise.all(flood);
  expect(found.every((token, index) => token?.id === `t${index}`)).toBe(true);
});

test('who waits for a statement that fails is told so, and the next one is asked', async () => {
  const table = new SlowTable();
  const lookup = new TokenLookup(table);
  const failing = [lookup.find('a'), lookup.find('b')];
  const later = lookup.find('c');
  table.statements[0]?.answer.reject(new Error('gone'));
  table.statements[1]?.answer.reject(new Error('gone'));
  for (const each of failing) await expect(each).rejects.toThrow('gone');
  await settled();
  table.statements[2]?.answer.resolve();
  expect((await later)?.id).toBe('c');
});
