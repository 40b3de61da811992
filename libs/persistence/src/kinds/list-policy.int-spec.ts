import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LabelSelector, SelectorOperator } from '@ambit/domain';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { builtInRoleUids } from '../built-in-roles.ts';
import type { Sql } from '../sql.ts';
import { listAudit } from '../audit/list-audit.ts';
import { findUser, listClusters, listGrants, listGroups, listRoles, listUsers } from '../index.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  await policy.change(async (tx) => {
    for (let n = 0; n < 120; n++) {
      const labels = { ...(n % 2 === 0 ? { env: 'prod' } : {}), tier: String(n % 3) };
      const name = `user-${String(n).padStart(3, '0')}`;
      await tx.users.put({ name, labels, active: true, displayName: `Person ${n} 100%_\\` });
    }
  });
});
afterAll(() => db.close());

/** Counts statements: a list may make at most two, whatever it returns. */
function counting(): { sql: Sql; count: () => number } {
  let statements = 0;
  const query: Sql['query'] = (text, values) => {
    statements++;
    return db.database.query(text, values);
  };
  return { sql: { query }, count: () => statements };
}

const selector = (key: string, operator: SelectorOperator, ...values: string[]): LabelSelector => ({
  requirements: [{ key, operator, values }],
});

async function namesBy(labelSelector: LabelSelector): Promise<number> {
  const { items } = await listUsers(db.database, { limit: 500, labelSelector });
  return items.length;
}

describe('lists', () => {
  test('come in pages that together are everything, once, by name', async () => {
    const names: string[] = [];
    let place: string | undefined;
    do {
      const page = await listUsers(db.database, {
        limit: 50,
        ...(place === undefined ? {} : { continue: place }),
      });
      names.push(...page.items.map((user) => user.name));
      place = page.continue;
    } while (place !== undefined);
    expect(names).toHaveLength(120);
    expect(names).toEqual([...new Set(names)].sort());
  });

  test('select by label as Kubernetes does', async () => {
    expect(await namesBy(selector('env', 'In', 'prod'))).toBe(60);
    expect(await namesBy(selector('env', 'In', 'prod', 'test'))).toBe(60);
    expect(await namesBy(selector('tier', 'NotIn', '0'))).toBe(80);
    expect(await namesBy(selector('env', 'NotIn', 'prod'))).toBe(60);
    expect(await namesBy(selector('env', 'Exists'))).toBe(60);
    expect(await namesBy(selector('env', 'DoesNotExist'))).toBe(60);
    expect(await namesBy(selector('absent', 'NotIn', 'x'))).toBe(120);
    expect(await namesBy({ requirements: [] })).toBe(120);
  });

  test('search a part of the name, of one character or more; wildcards stand for themselves', async () => {
    const found = async (q: string) =>
      (await listUsers(db.database, { limit: 500, q })).items.length;
    expect(await found('USER-01')).toBe(10);
    expect(await found('7')).toBeGreaterThan(10);
    expect(await found('100%_\\')).toBe(120);
    expect(await found('%')).toBe(120);
    expect(await found('_user')).toBe(0);
    expect(await found('')).toBe(120);
  });

  test('refuse a limit, a place or a search that is none', async () => {
    const bad = { code: 'invalid_request' };
    for (const limit of [0, -1, 501, 1.5, Number.NaN]) {
      await expect(listUsers(db.database, { limit })).rejects.toMatchObject(bad);
    }
    const { continue: place } = await listUsers(db.database, { limit: 1 });
    for (const wrong of ['', 'x', 'bm90IGpzb24', '"', place?.slice(2) ?? '']) {
      await expect(listUsers(db.database, { limit: 1, continue: wrong })).rejects.toMatchObject(
        bad,
      );
    }
    await expect(
      listGroups(db.database, { limit: 1, continue: place ?? '' }),
    ).rejects.toMatchObject(bad);
    await expect(listUsers(db.database, { limit: 1, q: 'x'.repeat(257) })).rejects.toMatchObject(
      bad,
    );
    await expect(listUsers(db.database, { limit: 1, q: 'a\u0000b' })).rejects.toMatchObject(bad);
  });

  test('case b67: text of the caller never becomes SQL, in any filter, search or place', async () => {
    const before = await db.database.query('SELECT count(*) FROM users');
    const nasty = [
      `'; DROP TABLE users; --`,
      `' OR '1'='1`,
      `$1`,
      `name) ; DELETE FROM users WHERE (1=1`,
      `"; SELECT pg_sleep(10)`,
      `\\'; DROP TABLE users`,
      `{"$ne": null}`,
      `%' UNION SELECT * FROM api_tokens --`,
    ];
    for (const text of nasty) {
      expect((await listUsers(db.database, { limit: 5, q: text })).items).toEqual([]);
      expect(await findUser(db.database, text)).toBeNull();
      for (const operator of ['In', 'Exists'] as const) {
        const page = { limit: 5, labelSelector: selector(text, operator, text) };
        expect((await listUsers(db.database, page)).items).toEqual([]);
        expect((await listClusters(db.database, page)).items).toEqual([]);
      }
      const forged = Buffer.from(JSON.stringify(['users', text])).toString('base64url');
      await listUsers(db.database, { limit: 5, continue: forged });
      const grants = { limit: 5, userUid: text, groupUid: text, roleUid: text };
      expect((await listGrants(db.database, grants)).items).toEqual([]);
      const audit = { actor: text, cluster: text, objectKind: text, objectName: text };
      const more = { subject: text, grant: text, q: text, types: [text] };
      expect((await listAudit(db.database, { limit: 5, ...audit, ...more })).items).toEqual([]);
    }
    expect(await db.database.query('SELECT count(*) FROM users')).toEqual(before);
  });

  test('case b67: an object where a text belongs is refused or finds nothing, and runs no SQL of its own', async () => {
    const object = { toString: () => `x'; DROP TABLE users; --` } as unknown as string;
    await expect(findUser(db.database, object)).resolves.toBeNull();
    expect(await listUsers(db.database, { limit: 1 })).toMatchObject({ items: [{}] });
  });

  test('make one statement each, also with members, subjects and clusters', async () => {
    const users = (await listUsers(db.database, { limit: 30 })).items;
    await policy.group('everybody', users);
    await policy.grant(
      'everything',
      users.map(({ uid }) => ({ kind: 'User', uid })),
    );
    const { sql, count } = counting();
    await listGroups(sql, { limit: 500 });
    await listGrants(sql, { limit: 500 });
    await listRoles(sql, { limit: 500 });
    await listClusters(sql, { limit: 500 });
    await listUsers(sql, { limit: 500, q: 'user', labelSelector: selector('env', 'Exists') });
    expect(count()).toBe(5);
  });

  test('case 76: 4000 grants of one user are listed in pages of 500 and the fastest takes less than 300 ms', async () => {
    const ada = await policy.user('ada-of-many');
    await db.database.query(
      `INSERT INTO grants (uid, name, role_uid, clusters_scope, namespaces, labels, annotations, generation, revision, created_at)
       SELECT 'many-' || n, 'many-' || n, $1, 'all', jsonb_build_object('type', 'names', 'names', jsonb_build_array('ns-' || n)),
         '{}', '{}', 1, 1, now() FROM generate_series(1, 4000) AS n`,
      [builtInRoleUids.view],
    );
    await db.database.query(
      `INSERT INTO grant_subjects (grant_uid, ordinal, user_uid) SELECT 'many-' || n, 1, $1 FROM generate_series(1, 4000) AS n`,
      [ada.uid],
    );
    await db.database.query('ANALYZE');
    let place: string | undefined;
    let listed = 0;
    const tookMs: number[] = [];
    do {
      const began = performance.now();
      const page = await listGrants(db.database, {
        limit: 500,
        userUid: ada.uid,
        ...(place === undefined ? {} : { continue: place }),
      });
      tookMs.push(performance.now() - began);
      listed += page.items.length;
      place = page.continue;
    } while (place !== undefined);
    expect(listed).toBe(4_000);
    // All cost the same: what a busy machine adds is not in the fastest.
    expect(Math.min(...tookMs)).toBeLessThan(300);
  });
});
