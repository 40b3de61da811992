import type { Sql } from '../sql.ts';

export interface AttemptLimit {
  /** SHA-256 of what is counted. */
  readonly key: Uint8Array;
  /** Attempts in a row that wait for nothing. */
  readonly free: number;
}

/** Beyond the free ones each attempt makes the next one wait twice as long, up to five minutes. */
const longestWaitSeconds = 300;
/** Who did not try for so long begins anew. */
const forgottenAfter = `interval '1 hour'`;

/**
 * Counts one more attempt before it is made, so that many at once are not looked at together: they wait for one another here,
 * so the time is that of the moment and not that of the statement. Undefined: go on. A number: the
 * seconds to wait, and nothing was counted.
 */
export async function takeAttempt(
  sql: Sql,
  { key, free }: AttemptLimit,
): Promise<number | undefined> {
  const next = `CASE WHEN a.last_at < now() - ${forgottenAfter} THEN 1 ELSE a.count + 1 END`;
  const taken = await sql.query(
    `INSERT INTO sign_in_attempts AS a (key, count, last_at, next_at) VALUES ($1, 1, now(), '-infinity')
     ON CONFLICT (key) DO UPDATE SET count = ${next}, last_at = now(), next_at = CASE WHEN ${next} < $2 THEN '-infinity'
       ELSE clock_timestamp() + interval '1 second' * least(${longestWaitSeconds}, 2 ^ least(30, ${next} - $2)) END
     WHERE a.next_at <= clock_timestamp() RETURNING 1`,
    [Buffer.from(key), free],
  );
  if (taken.length === 1) return undefined;
  const [row] = await sql.query<{ wait: number }>(
    `SELECT ceil(extract(epoch FROM next_at - now()))::int AS wait FROM sign_in_attempts
     WHERE key = $1 AND next_at > now()`,
    [Buffer.from(key)],
  );
  return row?.wait ?? 1;
}

/** What was right does not count, and what was counted before it still does. */
export async function giveBackAttempt(sql: Sql, key: Uint8Array): Promise<void> {
  await sql.query(
    `UPDATE sign_in_attempts SET count = greatest(0, count - 1), next_at = '-infinity' WHERE key = $1`,
    [Buffer.from(key)],
  );
}

/** What was right begins anew. */
export async function forgetAttempts(sql: Sql, key: Uint8Array): Promise<void> {
  await sql.query('DELETE FROM sign_in_attempts WHERE key = $1', [Buffer.from(key)]);
}

/** Removes what is over: records of sign-in and attempts of long ago. */
export async function purgeSignIns(sql: Sql): Promise<void> {
  await sql.query('DELETE FROM sign_in_records WHERE expires_at < now()');
  await sql.query(`DELETE FROM sign_in_attempts WHERE last_at < now() - ${forgottenAfter}`);
}

/** Keeps the fingerprint of the key of sign-in when there is none yet, and gives the one that is kept. */
export async function keepSignInKey(sql: Sql, fingerprint: string): Promise<string> {
  await sql.query('INSERT INTO sign_in_key (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING', [
    fingerprint,
  ]);
  return (await findSignInKey(sql)) ?? fingerprint;
}

/** The fingerprint of the key of sign-in, once one was used. */
export async function findSignInKey(sql: Sql): Promise<string | undefined> {
  const [row] = await sql.query<{ fingerprint: string }>('SELECT fingerprint FROM sign_in_key');
  return row?.fingerprint;
}
