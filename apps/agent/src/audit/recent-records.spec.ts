import { expect, test } from '@jest/globals';
import { RecentRecords } from './recent-records.ts';
import type { SpoolRecord } from './spool-segment.ts';

const records = (...sequences: number[]): SpoolRecord[] =>
  sequences.map((sequence) => ({ sequence, event: Buffer.from(String(sequence)) }));
const from = (recent: RecentRecords, sequence: number, most = 10): number[] | undefined =>
  recent.from(sequence, most)?.map((record) => record.sequence);

test('what was flushed last is had from any place within it, and from no other', () => {
  const recent = new RecentRecords(4);
  expect(from(recent, 1)).toBeUndefined();
  recent.add(records(1, 2, 3));
  recent.add(records(4, 5));
  expect(from(recent, 1)).toBeUndefined();
  expect(from(recent, 2)).toEqual([2, 3, 4, 5]);
  expect(from(recent, 3, 2)).toEqual([3, 4]);
  expect(from(recent, 6)).toBeUndefined();
});

test('a gap is never hidden: what stood before it has to be read', () => {
  const recent = new RecentRecords(10);
  recent.add(records(1, 2));
  recent.add(records(5, 6));
  expect(from(recent, 2)).toBeUndefined();
  expect(from(recent, 3)).toBeUndefined();
  expect(from(recent, 5)).toEqual([5, 6]);
});

test('what central has is not kept, and nothing of an epoch that is over', () => {
  const recent = new RecentRecords(10);
  recent.add(records(1, 2, 3));
  recent.forget(2);
  expect(from(recent, 2)).toBeUndefined();
  expect(from(recent, 3)).toEqual([3]);
  recent.forget(9);
  recent.add(records(10));
  expect(from(recent, 10)).toEqual([10]);
  recent.clear();
  expect(from(recent, 10)).toBeUndefined();
});
