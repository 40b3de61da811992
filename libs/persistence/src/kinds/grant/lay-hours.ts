import { layOutHours, type LaidHours } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { sameJson } from '../plan-put.ts';
import type { GrantRecord } from '../../records.ts';
import type { StoreContext } from '../../stores/store-context.ts';
import type { PutGrant } from '../../transaction.ts';
import { type GrantRow, selectGrants, toGrant, toPolicyGrant } from './grant-row.ts';

/** The windows of a grant that is written at a moment: `{}` when it holds at all hours. */
export function laidOut(
  { hours, notBefore, until }: Pick<PutGrant, 'hours' | 'notBefore' | 'until'>,
  current: GrantRecord | null,
  at: Millis,
): { readonly laid?: LaidHours } {
  if (hours === undefined) return {};
  const of = { hours, ...(notBefore && { notBefore }), ...(until && { until }) };
  return { laid: layOutHours(of, at, current?.laid?.windows) };
}

/** The columns of what is laid out, as JSON has them. */
export const laidColumns = (laid: LaidHours | undefined) => ({
  windows: laid?.windows,
  windows_due: laid?.due === undefined ? undefined : new Date(laid.due),
});

/**
 * Lays the next windows out for grants whose turn it is at `at`, at most `limit`. Nobody wrote these grants: resourceVersion and
 * generation stay. Who is being written meanwhile is laid out by that.
 */
export async function layHours(
  { sql, changes }: StoreContext,
  at: Millis,
  limit: number,
): Promise<readonly GrantRecord[]> {
  const rows = await sql.query<GrantRow>(
    `${selectGrants} WHERE t.windows_due <= $1 AND NOT t.ended ORDER BY t.windows_due, t.uid LIMIT $2
     FOR NO KEY UPDATE OF t SKIP LOCKED`,
    [new Date(at), limit],
  );
  if (rows.length === 0) return [];
  const grants = rows.map(toGrant);
  const next = grants.map((grant) => ({ ...grant, ...laidOut(grant, grant, at) }));
  const columns = next.map(({ laid }) => laidColumns(laid));
  await sql.query(
    `UPDATE grants t SET windows = n.windows, windows_due = n.due
     FROM unnest($1::text[], $2::jsonb[], $3::timestamptz[]) AS n(uid, windows, due) WHERE t.uid = n.uid`,
    [
      next.map(({ uid }) => uid),
      columns.map(({ windows }) => JSON.stringify(windows ?? [])),
      columns.map(({ windows_due: due }) => due ?? null),
    ],
  );
  const moved = next.filter(
    ({ laid }, nth) => !sameJson(laid?.windows, grants[nth]?.laid?.windows),
  );
  for (const grant of moved) changes.putUnstamped(toPolicyGrant(grant));
  return moved;
}
