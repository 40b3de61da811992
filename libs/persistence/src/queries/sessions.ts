import { defined } from '@ambit/kernel';
import type { SessionRecord } from '../records.ts';
import { delegatedRolesOf, teamsLedBy } from '../rights/delegations.ts';
import { one, type Sql } from '../sql.ts';

interface SessionRow {
  readonly uid: string;
  readonly id: string;
  readonly hash: Buffer;
  readonly principal_kind: SessionRecord['principal']['kind'];
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly present: boolean;
  readonly roles: SessionRecord['principal']['roles'];
  readonly teams: SessionRecord['principal']['teams'];
  readonly signed_in_by: string;
  readonly address: string;
  readonly identity_uid: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly over: boolean;
  readonly last_used_at: Date | null;
  readonly ended_at: Date | null;
  readonly ended_because: string | null;
  readonly token_name: string | null;
  readonly let_in_by: SessionRecord['letInBy'] | null;
}

/** A locked or deleted person and a deleted service have no session, whatever the row of it says. */
export const selectSessions = `SELECT s.*, s.expires_at <= now() AS over, CASE s.principal_kind
  WHEN 'User' THEN EXISTS (SELECT FROM users u WHERE u.uid = s.principal_uid AND u.active)
  ELSE EXISTS (SELECT FROM policy_objects o WHERE o.uid = s.principal_uid AND o.kind = s.principal_kind) END AS present,
  ${delegatedRolesOf('s.principal_uid')} AS roles, ${teamsLedBy('s.principal_uid')} AS teams
  FROM sessions s`;

export function fromSessionRow(row: unknown): SessionRecord {
  const {
    principal_kind: kind,
    principal_uid: uid,
    principal_name: name,
    ...rest
  } = row as SessionRow;
  return {
    uid: rest.uid,
    id: rest.id,
    hash: rest.hash,
    principal: { kind, uid, name, present: rest.present, roles: rest.roles, teams: rest.teams },
    signedInBy: rest.signed_in_by,
    address: rest.address,
    createdAt: rest.created_at.getTime(),
    expiresAt: rest.expires_at.getTime(),
    over: rest.over,
    ...defined({
      identityUid: rest.identity_uid,
      lastUsedAt: rest.last_used_at?.getTime(),
      endedAt: rest.ended_at?.getTime(),
      endedBecause: rest.ended_because ?? undefined,
      tokenName: rest.token_name ?? undefined,
      letInBy: rest.let_in_by ?? undefined,
    }),
  };
}

/** By the public parts of their tokens, also those that are over: the caller says which. */
export async function findSessions(
  sql: Sql,
  ids: readonly string[],
): Promise<readonly SessionRecord[]> {
  const rows = await sql.query(`${selectSessions} WHERE s.id = ANY($1::text[])`, [ids]);
  return rows.map(fromSessionRow);
}

/** Those that run, newest first; of one principal when its uid is given. */
export async function listSessions(
  sql: Sql,
  principalUid?: string,
): Promise<readonly SessionRecord[]> {
  const rows = await sql.query(
    `${selectSessions} WHERE s.ended_at IS NULL AND s.expires_at > now()
     AND ($1::text IS NULL OR s.principal_uid = $1) ORDER BY s.created_at DESC, s.uid`,
    [principalUid ?? null],
  );
  return rows.map(fromSessionRow).filter(({ principal }) => principal.present);
}

/** The static tokens of a service identity that are not over, newest first. */
export async function listServiceTokens(
  sql: Sql,
  serviceUid: string,
): Promise<readonly SessionRecord[]> {
  const running = await listSessions(sql, serviceUid);
  return running.filter(({ tokenName }) => tokenName !== undefined);
}

/** How many sessions run. */
export async function countSessions(sql: Sql): Promise<number> {
  const { count } = await one<{ count: number }>(
    sql,
    'SELECT count(*)::integer AS count FROM sessions s WHERE ended_at IS NULL AND expires_at > now()',
  );
  return count;
}

/** How many static tokens end within so many days, and are not over yet. */
export async function countEndingTokens(sql: Sql, days: number): Promise<number> {
  const { count } = await one<{ count: number }>(
    sql,
    `SELECT count(*)::integer AS count FROM sessions s WHERE token_name IS NOT NULL AND ended_at IS NULL
       AND expires_at > now() AND expires_at < now() + $1::integer * interval '1 day'`,
    [days],
  );
  return count;
}

/** Raises last_used_at, one statement for many sessions. */
export async function touchSessions(
  sql: Sql,
  used: readonly { readonly uid: string; readonly at: number }[],
): Promise<void> {
  await sql.query(
    `UPDATE sessions s SET last_used_at = greatest(s.last_used_at, u.at)
     FROM unnest($1::text[], $2::timestamptz[]) AS u(uid, at) WHERE s.uid = u.uid`,
    [used.map((one) => one.uid), used.map((one) => new Date(one.at))],
  );
}
