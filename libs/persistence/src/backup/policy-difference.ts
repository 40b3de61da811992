import type { OpenTransaction } from '../open-transaction.ts';

/** What one object of the policy, or one credential, is after a restore. */
export interface PolicyDifference {
  /** It is there again, it is gone, it is as it was, or it had been ended and was good in the backup. */
  readonly is: 'back' | 'gone' | 'as before' | 'ended';
  readonly kind: string;
  readonly uid: string;
  readonly name: string;
}

interface Known {
  readonly kind: string;
  readonly name: string;
  readonly op: 'put' | 'delete' | 'revoke';
  readonly content: string;
}

export type KnownHistory = ReadonlyMap<string, Known>;

const fetchSize = 5_000;

/** The history knows only of their end, and not of what an earlier restore ended: their tables count. */
const credentials = `
SELECT 'ApiToken' AS kind, uid, name, CASE WHEN revoked_at IS NULL THEN 'put' ELSE 'revoke' END AS op, '' AS content
FROM api_tokens
UNION ALL SELECT 'Agent', a.uid, c.name, CASE WHEN a.revoked_at IS NULL THEN 'put' ELSE 'revoke' END, ''
FROM agents a JOIN clusters c ON c.uid = a.cluster_uid
UNION ALL SELECT 'IssuerKey', kid, kid, 'put', '' FROM issuer_keys`;

/** The last that the history says of every object; where it is as it was, its content is the same text. */
export async function knownObjects(open: OpenTransaction): Promise<KnownHistory> {
  const known = new Map<string, Known>();
  await open.query(
    `DECLARE history NO SCROLL CURSOR FOR
     SELECT DISTINCT ON (kind, uid) kind, uid, name, op, md5(coalesce(object::text, '')) AS content
     FROM policy_changes WHERE kind <> 'IssuerKey' ORDER BY kind, uid, revision DESC, ordinal DESC`,
  );
  for (;;) {
    const rows = await open.query<Known & { uid: string }>(`FETCH ${fetchSize} FROM history`);
    for (const { uid, ...row } of rows) known.set(`${row.kind} ${uid}`, row);
    if (rows.length < fetchSize) break;
  }
  await open.query('CLOSE history');
  for (const { uid, ...row } of await open.query<Known & { uid: string }>(credentials))
    known.set(`${row.kind} ${uid}`, row);
  return known;
}

/** What differs between the database that was replaced and the one that was restored, by kind and name. */
export function policyDifferences(
  replaced: KnownHistory,
  restored: KnownHistory,
): readonly PolicyDifference[] {
  const differences: PolicyDifference[] = [];
  for (const key of new Set([...replaced.keys(), ...restored.keys()])) {
    const [before, now] = [replaced.get(key), restored.get(key)];
    const is = differs(before, now);
    const { kind = '', name = '' } = now ?? before ?? {};
    if (is !== undefined) differences.push({ is, kind, name, uid: key.slice(kind.length + 1) });
  }
  const text = ({ kind, name, uid }: PolicyDifference): string => `${kind} ${name} ${uid}`;
  return differences.sort((one, other) => (text(one) < text(other) ? -1 : 1));
}

function differs(
  before: Known | undefined,
  now: Known | undefined,
): PolicyDifference['is'] | undefined {
  if (wasEnded(before, now)) return now?.op === 'revoke' ? undefined : 'ended';
  const [was, is] = [contentOf(before), contentOf(now)];
  if (was === is) return undefined;
  if (was === undefined) return 'back';
  return is === undefined ? 'gone' : 'as before';
}

/** A key of the issuer that is withdrawn is deleted, so one that is not known was withdrawn. */
const wasEnded = (before: Known | undefined, now: Known | undefined): boolean =>
  before === undefined ? now?.kind === 'IssuerKey' : before.op === 'revoke';

/** Undefined for what is not there. */
const contentOf = (known: Known | undefined): string | undefined =>
  known?.op === 'put' ? known.content : undefined;
