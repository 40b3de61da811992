import type { Database } from '../database.ts';

interface Trail {
  readonly name: string;
  readonly owns: boolean;
  readonly may: readonly string[] | null;
}

const roleFacts = `
SELECT rolsuper AS "is a superuser", rolcreaterole AS "may make roles",
  rolcreatedb AS "may make databases", rolreplication AS "may replicate", rolbypassrls AS "may pass row security by",
  has_schema_privilege('public', 'CREATE') AS "may make objects in schema public",
  has_database_privilege(current_database(), 'CREATE') AS "may make schemas"
FROM pg_roles WHERE rolname = current_user`;

/** Rights on a column count, and rights on a partition, which would go round those of the table. */
const trailFacts = `
SELECT c.relname AS name, pg_has_role(c.relowner, 'MEMBER') AS owns,
  (SELECT array_agg(right_name) FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS right_name
   WHERE has_table_privilege(c.oid, right_name)
     OR right_name = 'UPDATE' AND has_any_column_privilege(c.oid, 'UPDATE')) AS may
FROM pg_class c WHERE c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass('public.audit_events'))) ORDER BY c.relname`;

const powerfulGroups = `
SELECT rolname AS name FROM pg_roles WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files',
  'pg_execute_server_program', 'pg_write_all_data', 'pg_maintain') AND pg_has_role(oid, 'MEMBER') ORDER BY rolname`;

/**
 * What the role of this connection may do that the application never needs, in words; empty when it is as it should be.
 * The database is asked, not the documentation. Throws database_unavailable.
 */
export async function excessRights(database: Database): Promise<readonly string[]> {
  const [facts = {}] = await database.query<Readonly<Record<string, unknown>>>(roleFacts);
  const trail = await database.query<Trail>(trailFacts);
  const groups = await database.query<{ name: string }>(powerfulGroups);
  const owned = trail.filter(({ owns }) => owns);
  return [
    ...Object.keys(facts).filter((fact) => facts[fact] === true),
    ...groups.map(({ name }) => `is a member of ${name}`),
    ...(owned.length === 0 ? [] : ['owns the audit trail']),
    ...trail
      .filter(({ owns, may }) => !owns && may !== null)
      .map(({ name, may }) => `may ${(may ?? []).join(', ')} on ${name}`),
  ];
}
