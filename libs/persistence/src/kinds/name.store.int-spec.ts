import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import type { NamesByKind } from '../transaction.ts';
import { PostgresNameStore } from './name.store.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

/** What is found, and in how many statements. */
async function find(names: NamesByKind) {
  let statements = 0;
  const store = new PostgresNameStore({
    query: (text, values) => {
      statements++;
      return db.database.query(text, values);
    },
  });
  return { known: await store.find(names), statements };
}

test('names of all kinds are found in one statement, each under its own kind', async () => {
  const user = await policy.user('ada');
  const group = await policy.group('ops');
  const cluster = await policy.cluster('prod');
  const { known, statements } = await find({
    User: ['ada', 'ops', 'nobody', 'ada'],
    Group: new Set(['ops']),
    Role: ['view'],
    Cluster: ['prod'],
  });
  expect(statements).toBe(1);
  expect(known.uid('User', 'ada')).toBe(user.uid);
  expect(known.uid('Group', 'ops')).toBe(group.uid);
  expect(known.uid('Cluster', 'prod')).toBe(cluster.uid);
  expect(known.uid('Role', 'view')).toEqual(expect.any(String));
  expect(known.uid('User', 'ops')).toBeUndefined();
  expect(known.uid('User', 'nobody')).toBeUndefined();
  expect(known.uid('Group', 'ada')).toBeUndefined();
});

test('the name of a removed cluster is not found, and nothing asked is nothing sent', async () => {
  await policy.cluster('gone');
  await policy.change((tx) => tx.clusters.remove('gone'));
  expect((await find({ Cluster: ['gone'] })).known.uid('Cluster', 'gone')).toBeUndefined();
  expect((await find({ User: [] })).statements).toBe(0);
});
