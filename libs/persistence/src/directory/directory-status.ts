import { defined, type Millis } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import type { DirectoryStanding, DirectoryStatus } from './directory-record.ts';

interface StatusRow {
  readonly provider: string;
  readonly users: number;
  readonly active_users: number;
  readonly groups: number;
  readonly memberships: number;
  readonly last_call_at: Date | null;
  readonly last_error_at: Date | null;
  readonly last_error: string | null;
  readonly stopped_at: Date | null;
  readonly stopped_because: string | null;
  readonly resumed_until: Date | null;
}

/** Of every provider with a directory, or of one; by name. */
export async function readDirectories(
  sql: Sql,
  provider?: string,
): Promise<readonly DirectoryStatus[]> {
  const rows = await sql.query<StatusRow>(
    `SELECT p.name AS provider, s.last_call_at, s.last_error_at, s.last_error, s.stopped_at, s.stopped_because,
       CASE WHEN s.resumed_until > now() THEN s.resumed_until END AS resumed_until,
       (SELECT count(*)::int FROM directory_users d WHERE d.provider_uid = p.uid) AS users,
       (SELECT count(*)::int FROM directory_users d JOIN users u ON u.uid = d.user_uid WHERE d.provider_uid = p.uid AND u.active) AS active_users,
       (SELECT count(*)::int FROM directory_groups d WHERE d.provider_uid = p.uid) AS groups,
       (SELECT count(*)::int FROM given_memberships v WHERE v.source = 'scim:' || p.name) AS memberships
     FROM policy_objects p LEFT JOIN directories s ON s.provider_uid = p.uid
     WHERE p.kind = 'IdentityProvider' AND p.spec ? 'directory' AND ($1::text IS NULL OR p.name = $1) ORDER BY p.name`,
    [provider ?? null],
  );
  const at = (time: Date | null): Millis | undefined => time?.getTime();
  return rows.map((row) => ({
    provider: row.provider,
    users: row.users,
    activeUsers: row.active_users,
    groups: row.groups,
    memberships: row.memberships,
    ...defined({
      lastCallAt: at(row.last_call_at),
      lastErrorAt: at(row.last_error_at),
      lastError: row.last_error,
      stoppedAt: at(row.stopped_at),
      stoppedBecause: row.stopped_because,
      resumedUntil: at(row.resumed_until),
    }),
  }));
}

/** Whether the directory of a provider goes on. */
export async function findDirectoryStanding(
  sql: Sql,
  providerUid: string,
): Promise<DirectoryStanding> {
  const [row] = await sql.query<{ because: string | null; resumed: boolean }>(
    `SELECT stopped_because AS because, coalesce(resumed_until > now(), false) AS resumed
     FROM directories WHERE provider_uid = $1`,
    [providerUid],
  );
  return { resumed: row?.resumed === true, ...defined({ stoppedBecause: row?.because }) };
}

/** What was heard of a directory since it was written last. */
export interface DirectoryNews {
  readonly providerUid: string;
  readonly callAt: Millis;
  readonly error?: { readonly at: Millis; readonly text: string };
}

/** Keeps when directories called last, and what went wrong last; of one that is gone nothing. */
export async function keepDirectoryNews(sql: Sql, news: readonly DirectoryNews[]): Promise<void> {
  const time = (millis: Millis | undefined): Date | null =>
    millis === undefined ? null : new Date(millis);
  await sql.query(
    `INSERT INTO directories AS d (provider_uid, last_call_at, last_error_at, last_error)
     SELECT n.uid, n.call_at, n.error_at, n.error
     FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[]) AS n(uid, call_at, error_at, error)
     WHERE EXISTS (SELECT 1 FROM policy_objects p WHERE p.uid = n.uid)
     ON CONFLICT (provider_uid) DO UPDATE SET last_call_at = greatest(d.last_call_at, excluded.last_call_at),
       last_error_at = coalesce(excluded.last_error_at, d.last_error_at),
       last_error = coalesce(excluded.last_error, d.last_error)`,
    [
      news.map(({ providerUid }) => providerUid),
      news.map(({ callAt }) => time(callAt)),
      news.map(({ error }) => time(error?.at)),
      news.map(({ error }) => error?.text ?? null),
    ],
  );
}
