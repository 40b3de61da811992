import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PolicyWriter, silentLogger, type TestDatabase, testDatabase } from '@ambit/testing';
import type { Database } from './database.ts';
import { openDatabase } from './index.ts';

let db: TestDatabase;
let owner: Database;
/** One connection, so that a plan that is kept is the one that is used. */
let one: Database;

beforeEach(async () => {
  db = await testDatabase();
  const options = { logger: silentLogger, maxConnections: 1, statementTimeoutMs: 60_000 };
  owner = await openDatabase({ ...options, url: db.ownerUrl });
  one = await openDatabase({ ...options, url: db.url });
});
afterEach(async () => {
  await one?.close();
  await owner?.close();
  await db?.close();
});

const addPeople = (from: number, to: number): Promise<unknown> =>
  one.query(
    `INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at)
     SELECT 'u' || n, 'person-' || n, true, '{}', '{}', 1, 0, now() FROM generate_series($1::int, $2::int) AS n`,
    [from, to],
  );
const uids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `u${from + at}`);

/** How often the table of people was read from its beginning to its end. */
async function wholeReadings(work: () => Promise<unknown>): Promise<number> {
  const read = async (): Promise<number> => {
    await one.query('SELECT pg_stat_force_next_flush()');
    const [row] = await owner.query<{ scans: string }>(
      `SELECT seq_scan AS scans FROM pg_stat_user_tables WHERE relname = 'users'`,
    );
    return Number(row?.scans);
  };
  const before = await read();
  await work();
  return (await read()) - before;
}

const join = (group: string, from: number, to: number): Promise<unknown> =>
  new PolicyWriter(one).change((tx) => tx.members.add(group, uids(from, to)));

/** A group whose members were checked by the plan of a table of one page, which is kept; then many people come. */
async function staff(): Promise<string> {
  const { uid } = await new PolicyWriter(one).group('staff', []);
  await addPeople(1, 60);
  await owner.query('ANALYZE users');
  await join(uid, 1, 30);
  await addPeople(61, 4_000);
  expect(await wholeReadings(() => join(uid, 61, 100))).toBeGreaterThanOrEqual(40);
  return uid;
}

test('references of a large set are checked by an index, whatever the table was when its plan was made', async () => {
  const group = await staff();
  expect(await wholeReadings(() => join(group, 1_001, 2_500))).toBeLessThan(20);
});

test('those of many small statements of one transaction are so from the first hundreds on', async () => {
  const group = await staff();
  const inLots = (): Promise<unknown> =>
    new PolicyWriter(one).change(async (tx) => {
      for (let from = 1_001; from < 4_000; from += 20)
        await tx.members.add(group, uids(from, from + 19));
    });
  expect(await wholeReadings(inLots)).toBeLessThan(600);
});
