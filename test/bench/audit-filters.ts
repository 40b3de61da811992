import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditEventTypes } from '@ambit/domain';
import type { AuditEvent } from '@ambit/domain';
import {
  grantRights,
  ingestAuditPiecewise,
  listAudit,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import type { AuditFilter, Database, Sql } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { ms, printMachine, quantile } from './figures.ts';

const events = Number(process.env['AMBIT_BENCH_EVENTS'] ?? 5_000_000);
const days = 14;
const dayMs = 86_400_000;
const rounds = 100;
const limit = 100;
const goalMs = 50;
const perBatch = 1_000;
const batches = 20;

/** Asks every documented question of GET audit/events over 5 million events in daily partitions. */
export async function auditFilters(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
  const server = await startEmbeddedPostgres({
    dataDir,
    logger: silentLogger,
    settings: { fsync: 'off', max_wal_size: '8GB' },
    prepare: (url) => prepare(url),
  });
  const database = await openDatabase({ url: server.url, logger: silentLogger });
  try {
    printMachine(`${events.toLocaleString('en')} events in ${days} days`);
    await ask(database);
  } finally {
    await database.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger, statementTimeoutMs: 3_600_000 });
  try {
    await owner.migrate();
    await grantRights(owner, roleNames);
    await ingest(owner);
    await fill(owner);
  } finally {
    await owner.close();
  }
}

/** Each day is filled as a table without indexes and attached: PostgreSQL then builds them in one go. */
async function fill(owner: Sql): Promise<void> {
  const perDay = Math.ceil(events / days);
  const today = Math.floor(Date.now() / dayMs);
  for (let day = 0; day < days; day++) {
    const from = new Date((today - days + day) * dayMs).toISOString();
    const to = new Date((today - days + day + 1) * dayMs).toISOString();
    const table = `audit_events_${from.slice(0, 10).replaceAll('-', '')}`;
    await owner.query(`CREATE TABLE ${table} (LIKE audit_events INCLUDING DEFAULTS)`);
    await owner.query(insertDay(table, from, perDay));
    await owner.query(
      `ALTER TABLE audit_events ATTACH PARTITION ${table} FOR VALUES FROM ('${from}') TO ('${to}')`,
    );
    await owner.query(`VACUUM ANALYZE ${table}`);
  }
}

/** Names fall off as they do in life: a few stand in every hundredth event, most in a handful. */
const skewed = (n: string, count: number): string =>
  `floor(${count} * power(('x' || substr(md5(${n} || i::text), 1, 7))::bit(28)::bigint / 268435456.0, 3))::int`;

const insertDay = (table: string, from: string, count: number): string => `
INSERT INTO ${table} (received_at, type, actor, cluster, object_kind, object_name, reported_by, event)
SELECT timestamptz '${from}' + i * interval '1 day' / ${count}, e.type, 'agent/c' || e.cluster, 'c' || e.cluster, 'RoleBinding', 'ambit-' || i,
  'agent/c' || e.cluster,
  jsonb_build_object('id', gen_random_uuid(), 'time', timestamptz '${from}' + i * interval '1 day' / ${count}, 'type', e.type,
    'actor', jsonb_build_object('kind', 'agent', 'name', 'agent/c' || e.cluster), 'cluster', 'c' || e.cluster,
    'message', e.type || ' for ambit:user-' || e.person || ' by grant-' || e.granted || ' in namespace team-' || i % 400,
    'object', jsonb_build_object('kind', 'RoleBinding', 'name', 'ambit-' || i, 'namespace', 'team-' || i % 400),
    'subjects', jsonb_build_array('ambit:user-' || e.person, 'ambit:user-' || (e.person + 17) % 20000),
    'grants', jsonb_build_array('grant-' || e.granted),
    'details', jsonb_build_object('revision', i, 'role', 'view'))
FROM generate_series(0, ${count - 1}) AS i,
LATERAL (SELECT ${skewed(`'c${from}'`, 500)} AS cluster, ${skewed(`'p${from}'`, 20_000)} AS person,
  ${skewed(`'g${from}'`, 50_000)} AS granted,
  CASE WHEN i % 40000 = 7 THEN 'agent.trust_refused' WHEN i % 500 = 3 THEN 'agent.started' WHEN i % 3 = 0 THEN 'binding.deleted'
    WHEN i % 7 = 0 THEN 'drift.corrected' ELSE 'binding.created' END AS type) AS e`;

const between = (most: number): number => Math.floor(most * Math.random() ** 2);
const some = (): AuditFilter => {
  const until = Date.now() - dayMs * (1 + Math.random() * days);
  return { since: until - dayMs, until };
};

const questions: Readonly<Record<string, () => AuditFilter>> = {
  'newest (the floor)': () => ({}),
  'since and until': some,
  'user, often met': () => ({ subject: `ambit:user-${between(20)}` }),
  'user, any': () => ({ subject: `ambit:user-${between(20_000)}` }),
  'user, never met': () => ({ subject: 'nobody' }),
  'user within a day': () => ({ subject: `ambit:user-${between(20_000)}`, ...some() }),
  'grant, often met': () => ({ grant: `grant-${between(20)}` }),
  'grant, any': () => ({ grant: `grant-${between(50_000)}` }),
  'grant, never met': () => ({ grant: 'none' }),
  'actor, often met': () => ({ actor: `agent/c${between(10)}` }),
  'actor, never met': () => ({ actor: 'token/none' }),
  'cluster, any': () => ({ cluster: `c${between(500)}` }),
  'cluster, never met': () => ({ cluster: 'none' }),
  'type, often met': () => ({ types: ['binding.created'] }),
  'type, seldom met': () => ({ types: ['agent.trust_refused'] }),
  'type, never met': () => ({ types: ['grant.ended'] }),
  'type binding.*': () => ({
    types: auditEventTypes.filter((type) => type.startsWith('binding.')),
  }),
  'type agent.*': () => ({ types: auditEventTypes.filter((type) => type.startsWith('agent.')) }),
  'type grant.*, never met': () => ({
    types: auditEventTypes.filter((type) => type.startsWith('grant.')),
  }),
  'text, often met': () => ({ q: 'TEAM-1' }),
  'text, never met (one page of the search)': () => ({ q: 'nothing says this' }),
  'text of a cluster': () => ({ q: `user-${between(20_000)} `, cluster: `c${between(500)}` }),
  'user, type and cluster': () => ({
    subject: `ambit:user-${between(2_000)}`,
    types: ['binding.deleted'],
    cluster: `c${between(100)}`,
  }),
};

async function ask(database: Database): Promise<void> {
  for (const [says, filter] of Object.entries(questions)) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      const { items } = await listAudit(database, { ...filter(), limit });
      times.push(performance.now() - began);
      found += items.length;
    }
    const p99 = quantile(times, 0.99);
    const within = p99 <= goalMs ? '' : `   ABOVE the goal of ${ms(goalMs)}`;
    const size = (found / rounds).toFixed(0).padStart(3);
    console.log(
      `${says.padEnd(42)} ${size} found   p50 ${ms(quantile(times, 0.5)).padStart(8)}   p99 ${ms(p99).padStart(9)}${within}`,
    );
  }
}

const filterIndexes = ['actor', 'cluster', 'type', 'names'].map((name) => `audit_events_${name}`);

/** What the indexes of the filters cost where events come in, in turns with the floor that has none of them (ABBA). */
async function ingest(owner: Database): Promise<void> {
  const uid = randomUUID();
  await owner.query(
    `INSERT INTO clusters (uid, name, subject_mode, user_prefix, labels, annotations, generation, revision, created_at)
     VALUES ($1, 'bench', 'Users', 'ambit:', '{}', '{}', 1, 1, now())`,
    [uid],
  );
  const made = await owner.query<{ text: string }>(
    `SELECT pg_get_indexdef(i::regclass) AS text FROM unnest($1::text[]) AS i`,
    [filterIndexes],
  );
  const rates = { with: [] as number[], without: [] as number[] };
  for (const [round, side] of (['with', 'without', 'without', 'with'] as const).entries()) {
    await owner.query(`DROP INDEX IF EXISTS ${filterIndexes.join(', ')}`);
    if (side === 'with')
      for (const { text } of made) await owner.query(text.replace(' ONLY ', ' '));
    rates[side].push(await ingestRate(owner, uid, `s${round}`));
  }
  await owner.query('TRUNCATE audit_events');
  const rate = (side: readonly number[]): string => quantile(side, 0.5).toFixed(0);
  console.log(
    `ingest, one stream: ${rate(rates.with)} events a second, without indexes of the filters ${rate(rates.without)}`,
  );
}

async function ingestRate(
  owner: Database,
  clusterUid: string,
  spoolEpoch: string,
): Promise<number> {
  const began = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    const first = batch * perBatch;
    const records = Array.from({ length: perBatch }, (_, index) => ({
      sequence: first + index + 1,
      event: event(first + index),
    }));
    const facts = { clusterUid, clusterName: 'bench', spoolEpoch, newEventId: randomUUID };
    await ingestAuditPiecewise(owner, { ...facts, at: Date.now(), records }, () => event(0));
  }
  return (batches * perBatch * 1000) / (performance.now() - began);
}

const event = (n: number): AuditEvent => ({
  id: randomUUID(),
  time: new Date().toISOString(),
  type: 'binding.created',
  actor: { kind: 'agent', name: 'agent/bench' },
  message: `binding.created for ambit:user-${n % 20_000} by grant-${n % 50_000}`,
  cluster: 'bench',
  object: { kind: 'RoleBinding', name: `ambit-${n}`, namespace: `team-${n % 400}` },
  subjects: [`ambit:user-${n % 20_000}`],
  grants: [`grant-${n % 50_000}`],
  details: { revision: n, role: 'view' },
});
