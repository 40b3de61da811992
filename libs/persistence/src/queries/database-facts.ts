import { one, type Sql } from '../sql.ts';

/** What PostgreSQL says of itself. */
export interface DatabaseFacts {
  /** Such as 18.4. */
  readonly version: string;
  readonly bytes: number;
  /** Connections that are open and those that may be, of all programs. */
  readonly connections: number;
  readonly mostConnections: number;
  /** Whether a commit is on the disk when it is answered. */
  readonly durable: boolean;
  /** Whether the day after this one has its part of the audit trail: a job makes it a week ahead. */
  readonly tomorrowsPartition: boolean;
}

/** Throws database_unavailable. */
export function readDatabaseFacts(sql: Sql): Promise<DatabaseFacts> {
  return one<DatabaseFacts>(
    sql,
    `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
       current_setting('max_connections')::int AS "mostConnections",
       current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off' AS durable,
       to_regclass('public.audit_events_' || to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD')) IS NOT NULL AS "tomorrowsPartition"`,
  );
}
