import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '@ambit/persistence';
import { silentLogger, testDatabase, type TestDatabase } from '@ambit/testing';
import { StatementTap } from './statements.ts';

let db: TestDatabase;
let tap: StatementTap;
let tapped: Database;
beforeAll(async () => {
  db = await testDatabase();
  tap = await StatementTap.open(db.url);
  tapped = await openDatabase({ url: tap.through(db.url), logger: silentLogger });
});
afterAll(async () => {
  await tapped?.close();
  await tap?.close();
  await db?.close();
});

test('counts what is executed, simply or with values, and a transaction with its begin and end', async () => {
  const { statements, roundTrips, byText } = await tap.during(async () => {
    await tapped.query('SELECT 1');
    for (const value of [1, 2, 3]) await tapped.query('SELECT  $1::int', [value]);
    await tapped.transaction(async (open) => {
      await open.query('SELECT 2');
    });
  });
  expect(byText).toEqual({
    'SELECT 1': 1,
    'SELECT $1::int': 3,
    'START TRANSACTION': 1,
    'SELECT 2': 1,
    COMMIT: 1,
  });
  expect([statements, roundTrips]).toEqual([7, 7]);
});

test('counts a text of a megabyte once, and what is not sent over it not at all', async () => {
  const large = 'x'.repeat(1_000_000);
  const { statements } = await tap.during(async () => {
    await tapped.query('SELECT length($1::text)', [large]);
    await db.database.query('SELECT 3');
  });
  expect(statements).toBe(1);
});

test('an error leaves the way open', async () => {
  await expect(tapped.query('SELECT nothing')).rejects.toThrow();
  await expect(tapped.query('SELECT 4 AS four')).resolves.toEqual([{ four: 4 }]);
});
