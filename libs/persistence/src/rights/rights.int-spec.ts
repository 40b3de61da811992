import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import pg from 'pg';
import { dropAuditBefore, makeAuditPartitions } from '../audit/audit-partitions.ts';
import { writtenEvent } from '../audit/event-row.ts';
import { ingestAudit } from '../audit/ingest-audit.ts';
import { listAudit } from '../audit/list-audit.ts';
import type { Database } from '../database.ts';
import { excessRights } from './excess-rights.ts';
import { grantRights, keepAuditFor } from './grant-rights.ts';

const dayMs = 86_400_000;
const refused = '42501';
let db: TestDatabase;
let owner: Database;
let tables: readonly string[];
let trail: readonly string[];

beforeAll(async () => {
  db = await testDatabase();
  owner = await db.another(db.ownerUrl);
  await new PolicyWriter(db.database).cluster('eu');
  await makeAuditPartitions(db.database);
  const rows = await owner.query<{ path: string; trail: boolean }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS path, c.relname ~ '^audit_events' AS trail
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'limits') AND c.relkind IN ('r', 'p')`,
  );
  tables = rows.map(({ path }) => path);
  trail = rows.filter((row) => row.trail).map(({ path }) => path);
});
afterAll(() => db.close());

/** SQLSTATE of the refusal, and `done` for what went through; nothing of it stays. */
async function tried(url: string, sql: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(sql);
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
}

/** Those that were not refused for want of a right. */
async function notRefused(url: string, attacks: readonly string[]): Promise<string[]> {
  const through: string[] = [];
  for (const attack of attacks) {
    const answer = await tried(url, attack);
    if (answer !== refused) through.push(`${attack} → ${answer}`);
  }
  return through;
}

const rewriting = (table: string): string[] => [
  `UPDATE ${table} SET received_at = received_at`,
  `UPDATE ${table} SET event = '{}'`,
  `DELETE FROM ${table}`,
  `TRUNCATE ${table} CASCADE`,
  `MERGE INTO ${table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE`,
  `INSERT INTO ${table} (position, xid, received_at, type, actor, event) VALUES (1, '1', now(), 'x', 'x', '{}')`,
  `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
];

const remaking = (table: string): string[] => [
  `TRUNCATE ${table} CASCADE`,
  `ALTER TABLE ${table} ADD COLUMN planted text`,
  `ALTER TABLE ${table} OWNER TO CURRENT_USER`,
  `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
  `ALTER TABLE ${table} DISABLE RULE planted`,
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `DROP TABLE ${table} CASCADE`,
  `CREATE INDEX planted ON ${table} ((1))`,
  `CREATE TRIGGER planted BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  `CREATE RULE planted AS ON INSERT TO ${table} DO INSTEAD NOTHING`,
  `CREATE POLICY planted ON ${table} USING (true)`,
];

const breakingOut = [
  'SET ROLE ambit_owner',
  'SET SESSION AUTHORIZATION ambit_owner',
  'GRANT ambit_owner TO CURRENT_USER',
  'SET session_replication_role = replica',
  'CREATE TABLE public.planted (n integer)',
  'CREATE TEMP TABLE planted (n integer)',
  'CREATE SCHEMA planted',
  `CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'`,
  'CREATE EXTENSION hstore',
  'CREATE ROLE planted SUPERUSER',
  `ALTER ROLE ambit_owner PASSWORD 'planted'`,
  'ALTER ROLE CURRENT_USER SUPERUSER',
  'ALTER ROLE CURRENT_USER CREATEDB',
  `SELECT pg_read_file('/etc/passwd')`,
  `SELECT pg_ls_dir('.')`,
  `COPY (SELECT 1) TO PROGRAM 'id'`,
  `COPY (SELECT 1) TO '/tmp/planted'`,
  `CREATE TABLE planted AS SELECT 1`,
  `SELECT lo_import('/etc/passwd')`,
  'SELECT pg_rotate_logfile()',
  'SELECT pg_reload_conf()',
  `SELECT setval('audit_position', 1)`,
  'ALTER FUNCTION audit_drop_before(timestamptz) SECURITY INVOKER',
  'UPDATE audit_retention SET days = 1',
  'UPDATE policy_changes SET actor = actor',
  'DELETE FROM policy_changes',
  'DELETE FROM policy_head',
  'DELETE FROM migrations',
  'SELECT * FROM pg_authid',
];

describe.each(['application', 'audit writer'])('the %s', (role) => {
  const url = (): string => (role === 'application' ? db.url : db.auditUrl);

  test('adds to the audit trail and never changes, removes or forges what is in it, table or partition', async () => {
    expect(trail.length).toBeGreaterThan(8);
    expect(await notRefused(url(), trail.flatMap(rewriting))).toEqual([]);
    const partitions = trail.filter((path) => path !== 'public.audit_events');
    const direct = partitions.map(
      (path) =>
        `INSERT INTO ${path} (received_at, type, actor, event) VALUES (now(), 'x', 'x', '{}')`,
    );
    expect(await notRefused(url(), direct)).toEqual([]);
    expect(
      await tried(
        url(),
        `INSERT INTO audit_events (received_at, type, actor, event) VALUES (now(), 'x', 'x', '{}')`,
      ),
    ).toBe('done');
  });

  test('makes, alters, empties and drops no table, trigger, rule or index', async () => {
    expect(tables.length).toBeGreaterThan(20);
    expect(await notRefused(url(), tables.flatMap(remaking))).toEqual([]);
  });

  test('becomes nobody else, reads no file, runs no program, writes no history', async () => {
    expect(await notRefused(url(), breakingOut)).toEqual([]);
  });

  test('is asked by excessRights and found to have none', async () => {
    expect(await excessRights(await db.another(url()))).toEqual([]);
  });
});

describe('the audit writer', () => {
  test('reads neither the trail nor anything else but how far each spool was read', async () => {
    const reads = tables
      .filter((path) => path !== 'public.audit_cursor')
      .map((path) => `SELECT * FROM ${path}`);
    expect(await notRefused(db.auditUrl, reads)).toEqual([]);
    const functions = ['audit_make_partition(1)', 'audit_drop_before(now())'];
    expect(
      await notRefused(
        db.auditUrl,
        functions.map((call) => `SELECT ${call}`),
      ),
    ).toEqual([]);
  });

  test('stores what agents report, few events and many', async () => {
    const cluster = await new PolicyWriter(db.database).cluster('us');
    const writer = await db.another(db.auditUrl);
    const at = Date.now();
    const records = Array.from({ length: 300 }, (_, index) => ({
      sequence: index + 1,
      event: writtenEvent({
        id: randomUUID(),
        time: new Date(at).toISOString(),
        type: 'binding.created',
        actor: { kind: 'agent', name: 'agent/us' },
        message: 'made',
        cluster: 'us',
      }),
    }));
    const batch = { clusterUid: cluster.uid, clusterName: 'us', spoolEpoch: 's1', at };
    const ids = { newEventId: randomUUID };
    await ingestAudit(writer, { ...batch, ...ids, records: records.slice(0, 3) });
    await ingestAudit(writer, { ...batch, ...ids, records });
    const stored = await listAudit(db.database, { limit: 500, cluster: 'us' });
    expect(stored.items).toHaveLength(300);
  });
});

describe('what the application asks the owner to do', () => {
  test.each([
    'audit_make_partition(-1)',
    'audit_make_partition(32)',
    'audit_make_partition(NULL)',
    'audit_drop_before(NULL)',
    `audit_drop_before('infinity')`,
    `audit_drop_before('-infinity')`,
    `audit_drop_before(now() + interval '1 day')`,
    `audit_drop_before(now() - interval '29 days' + interval '2 days')`,
  ])('%s is refused', async (call) => {
    await keepAuditFor(owner, 30);
    expect(await tried(db.url, `SELECT ${call}`)).toBe('22023');
  });

  test('nothing younger than what the owner keeps is dropped, whatever the search path and the time zone say', async () => {
    await keepAuditFor(owner, 30);
    const before = await partitions();
    await expect(dropAuditBefore(db.database, Date.now() - 10 * dayMs)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const client = new pg.Client({ connectionString: db.url });
    await client.connect();
    await client.query(`SET search_path = pg_temp, public; SET TimeZone = 'Pacific/Kiritimati'`);
    const { rows } = await client.query(
      `SELECT audit_drop_before(now() - interval '30 days') AS name`,
    );
    await client.end();
    expect(rows).toEqual([]);
    expect(await partitions()).toEqual(before);
  });
});

describe('excessRights', () => {
  test('finds what would let a role rewrite the trail, also by a column and by a partition', async () => {
    expect(await excessRights(owner)).toEqual(
      expect.arrayContaining(['owns the audit trail', 'may make objects in schema public']),
    );
    expect(await excessRights(await db.another(db.superuserUrl))).toEqual(
      expect.arrayContaining(['is a superuser', 'owns the audit trail']),
    );
    await owner.query('GRANT UPDATE (event) ON audit_events TO ambit_app');
    await owner.query('GRANT DELETE ON audit_events_default TO ambit_app');
    expect(await excessRights(db.database)).toEqual([
      'may UPDATE on audit_events',
      'may DELETE on audit_events_default',
    ]);
    await grantRights(owner, { application: 'ambit_app', auditWriter: 'ambit_audit' });
    expect(await excessRights(db.database)).toEqual([]);
  });
});

async function partitions(): Promise<readonly string[]> {
  const rows = await owner.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
