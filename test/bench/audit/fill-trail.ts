import type { Sql } from '@ambit/persistence';

/** Days that the events are spread over, the last of them yesterday. */
export const days = 14;
export const dayMs = 86_400_000;

/** Each day is filled as a table without indexes and attached: PostgreSQL then builds them in one go. */
export async function fillTrail(owner: Sql, events: number): Promise<void> {
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
