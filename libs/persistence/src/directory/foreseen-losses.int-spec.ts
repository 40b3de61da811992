import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import { foreseeLosses } from './foreseen-losses.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const within = { providerUid: 'corp', windowMs: 600_000, source: 'directory:corp' };

test('sums up people, each group and all memberships, each loss once', async () => {
  const lost = [
    { userUid: 'ada' },
    { groupUid: 'dev', userUid: 'bob' },
    { groupUid: 'dev', userUid: 'bob' },
    { groupUid: 'ops', userUid: 'bob' },
  ];
  expect(await foreseeLosses(db.database, { ...within, lost })).toEqual([
    { removed: 1, before: 0 },
    { groupUid: 'dev', removed: 1, before: 0 },
    { groupUid: 'ops', removed: 1, before: 0 },
    { everyGroup: true, removed: 2, before: 0 },
  ]);
});

test('a sync that empties very many groups is summed up within what one statement may take', async () => {
  // Were the losses looked through for each group, these were 900 million looks.
  const lost = Array.from({ length: 30_000 }, (_, at) => ({ groupUid: `g${at}`, userUid: 'ada' }));
  const sums = await foreseeLosses(db.database, { ...within, lost });
  expect(sums).toHaveLength(30_001);
  expect(sums.at(-1)).toEqual({ everyGroup: true, removed: 30_000, before: 0 });
});
