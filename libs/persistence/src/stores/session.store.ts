import { notFound } from '@ambit/kernel';
import { isTold } from '../queries/ended-sessions.ts';
import {
  fromSessionRow,
  listServiceTokens,
  listSessions,
  selectSessions,
} from '../queries/sessions.ts';
import type { SessionPrincipal, SessionRecord } from '../records.ts';
import type {
  EndedOfPrincipal,
  NewUserSession,
  SessionStore,
  UpstreamEnd,
} from '../credential-stores.ts';
import { isOfUpstreamEnd } from '../sign-in/upstream-end.ts';
import type { StoreContext } from './store-context.ts';

const ofUpstreamEnd = isOfUpstreamEnd('identity_uid', 'upstream_session');

/** Sessions, as a condition of SQL whose values come from $2 on. */
interface Which {
  readonly condition:
    | 'id = $2'
    | 'principal_uid = $2'
    | 'identity_uid = ANY($2::text[])'
    | 'expires_at > now()'
    | typeof ofUpstreamEnd;
  readonly values: readonly unknown[];
}

interface Ended {
  readonly uid: string;
  readonly id: string;
  readonly principal_kind: SessionPrincipal['kind'];
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly ended_at: Date;
  /** Null when there never was a token. */
  readonly told: boolean | null;
}

export class PostgresSessionStore implements SessionStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async insert(session: NewUserSession): Promise<SessionRecord> {
    const { sql, ids } = this.#context;
    const { id, hash, principal, signedInBy, address, identityUid, ttlMs } = session;
    const uid = ids.uuid();
    await sql.query(
      `INSERT INTO sessions (uid, id, hash, principal_kind, principal_uid, principal_name, signed_in_by, address, identity_uid, expires_at, token_name, let_in_by, upstream_session)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10::bigint * interval '1 millisecond', $11, $12, $13)`,
      [
        uid,
        id,
        Buffer.from(hash),
        principal.kind,
        principal.uid,
        principal.name,
        signedInBy,
        address,
        identityUid ?? null,
        ttlMs,
        session.tokenName ?? null,
        session.letInBy === undefined ? null : JSON.stringify(session.letInBy),
        session.upstreamSession ?? null,
      ],
    );
    return this.#byUid(uid);
  }

  async end(id: string, because: string): Promise<SessionRecord> {
    const { sql } = this.#context;
    const [found] = await sql.query<{ uid: string }>('SELECT uid FROM sessions WHERE id = $1', [
      id,
    ]);
    if (found === undefined) throw notFound('session', id);
    await this.#end({ condition: 'id = $2', values: [id] }, because);
    return this.#byUid(found.uid);
  }

  async find(id: string): Promise<SessionRecord | undefined> {
    const [row] = await this.#context.sql.query(`${selectSessions} WHERE s.id = $1`, [id]);
    return row === undefined ? undefined : fromSessionRow(row);
  }

  // The row stays locked: an end beside it waits, and then sees this token.
  async noteToken(id: string, until: number): Promise<void> {
    await this.#context.sql.query(
      `UPDATE sessions SET token_until = greatest(token_until, $2) WHERE id = $1 AND ended_at IS NULL`,
      [id, new Date(until)],
    );
  }

  async begunLately(principalUid: string, withinMs: number): Promise<readonly number[]> {
    const rows = await this.#context.sql.query<{ age: number }>(
      `SELECT (extract(epoch FROM now() - created_at) * 1000)::float8 AS age FROM sessions
       WHERE principal_uid = $1 AND created_at > now() - $2::bigint * interval '1 millisecond'
       ORDER BY created_at`,
      [principalUid, withinMs],
    );
    return rows.map(({ age }) => age);
  }

  async endOf(principalUid: string, because: string): Promise<readonly string[]> {
    const ended = await this.#end(
      { condition: 'principal_uid = $2', values: [principalUid] },
      because,
    );
    return ended.map(({ id }) => id);
  }

  async endOfIdentities(
    identityUids: readonly string[],
    because: string,
  ): Promise<readonly EndedOfPrincipal[]> {
    const ended = await this.#end(
      { condition: 'identity_uid = ANY($2::text[])', values: [identityUids] },
      because,
    );
    return ended.map(principalOf);
  }

  async endOfUpstream(end: UpstreamEnd, because: string): Promise<readonly EndedOfPrincipal[]> {
    const { issuer, subject, upstreamSession } = end;
    const values = [upstreamSession, issuer, subject ?? null];
    const ended = await this.#end({ condition: ofUpstreamEnd, values }, because);
    return ended.map(principalOf);
  }

  async endAll(because: string): Promise<number> {
    return (await this.#end({ condition: 'expires_at > now()', values: [] }, because)).length;
  }

  runningOf(principalUid: string): Promise<readonly SessionRecord[]> {
    return listSessions(this.#context.sql, principalUid);
  }

  staticTokens(serviceUid: string): Promise<readonly SessionRecord[]> {
    return listServiceTokens(this.#context.sql, serviceUid);
  }

  async warn(days: number): Promise<readonly SessionRecord[]> {
    const rows = await this.#context.sql.query<{ uid: string }>(
      `UPDATE sessions SET warned_days = $1::integer WHERE token_name IS NOT NULL AND ended_at IS NULL AND expires_at > now()
         AND expires_at < now() + $1::integer * interval '1 day' AND (warned_days IS NULL OR warned_days > $1::integer)
         AND expires_at > created_at + $1::integer * interval '1 day'
       RETURNING uid`,
      [days],
    );
    return Promise.all(rows.map(({ uid }) => this.#byUid(uid)));
  }

  // The last ones that ended stay, however old: which those are is what every replica tells clusters.
  async purge(before: number): Promise<number> {
    const rows = await this.#context.sql.query(
      `DELETE FROM sessions s WHERE (ended_at < $1 OR expires_at < $1)
         AND (${isTold} AND ended_at >= (SELECT max(ended_at) FROM sessions s WHERE ${isTold}) - interval '61 minutes')
           IS NOT TRUE
       RETURNING uid`,
      [new Date(before)],
    );
    return rows.length;
  }

  async #end({ condition, values }: Which, because: string): Promise<readonly Ended[]> {
    const { sql, changes } = this.#context;
    const ended = await sql.query<Ended>(
      `UPDATE sessions s SET ended_at = now(), ended_because = $1
       WHERE ${condition} AND ended_at IS NULL RETURNING uid, id, principal_kind, principal_uid, principal_name, ended_at, ${isTold} AS told`,
      [because, ...values],
    );
    for (const { uid, id, principal_name: name, ended_at: endedAt, told } of ended)
      changes.endSession({ uid, id, endedAt: endedAt.getTime(), told: told === true }, name);
    return ended;
  }

  async #byUid(uid: string): Promise<SessionRecord> {
    const [row] = await this.#context.sql.query(`${selectSessions} WHERE s.uid = $1`, [uid]);
    return fromSessionRow(row);
  }
}

const principalOf = (ended: Ended): EndedOfPrincipal => ({
  id: ended.id,
  principal: {
    kind: ended.principal_kind,
    uid: ended.principal_uid,
    name: ended.principal_name,
  },
});
