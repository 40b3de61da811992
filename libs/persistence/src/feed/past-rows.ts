import { holderOfService } from '@ambit/domain';
import type { PolicyObject } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import { knownObject } from './policy-changes.ts';

/** One reading of the policy as it was at a revision. */
export interface PastReading {
  readonly sql: Sql;
  readonly revision: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly ended: AbortSignal;
}

/** Kinds of objects that answers about access rest on, as the history names them. */
export type PastKind =
  'User' | 'ServiceIdentity' | 'Group' | 'Membership' | 'Team' | 'Role' | 'Grant' | 'Cluster';

interface ObjectRow {
  readonly object: PolicyObject;
}

const fetchSize = 2_000;

/** The last that the history says of an object up to a revision: nothing when that is its end. */
const lastOf = (kinds: string, revision: string): string => `CROSS JOIN LATERAL (
    SELECT c.op, c.object FROM policy_changes c
    WHERE c.uid = u.uid AND c.kind = ANY(${kinds}::text[]) AND c.revision <= ${revision}::bigint
    ORDER BY c.revision DESC, c.ordinal DESC LIMIT 1) l WHERE l.op = 'put'`;

/** The objects of these kinds and uids as they were. */
export async function pastObjects<T extends PolicyObject>(
  { sql, revision, ended }: PastReading,
  kinds: readonly PastKind[],
  uids: Iterable<string>,
): Promise<T[]> {
  const all = [...new Set(uids)];
  const found: T[] = [];
  for (let from = 0; from < all.length; from += fetchSize) {
    ended.throwIfAborted();
    const rows = await sql.query<ObjectRow>(
      `SELECT l.object FROM unnest($1::text[]) AS u(uid) ${lastOf('$2', '$3')}`,
      [all.slice(from, from + fetchSize), kinds, revision],
    );
    for (const { object } of rows) found.push(knownObject(object) as T);
  }
  return found;
}

/** The object that had a name then: who had the name before, and who came by it since, are others. */
export async function pastNamed<T extends PolicyObject>(
  reading: PastReading,
  kind: PastKind,
  name: string,
): Promise<T | undefined> {
  const rows = await reading.sql.query<{ uid: string }>(
    `SELECT uid FROM policy_changes WHERE kind = $1 AND name = $2 AND revision <= $3::bigint
     AND kind <> 'Membership' AND kind <> 'LeftGroup' ORDER BY revision DESC, ordinal DESC LIMIT 1`,
    [kind, name, reading.revision],
  );
  const [object] = await pastObjects<T>(
    reading,
    [kind],
    rows.map(({ uid }) => uid),
  );
  // Renamed since, and nobody took the name.
  const called = kind === 'ServiceIdentity' ? holderOfService(name) : name;
  return object?.name === called ? object : undefined;
}

/** Hands every object of a kind, as it was, to `keep`, some thousands at a time: what is not kept takes no room. */
export async function eachPast<T extends PolicyObject>(
  { sql, revision, ended }: PastReading,
  kind: PastKind,
  keep: (object: T) => void,
): Promise<void> {
  await sql.query(
    `DECLARE past NO SCROLL CURSOR FOR SELECT l.object FROM (
       SELECT DISTINCT uid FROM policy_changes
       WHERE kind = $1 AND revision <= $3::bigint AND kind <> 'Membership' AND kind <> 'LeftGroup') u ${lastOf('$2', '$3')}`,
    [kind, [kind], revision],
  );
  for (;;) {
    ended.throwIfAborted();
    const rows = await sql.query<ObjectRow>(`FETCH ${fetchSize} FROM past`);
    for (const { object } of rows) keep(knownObject(object) as T);
    if (rows.length < fetchSize) break;
  }
  await sql.query('CLOSE past');
}

/** uids of the memberships that these groups, or these people, ever had up to the revision; at most `most`, or it throws. */
export async function pastMemberships(
  { sql, revision, ended }: PastReading,
  { side, uids, most }: { side: 'group' | 'user'; uids: readonly string[]; most: number },
): Promise<string[]> {
  ended.throwIfAborted();
  const rows = await sql.query<{ uid: string }>(
    `SELECT DISTINCT uid FROM policy_changes
     WHERE kind = 'Membership' AND split_part(uid, '/', ${side === 'group' ? 1 : 2}) = ANY($1::text[]) AND revision <= $2::bigint
     LIMIT $3`,
    [uids, revision, most + 1],
  );
  if (rows.length > most) throw tooMuch(most);
  return rows.map(({ uid }) => uid);
}

/** That an answer about the past would need more of the history than one answer may take. */
export const tooMuch = (most: number): AppError =>
  new AppError('invalid_request', `The answer needs more than ${most} objects of the history.`, {
    hint: 'Ask about one person instead of everybody.',
  });
