import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger, type TestDatabase, testDatabase } from '@ambit/testing';
import { type Database, openDatabase } from '../database.ts';
import { type AuditPage, type AuditQuery, listAudit, searchedEvents } from './list-audit.ts';
import type { AuditFilter } from './audit-filter.ts';

const events = 60_000;
const day = Date.parse('2026-05-01T00:00:00Z');
/** Forty days in all. */
const everyMs = 60_000;
let db: TestDatabase;

/** Every hundredth event names ann; one in the middle and one at the very beginning say something special. */
const fill = `
INSERT INTO audit_events (received_at, type, actor, cluster, object_kind, object_name, reported_by, event)
SELECT timestamptz '2026-05-01' + i * interval '${everyMs} milliseconds', e.type, 'agent/' || e.cluster, e.cluster, 'Grant', 'g' || i, 'central',
  jsonb_build_object('id', 'e' || i, 'time', '2026-05-01T00:00:00.000Z', 'type', e.type, 'actor', jsonb_build_object('kind', 'agent', 'name', 'agent'),
    'message', CASE WHEN i IN (30000, 0) THEN 'Something Special' ELSE 'as always ' || i END,
    'cluster', e.cluster, 'subjects', jsonb_build_array('user-' || i % 5000, CASE WHEN i % 100 = 0 THEN 'ann' ELSE 'all' END),
    'grants', jsonb_build_array('grant-' || i % 9000))
FROM generate_series(0, ${events - 1}) AS i,
LATERAL (SELECT 'c' || i % 200 AS cluster, CASE WHEN i % 20000 = 5 THEN 'agent.started' ELSE 'binding.created' END AS type) AS e`;

beforeAll(async () => {
  db = await testDatabase();
  const timeout = { statementTimeoutMs: 120_000 };
  const owner = await openDatabase({ url: db.ownerUrl, logger: silentLogger, ...timeout });
  try {
    // Every row is sampled: the plan is the same in each run.
    const analyze = 'SET default_statistics_target = 1000; ANALYZE audit_events';
    for (const statement of [fill, 'VACUUM audit_events', analyze]) await owner.query(statement);
  } finally {
    await owner.close();
  }
});
afterAll(() => db.close());

/** The newest are looked at in their order; the rest is asked of the indexes of time and of everything that stands in an event. */
const facts = /array_expr|received_at_position/;

interface Plan {
  readonly indexes: readonly string[];
  readonly statements: number;
  /** Rows that PostgreSQL reads and throws away. */
  readonly discarded: number;
  /** Rows that it reads to sort them. */
  readonly sorted: number;
}

/** What PostgreSQL does for the first page. */
async function planOf(filter: AuditFilter): Promise<Plan> {
  let plan = '';
  let statements = 0;
  const explaining: Pick<Database, 'query'> = {
    query: async (text, values) => {
      statements++;
      plan += JSON.stringify(
        await db.database.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values),
      );
      return db.database.query(text, values);
    },
  };
  await listAudit(explaining, { ...filter, limit: 100 });
  const sum = (what: RegExp): number =>
    [...plan.matchAll(what)].reduce((total, [, count]) => total + Number(count), 0);
  return {
    indexes: [...plan.matchAll(/"Index Name":"(\w+)"/g)].map(([, name = '']) => name),
    statements,
    discarded: sum(/"Rows Removed by Filter":(\d+)/g),
    sorted: sum(/"Node Type":"Bitmap Heap Scan"[^{}]*?"Actual Rows":(\d+)/g),
  };
}

describe('each documented question has an index that fits it', () => {
  test.each<[string, AuditFilter, RegExp]>([
    ['everything', {}, /received_at_position/],
    ['a person seldom met', { subject: 'user-4711' }, facts],
    ['a person never met', { subject: 'nobody' }, facts],
    ['a grant', { grant: 'grant-8500' }, facts],
    ['who did it', { actor: 'agent/c17' }, /actor/],
    ['a cluster', { cluster: 'c17' }, /cluster/],
    ['a type seldom met', { types: ['agent.started'] }, /type/],
    ['types never met', { types: ['grant.ended', 'grant.deleted'] }, facts],
    ['a time', { since: day + 60 * everyMs, until: day + 90 * everyMs }, /received_at_position/],
    ['an object', { objectKind: 'Grant', objectName: 'g77' }, /object_kind/],
    [
      'a person, type and cluster',
      { subject: 'user-4711', types: ['agent.started'], cluster: 'c1' },
      facts,
    ],
    ['a cluster and a type', { cluster: 'c5', types: ['agent.started'] }, facts],
    ['a cluster and types', { cluster: 'c5', types: ['agent.started', 'grant.ended'] }, facts],
    ['an actor and a person', { actor: 'agent/c17', subject: 'user-4711' }, facts],
    ['two names that never meet', { subject: 'ann', grant: 'grant-1' }, facts],
  ])('%s', async (_, filter, index) => {
    const { indexes, discarded, sorted, statements } = await planOf(filter);
    expect(indexes.length).toBeGreaterThan(0);
    expect(indexes.filter((name) => !index.test(name))).toEqual([]);
    // Facts are looked for among the newest 200 before an index is asked.
    expect(discarded).toBeLessThan(400);
    expect(sorted).toBeLessThan(400);
    expect(statements).toBeLessThanOrEqual(8);
    const named = index === facts;
    expect(indexes.some((name) => name.includes('array_expr'))).toBe(named);
  });

  test('of a person often met no more than about two pages are read', async () => {
    const { discarded, sorted } = await planOf({ subject: 'ann' });
    expect(discarded).toBeLessThan(400);
    expect(sorted).toBeGreaterThan(90);
    expect(sorted).toBeLessThan(300);
  });

  test.each([
    ['ann', 600, 50],
    ['user-4711', 12, 5],
    ['all', 1_000, 500],
  ])('pages of %s have every event once, newest first', async (subject, expected, limit) => {
    const ids: string[] = [];
    let place: string | undefined;
    do {
      const page: AuditPage = await listAudit(db.database, {
        subject,
        limit,
        ...(subject === 'all' ? { until: day + 1_010 * everyMs } : {}),
        ...(place === undefined ? {} : { continue: place }),
      });
      ids.push(...page.items.map(({ id }) => id));
      place = page.continue;
    } while (place !== undefined);
    const numbers = ids.map((id) => Number(id.slice(1)));
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    expect(new Set(numbers).size).toBe(ids.length);
    expect(Math.abs(ids.length - expected)).toBeLessThan(2);
  });
});

describe('a search for text', () => {
  const pages = async (query: Omit<AuditQuery, 'limit'>) => {
    const found: { ids: string[]; searchedTo: string | undefined }[] = [];
    let place: string | undefined;
    do {
      const page = await listAudit(db.database, {
        ...query,
        limit: 10,
        ...(place === undefined ? {} : { continue: place }),
      });
      found.push({ ids: page.items.map(({ id }) => id), searchedTo: page.searchedTo });
      place = page.continue;
    } while (place !== undefined);
    return found;
  };

  test('looks through a bounded number of events a page, says how far, and misses and doubles none', async () => {
    const found = await pages({ q: 'something SPECIAL' });
    expect(found.flatMap(({ ids }) => ids)).toEqual(['e30000', 'e0']);
    expect(found).toHaveLength(events / searchedEvents + 1);
    expect(found[0]).toEqual({
      ids: [],
      searchedTo: new Date(day + (events - searchedEvents) * everyMs).toISOString(),
    });
    expect(found.at(-1)).toEqual({ ids: [], searchedTo: undefined });
  });

  test('a full page ends as any page does, and other filters are applied before events are counted', async () => {
    const often = await listAudit(db.database, { q: 'always', limit: 10 });
    expect(often.items).toHaveLength(10);
    expect(often.searchedTo).toBeUndefined();
    expect(often.continue).toBeDefined();
    // The cluster has 300 events, so one page looks through all of them.
    expect(await pages({ q: 'special', cluster: 'c0' })).toEqual([
      { ids: ['e30000', 'e0'], searchedTo: undefined },
    ]);
  });
});

// The last, because it adds to what the others look at.
test('many events of one moment and few of long ago are each given once', async () => {
  await db.database.query(`
    INSERT INTO audit_events (received_at, type, actor, reported_by, event)
    SELECT moment, 'user.created', 'token/twin', 'central', jsonb_build_object('id', 'twin-' || i, 'type', 'user.created',
      'time', moment, 'actor', jsonb_build_object('kind', 'token', 'name', 'token/twin'), 'message', 'twin', 'subjects', '["twin"]'::jsonb)
    FROM generate_series(1, 1005) AS i,
    LATERAL (SELECT timestamptz '2026-06-20' - greatest(i - 1000, 0) * interval '100 days' AS moment) AS m`);
  const ids: string[] = [];
  let place: string | undefined;
  do {
    const next = place === undefined ? {} : { continue: place };
    const page: AuditPage = await listAudit(db.database, { subject: 'twin', limit: 100, ...next });
    ids.push(...page.items.map(({ id }) => id));
    place = page.continue;
  } while (place !== undefined);
  expect(ids).toHaveLength(1_005);
  expect(new Set(ids).size).toBe(1_005);
  expect(ids.slice(-5)).toEqual(['twin-1001', 'twin-1002', 'twin-1003', 'twin-1004', 'twin-1005']);
});
