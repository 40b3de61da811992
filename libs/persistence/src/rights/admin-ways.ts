import { one, type Sql } from '../sql.ts';

/** Providers by which a person comes in, or may yet: of those whose accounts of theirs were all unlinked none lets them in. */
const comesBy = (user: string): string =>
  `EXISTS (SELECT FROM policy_objects p LEFT JOIN identities i ON i.provider_uid = p.uid AND i.user_uid = ${user}
    WHERE p.kind = 'IdentityProvider' AND i.unlinked_at IS NULL)`;

/** Who can come in: a person with a way to sign in, a program with an issuer or a token that speaks for it. */
const canComeIn = (uid: string): string => `(
  EXISTS (SELECT FROM users u WHERE u.uid = ${uid} AND u.active AND (
    EXISTS (SELECT FROM local_credentials l WHERE l.user_uid = u.uid AND l.password_hash IS NOT NULL)
    OR ${comesBy('u.uid')}))
  OR EXISTS (SELECT FROM policy_objects s WHERE s.uid = ${uid} AND s.kind = 'ServiceIdentity' AND (
    s.spec -> 'federation' <> '[]'::jsonb
    OR EXISTS (SELECT FROM sessions t WHERE t.principal_uid = s.uid AND t.token_name IS NOT NULL
      AND t.ended_at IS NULL AND t.expires_at > now()))))`;

const someAdmin = `SELECT EXISTS (
    SELECT FROM api_tokens t WHERE t.role = 'admin' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
  ) OR EXISTS (
    SELECT FROM policy_objects d, jsonb_array_elements(d.spec -> 'subjects') AS b
    WHERE d.kind = 'Delegation' AND d.spec ->> 'role' = 'admin' AND (${canComeIn(`(b ->> 'uid')`)}
      OR EXISTS (SELECT FROM group_members m WHERE m.group_uid = b ->> 'uid' AND ${canComeIn('m.user_uid')})
      OR (b ->> 'kind' = 'Team' AND EXISTS (SELECT FROM policy_objects o, jsonb_array_elements(o.spec -> 'members') AS e
        WHERE o.uid = b ->> 'uid' AND o.kind = 'Team' AND (${canComeIn(`(e ->> 'uid')`)}
          OR EXISTS (SELECT FROM group_members m WHERE m.group_uid = e ->> 'uid' AND ${canComeIn('m.user_uid')})))))
  ) AS found`;

/** True while anybody can come in as an administrator of Ambit: by an API token, or by a Delegation that names somebody who can. */
export async function hasAdmin(sql: Sql): Promise<boolean> {
  return (await one<{ found: boolean }>(sql, someAdmin)).found;
}

/** As `hasAdmin`, for who takes a way away: whoever takes another one at the same time waits until this transaction is over. */
export async function adminRemains(sql: Sql): Promise<boolean> {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit administrators'))`);
  return hasAdmin(sql);
}
