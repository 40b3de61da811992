import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FairQueue } from './fair-queue.ts';

describe('a fair queue', () => {
  test('a group that queues much delays only itself', () => {
    const queue = new FairQueue<string>();
    for (let i = 0; i < 1_000; i++) queue.add('flood', `flood ${i}`);
    queue.add('polite', 'polite');
    expect([queue.take(), queue.take()]).toEqual(['flood 999', 'polite']);
  });

  test('within a group the newest goes first', () => {
    const queue = new FairQueue<number>();
    for (const item of [1, 2, 3]) queue.add('one', item);
    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([3, 2, 1, undefined]);
  });

  test('for any use it gives each item once and counts what it holds', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('a', 'b', 'c') }),
      fc.constant('take' as const),
      fc.record({ remove: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FairQueue<number>();
        const held = new Map<number, string>();
        let next = 0;
        for (const each of steps) {
          if (each === 'take') {
            const item = queue.take();
            expect(item === undefined).toBe(held.size === 0);
            if (item !== undefined) expect(held.delete(item)).toBe(true);
          } else if ('add' in each) {
            held.set(next, each.add);
            queue.add(each.add, next++);
          } else {
            const group = held.get(each.remove);
            queue.remove(group ?? 'a', each.remove);
            held.delete(each.remove);
          }
          expect(queue.size).toBe(held.size);
          expect([...queue].sort()).toEqual([...held.keys()].sort());
        }
      }),
    );
  });
});
