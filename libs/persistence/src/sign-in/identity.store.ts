import { defined, notFound, type Ids } from '@ambit/kernel';
import type { IdentityLinkedBy, IdentityRecord, NamedReference } from '../records.ts';
import type { Sql } from '../sql.ts';

interface Context {
  readonly sql: Sql;
  readonly ids: Ids;
}

interface Row {
  readonly uid: string;
  readonly issuer: string;
  readonly subject: string;
  readonly provider: string | null;
  readonly user_uid: string;
  readonly user_name: string;
  readonly active: boolean;
  readonly linked_by: IdentityLinkedBy;
  readonly linked_at: Date;
  readonly last_seen_at: Date;
  readonly unlinked_at: Date | null;
}

const selectIdentities = `
SELECT i.*, p.name AS provider, u.name AS user_name, u.active
FROM identities i JOIN users u ON u.uid = i.user_uid LEFT JOIN policy_objects p ON p.uid = i.provider_uid`;

const fromRow = (row: Row): IdentityRecord => ({
  uid: row.uid,
  issuer: row.issuer,
  subject: row.subject,
  user: { uid: row.user_uid, name: row.user_name, active: row.active },
  linkedBy: row.linked_by,
  linkedAt: row.linked_at.getTime(),
  lastSeenAt: row.last_seen_at.getTime(),
  ...defined({ provider: row.provider, unlinkedAt: row.unlinked_at?.getTime() }),
});

/** Those of a person, also those that were unlinked; the first one first. */
export async function listIdentities(
  sql: Sql,
  userName: string,
): Promise<readonly IdentityRecord[]> {
  const rows = await sql.query<Row>(
    `${selectIdentities} WHERE u.name = $1 ORDER BY i.linked_at, i.uid`,
    [userName],
  );
  return rows.map(fromRow);
}

/** A person as the rules of linking see them. */
export type LinkableUser = NamedReference & { readonly active: boolean };

/** What no two providers may have both. */
export interface ClaimedByProvider {
  readonly issuer: string;
  readonly domains: readonly string[];
  readonly directory?: { readonly service: string } | undefined;
}

/** Another provider, and by what it is in the way. */
export type RivalProvider =
  | { readonly name: string; readonly by: 'issuer' | 'service' }
  | { readonly name: string; readonly by: 'domain'; readonly domain: string };

export interface NewIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly providerUid: string;
  readonly userUid: string;
  readonly linkedBy: IdentityLinkedBy;
}

/** Identities of people at providers. */
export class IdentityStore {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Locked to the end of the transaction. Who comes in with the same one beside it waits, also with one that is not known. */
  async find(issuer: string, subject: string): Promise<IdentityRecord | undefined> {
    const { sql } = this.#context;
    await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      JSON.stringify(['ambit identity', issuer, subject]),
    ]);
    const [row] = await sql.query<Row>(
      `${selectIdentities} WHERE i.issuer = $1 AND i.subject = $2 FOR UPDATE OF i`,
      [issuer, subject],
    );
    return row === undefined ? undefined : fromRow(row);
  }

  /** The person whom the directory of a provider calls so. */
  async ofExternalId(providerUid: string, externalId: string): Promise<LinkableUser | undefined> {
    const [user] = await this.#context.sql.query<LinkableUser>(
      `SELECT u.uid, u.name, u.active FROM directory_users e JOIN users u ON u.uid = e.user_uid
       WHERE e.provider_uid = $1 AND e.external_id = $2`,
      [providerUid, externalId],
    );
    return user;
  }

  /** True when the person has an identity of this provider or issuer already, also one that was unlinked. */
  async has(
    userUid: string,
    { providerUid, issuer }: { readonly providerUid: string; readonly issuer: string },
  ): Promise<boolean> {
    const found = await this.#context.sql.query(
      `SELECT 1 FROM identities WHERE user_uid = $1 AND (provider_uid = $2 OR issuer = $3) LIMIT 1`,
      [userUid, providerUid, issuer],
    );
    return found.length > 0;
  }

  /** Gives its uid. */
  async link(identity: NewIdentity): Promise<string> {
    const { sql, ids } = this.#context;
    const { issuer, subject, providerUid, userUid, linkedBy } = identity;
    const uid = ids.uuid();
    await sql.query(
      `INSERT INTO identities (uid, issuer, subject, provider_uid, user_uid, linked_by)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [uid, issuer, subject, providerUid, userUid, linkedBy],
    );
    return uid;
  }

  /** It was just used, through this provider. */
  async see(uid: string, providerUid: string): Promise<void> {
    await this.#context.sql.query(
      'UPDATE identities SET last_seen_at = now(), provider_uid = $2 WHERE uid = $1',
      [uid, providerUid],
    );
  }

  /** True while it lets its person in; who unlinks it or deletes its provider beside this waits. */
  async holds(uid: string, userUid: string): Promise<boolean> {
    const found = await this.#context.sql.query(
      `SELECT 1 FROM identities
       WHERE uid = $1 AND user_uid = $2 AND unlinked_at IS NULL AND provider_uid IS NOT NULL FOR SHARE`,
      [uid, userUid],
    );
    return found.length > 0;
  }

  /** It lets nobody in any more. Unlinking twice is no error. Throws not_found. */
  async unlink(userUid: string, uid: string): Promise<IdentityRecord> {
    await this.#context.sql.query(
      'UPDATE identities SET unlinked_at = coalesce(unlinked_at, now()) WHERE uid = $1 AND user_uid = $2',
      [uid, userUid],
    );
    return this.#ofUser(userUid, uid);
  }

  /** The rules of linking apply to it as if it had never come. Throws not_found. */
  async forget(userUid: string, uid: string): Promise<IdentityRecord> {
    const record = await this.#ofUser(userUid, uid);
    await this.#context.sql.query('DELETE FROM identities WHERE uid = $1', [uid]);
    return record;
  }

  /** True while the person comes in with any account of the provider. */
  async comesBy(userUid: string, provider: string): Promise<boolean> {
    const found = await this.#context.sql.query(
      `SELECT 1 FROM identities i JOIN policy_objects p ON p.uid = i.provider_uid
       WHERE i.user_uid = $1 AND i.unlinked_at IS NULL AND p.kind = 'IdentityProvider' AND p.name = $2 LIMIT 1`,
      [userUid, provider],
    );
    return found.length > 0;
  }

  /** They came through a provider that is no longer what it was: none of them lets anybody in through it. */
  async orphan(uids: readonly string[]): Promise<void> {
    await this.#context.sql.query(
      'UPDATE identities SET provider_uid = NULL WHERE uid = ANY($1::text[])',
      [uids],
    );
  }

  /** uids of those that came through a provider. */
  async ofProvider(providerUid: string): Promise<readonly string[]> {
    const rows = await this.#context.sql.query<{ uid: string }>(
      'SELECT uid FROM identities WHERE provider_uid = $1 ORDER BY uid FOR UPDATE',
      [providerUid],
    );
    return rows.map(({ uid }) => uid);
  }

  /**
   * Another provider that has this issuer, one of these domains or this service of a directory; undefined when there is none.
   * Who writes a provider beside this waits.
   */
  async rivalOf(name: string, claimed: ClaimedByProvider): Promise<RivalProvider | undefined> {
    const { sql } = this.#context;
    await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit identity providers'))`);
    const { issuer, domains, directory } = claimed;
    const [rival] = await sql.query<{
      name: string;
      domain: string | null;
      same_issuer: boolean;
    }>(
      `SELECT p.name, (SELECT min(d) FROM jsonb_array_elements_text(p.spec -> 'domains') AS d WHERE d = ANY($3::text[])) AS domain,
         rtrim(p.spec ->> 'issuer', '/') = rtrim($2, '/') AS same_issuer
       FROM policy_objects p WHERE p.kind = 'IdentityProvider' AND p.name <> $1
         AND (rtrim(p.spec ->> 'issuer', '/') = rtrim($2, '/') OR p.spec -> 'domains' ?| $3::text[]
           OR p.spec #>> '{directory,service}' = $4)
       ORDER BY same_issuer DESC, p.name LIMIT 1`,
      [name, issuer, domains, directory?.service ?? null],
    );
    if (rival === undefined) return undefined;
    const { name: other, domain } = rival;
    if (domain !== null) return { name: other, by: 'domain', domain };
    return { name: other, by: rival.same_issuer ? 'issuer' : 'service' };
  }

  async #ofUser(userUid: string, uid: string): Promise<IdentityRecord> {
    const [row] = await this.#context.sql.query<Row>(
      `${selectIdentities} WHERE i.user_uid = $1 AND i.uid = $2 FOR UPDATE OF i`,
      [userUid, uid],
    );
    if (row === undefined) throw notFound('identity', uid);
    return fromRow(row);
  }
}
