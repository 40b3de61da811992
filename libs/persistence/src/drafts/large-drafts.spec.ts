import { describe, expect, test } from '@jest/globals';
import { userRows } from '../kinds/user/user-row.ts';
import type { UserRecord } from '../records.ts';
import { ChangeSet } from '../stores/change-set.ts';
import { inPieces } from '../stores/pieces.ts';
import { sealInPieces } from '../stores/seal.ts';
import { lengthOf } from '../../test/row-arrays.ts';
import { PolicyWrites } from './policy-writes.ts';

const objects = 3_000;

/** How many objects were made into rows when each of the statements was there. */
function madeAt(statements: Iterable<unknown>, made: () => number): number[] {
  return Array.from(statements, made);
}

describe('the statements of a large set', () => {
  test('that write its objects are made when it is their turn, a thousand objects each', () => {
    let made = 0;
    const writes = new PolicyWrites();
    for (let at = 0; at < objects; at++) {
      const user = {
        kind: 'User',
        uid: `uid-${at}`,
        name: `u-${at}`,
        get labels() {
          made++;
          return {};
        },
        annotations: {},
        resourceVersion: 0,
        generation: 1,
        createdAt: 0,
        active: true,
        attributes: {},
      } satisfies UserRecord;
      writes.create(userRows, user);
    }
    expect(madeAt(PolicyWrites.statements([writes]), () => made)).toEqual([1_000, 2_000, 3_000]);
  });

  test('that record its changes and events are, too, with as many rows in all as there are', () => {
    const actor = { kind: 'system', name: 'system/test' } as const;
    const changes = new ChangeSet({ actor, time: '', newId: () => 'id' });
    let made = 0;
    for (let at = 0; at < objects; at++) {
      changes.put({
        kind: 'User',
        uid: `uid-${at}`,
        name: `u-${at}`,
        get labels() {
          made++;
          return {};
        },
        active: true,
      });
      if (at < 1_500) changes.addEvent({ type: 'user.created', message: `u-${at}` });
    }
    const sealed = sealInPieces([{ changes, actor }], new Date(0));
    expect(madeAt(sealed, () => made)).toEqual([1_000, 2_000, 3_000]);
    const statements = [...sealInPieces([{ changes, actor }], new Date(0))];
    const rows = statements.flatMap(({ values }) => {
      // Eight columns of changes, then eight of events.
      const [changed, told] = [0, 8].map((nth) => values.filter(Buffer.isBuffer)[nth]);
      return [changed, told].flatMap((column) => (column === undefined ? [] : lengthOf(column)));
    });
    expect(rows).toEqual([1_000, 1_000, 1_000, 500, 1_000]);
  });
});

test('pieces hold everything once, in order, and none is empty', () => {
  const sizes = (count: number): number[] =>
    Array.from(inPieces(Array.from({ length: count }, (_, at) => at)), (piece) => piece.length);
  expect([0, 1, 1_000, 1_001, 2_000].map(sizes)).toEqual([
    [],
    [1],
    [1_000],
    [1_000, 1],
    [1_000, 1_000],
  ]);
  expect([...inPieces('abc')].flat()).toEqual(['a', 'b', 'c']);
});
