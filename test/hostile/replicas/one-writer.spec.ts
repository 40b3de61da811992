import { describe, expect, test } from '@jest/globals';
import type { DoneWrite } from './audit-log.ts';
import { strayWrites, turnsOf } from './one-writer.ts';

const lease = (by: string, at: number, holder = by): DoneWrite => {
  return { by, holder, what: 'patch leases/ambit-agent', from: at, to: at + 1 };
};
const write = (by: string, from: number, to = from + 1): DoneWrite => {
  return { by, what: 'create rolebindings/x', from, to };
};
const inOrder = (...writes: DoneWrite[]): DoneWrite[] => writes.sort((a, b) => a.to - b.to);

describe('one writer at any time', () => {
  test('renewals make no new turn; a Lease that is given back ends one', () => {
    const writes = inOrder(lease('a', 0), lease('a', 5), lease('a', 9, ''), lease('b', 20));
    expect(turnsOf(writes)).toEqual([
      { by: 'a', from: 0, to: 9 },
      { by: 'b', from: 20, to: Infinity },
    ]);
  });

  test('writes within turns are no strays', () => {
    const writes = inOrder(lease('a', 0), write('a', 3), lease('b', 20), write('b', 22));
    expect(strayWrites(writes)).toEqual([]);
  });

  const bad: readonly (readonly [string, DoneWrite[]])[] = [
    ['after another took over', inOrder(lease('a', 0), lease('b', 20), write('a', 25))],
    [
      'under way while another took over',
      inOrder(lease('a', 0), lease('b', 20), write('a', 18, 22)),
    ],
    ['before its turn', inOrder(lease('a', 0), write('b', 15), lease('b', 20))],
    ['after it gave the Lease back', inOrder(lease('a', 0), lease('a', 5, ''), write('a', 7))],
    ['without any Lease', [write('a', 1)]],
  ];
  test.each(bad)('a write %s is a stray', (_, writes) => {
    expect(strayWrites(writes)).toHaveLength(1);
  });
});
