import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger, type TestDatabase, testDatabase } from '@ambit/testing';
import { type Database, openDatabase } from '../database.ts';
import { PostgresNameStore } from '../kinds/name.store.ts';
import { PostgresSyncStore } from '../stores/sync.store.ts';
import { listClusters, listGrants, listGroups, listRoles, listUsers } from '../index.ts';

const rows = 30_000;
const meta = `'{}', '{}', 1, 1, now()`;
const metaColumns = 'labels, annotations, generation, revision, created_at';
const fills = [
  `INSERT INTO users (uid, name, display_name, active, ${metaColumns})
   SELECT 'u' || i, 'person-' || i || '@example.com', 'Person ' || i, true, ${meta} FROM generate_series(1, ${rows}) i`,
  `INSERT INTO groups (uid, name, display_name, ${metaColumns})
   SELECT 'g' || i, 'group-' || i, 'Group ' || i, ${meta} FROM generate_series(1, ${rows}) i`,
  `INSERT INTO roles (uid, name, description, cluster_role, ${metaColumns})
   SELECT 'r' || i, 'role-' || i, 'Role ' || i, 'role-' || i, ${meta} FROM generate_series(1, ${rows}) i`,
  `INSERT INTO clusters (uid, name, subject_mode, user_prefix, ${metaColumns})
   SELECT 'c' || i, 'cluster-' || i, 'Users', 'ambit:', ${meta} FROM generate_series(1, ${rows}) i`,
  `INSERT INTO grants (uid, name, role_uid, clusters_scope, namespaces, reason, ${metaColumns})
   SELECT 'n' || i, 'grant-' || i, 'r' || i, 'all', '{}', 'INC-' || i, ${meta} FROM generate_series(1, ${rows}) i`,
  `INSERT INTO policy_objects (uid, kind, name, spec, ${metaColumns})
   SELECT 't' || i, 'Team', 'team-' || i, jsonb_build_object('members', jsonb_build_array(
     jsonb_build_object('kind', 'User', 'uid', 'u' || i), jsonb_build_object('kind', 'Group', 'uid', 'g' || i))), ${meta}
   FROM generate_series(1, ${rows}) i`,
];

let db: TestDatabase;
let owner: Database;

beforeAll(async () => {
  db = await testDatabase();
  owner = await openDatabase({
    url: db.ownerUrl,
    logger: silentLogger,
    statementTimeoutMs: 120_000,
  });
  for (const fill of fills) await owner.query(fill);
  // Searches are planned as they are once the indexes took in what was written lately.
  await owner.query('VACUUM (ANALYZE) users, groups, roles, clusters, grants, policy_objects');
});
afterAll(async () => {
  await owner.close();
  await db.close();
});

/** Every index that the statements of `work` would use, as PostgreSQL plans them for their values. */
async function indexesOf(
  work: (sql: Pick<Database, 'query'>) => Promise<unknown>,
): Promise<Set<string>> {
  const used = new Set<string>();
  await work({
    query: async (text, values) => {
      const plan = await db.database.query<Record<string, unknown>>(
        `EXPLAIN (FORMAT JSON) ${text}`,
        values,
      );
      for (const [, name = ''] of JSON.stringify(plan).matchAll(/"Index Name":"(\w+)"/g)) {
        used.add(name);
      }
      return [];
    },
  });
  return used;
}

const some = (prefix: string, count: number, suffix = ''): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at * 7 + 1}${suffix}`);

describe('names are found by the index of names', () => {
  test.each([1, 20, 1_500, 10_000])('%i names of each kind', async (count) => {
    const used = await indexesOf((sql) =>
      new PostgresNameStore(sql).find({
        User: some('person', count, '@example.com'),
        Group: some('group', count),
        Role: some('role', count),
        Cluster: some('cluster', count),
        Grant: some('grant', count),
      }),
    );
    expect([...used].filter((name) => name.endsWith('_search'))).toEqual([]);
  });

  test('no equality of a searched column can use the index of search', async () => {
    const searched = ['users', 'groups', 'roles', 'clusters', 'grants'];
    for (const table of searched) {
      const rows = await owner.query<{ part: string }>(
        `SELECT pg_get_indexdef(indexrelid, n, false) AS part
         FROM pg_index, generate_series(1, indnatts) AS n WHERE indexrelid = $1::regclass`,
        [`${table}_search`],
      );
      // An index answers an equality only of what it is over.
      expect(rows.filter(({ part }) => !part.includes(" || ''"))).toEqual([]);
    }
  });

  test('a search is answered by the index of search', async () => {
    const q = '29999';
    const lists = { listUsers, listGroups, listRoles, listClusters, listGrants };
    for (const [name, list] of Object.entries(lists)) {
      const used = await indexesOf((sql) => list(sql, { limit: 50, q }));
      const table = name.slice('list'.length).toLowerCase();
      expect([name, [...used].includes(`${table}_search`)]).toEqual([name, true]);
      const { items } = await list(db.database, { limit: 50, q });
      expect(items).toHaveLength(1);
    }
  });
});

test.each([1, 200])('the teams of %i groups are found by who is in them', async (count) => {
  const groups = Array.from({ length: count }, (_, at) => `g${at * 7 + 1}`);
  const used = await indexesOf((sql) =>
    new PostgresSyncStore({ sql } as never).heldRoles('Group', groups),
  );
  expect([...used]).toContain('policy_objects_team_members');
});
