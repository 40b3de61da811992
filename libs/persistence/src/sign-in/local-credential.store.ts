import type { Millis } from '@ambit/kernel';
import type { Sql } from '../sql.ts';

/** How a local user signs in. */
export interface LocalCredential {
  readonly userUid: string;
  readonly name: string;
  readonly passwordHash: string;
  /** Sealed; only central opens it. */
  readonly totpSecret: Uint8Array;
}

interface Row {
  readonly user_uid: string;
  readonly name: string;
  readonly password_hash: string;
  readonly totp_secret: Buffer;
}

/** Of a person who is not locked and has set both up; undefined for everybody else. */
export async function findLocalCredential(
  sql: Sql,
  name: string,
): Promise<LocalCredential | undefined> {
  const [row] = await sql.query<Row>(
    `SELECT c.user_uid, u.name, c.password_hash, c.totp_secret
     FROM local_credentials c JOIN users u ON u.uid = c.user_uid
     WHERE u.name = $1 AND u.active AND c.password_hash IS NOT NULL AND c.totp_secret IS NOT NULL`,
    [name],
  );
  if (row === undefined) return undefined;
  const { user_uid: userUid, password_hash: passwordHash, totp_secret: totpSecret } = row;
  return { userUid, name: row.name, passwordHash, totpSecret };
}

/** The name of a person who is there and not locked. */
export async function findActiveUser(sql: Sql, uid: string): Promise<string | undefined> {
  const [row] = await sql.query<{ name: string }>(
    'SELECT name FROM users WHERE uid = $1 AND active',
    [uid],
  );
  return row?.name;
}

/** Whom a set-up code is for, while it is good. */
export async function findSetUp(
  sql: Sql,
  codeHash: Uint8Array,
): Promise<{ readonly userUid: string; readonly name: string } | undefined> {
  const [row] = await sql.query<{ userUid: string; name: string }>(
    `SELECT c.user_uid AS "userUid", u.name FROM local_credentials c JOIN users u ON u.uid = c.user_uid
     WHERE c.set_up_hash = $1 AND c.set_up_until > now() AND u.active`,
    [Buffer.from(codeHash)],
  );
  return row;
}

export class LocalCredentialStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A code of before is good no longer; password and secret stay until the new one is used. */
  async offerSetUp(userUid: string, codeHash: Uint8Array, ttlMs: Millis): Promise<void> {
    await this.#sql.query(
      `INSERT INTO local_credentials (user_uid, set_up_hash, set_up_until)
       VALUES ($1, $2, now() + $3::bigint * interval '1 millisecond')
       ON CONFLICT (user_uid) DO UPDATE SET set_up_hash = excluded.set_up_hash, set_up_until = excluded.set_up_until`,
      [userUid, Buffer.from(codeHash), ttlMs],
    );
  }

  /** Uses the code up. True for exactly one caller, and only in time. `step`: that of the one-time code that was shown. */
  async setUp(
    codeHash: Uint8Array,
    made: {
      readonly passwordHash: string;
      readonly totpSecret: Uint8Array;
      readonly step: number;
    },
  ): Promise<boolean> {
    const rows = await this.#sql.query(
      `UPDATE local_credentials SET password_hash = $2, totp_secret = $3, last_totp_step = $4,
         set_up_hash = NULL, set_up_until = NULL
       WHERE set_up_hash = $1 AND set_up_until > now() RETURNING user_uid`,
      [Buffer.from(codeHash), made.passwordHash, Buffer.from(made.totpSecret), made.step],
    );
    return rows.length === 1;
  }

  /** Notes that the one-time code of a step was used. False when that one or a later one was used before. */
  async useStep(userUid: string, step: number): Promise<boolean> {
    const rows = await this.#sql.query(
      `UPDATE local_credentials SET last_totp_step = $2
       WHERE user_uid = $1 AND (last_totp_step IS NULL OR last_totp_step < $2) RETURNING user_uid`,
      [userUid, step],
    );
    return rows.length === 1;
  }
}
