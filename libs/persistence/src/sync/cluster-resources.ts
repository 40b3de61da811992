import { AppError } from '@ambit/kernel';
import type { ApiResource } from '@ambit/rbac';
import type { OpenTransaction } from '../open-transaction.ts';
import { one, type Sql } from '../sql.ts';

/** A part of the list of what an API server serves. */
export interface ResourcesPart {
  /** The list begins with this part. */
  readonly first: boolean;
  /** The list is whole with this part, and takes the place of the one before. */
  readonly last: boolean;
  readonly items: readonly ApiResource[];
}

/** What is kept of one cluster. A large one serves some thousands. */
export const mostResources = 20_000;
/** And as text: names can be long. */
const mostBytes = 8 * 1024 * 1024;

/**
 * Adds a part to what is staged of a cluster; the last one makes it what the cluster serves. The same list again is not
 * written. Throws invalid_request for more than `mostResources`.
 */
export async function writeResources(
  open: OpenTransaction,
  clusterUid: string,
  { first, last, items }: ResourcesPart,
): Promise<void> {
  if (items.length > mostResources) throw tooMany();
  const json = JSON.stringify(items);
  if (first && last) return writeWhole(open, clusterUid, json);
  await stage(open, { clusterUid, json, first });
  if (!last) return;
  await open.query(
    `UPDATE cluster_resources SET items = staged, hash = md5(staged::text), staged = NULL WHERE cluster_uid = $1`,
    [clusterUid],
  );
}

async function writeWhole(open: OpenTransaction, clusterUid: string, json: string): Promise<void> {
  await open.query(
    `INSERT INTO cluster_resources AS r (cluster_uid, items, hash) VALUES ($1, $2::jsonb, md5(($2::jsonb)::text))
     ON CONFLICT (cluster_uid) DO UPDATE SET items = excluded.items, hash = excluded.hash, staged = NULL
     WHERE r.hash IS DISTINCT FROM excluded.hash OR r.staged IS NOT NULL`,
    [clusterUid, json],
  );
}

async function stage(
  open: OpenTransaction,
  part: { readonly clusterUid: string; readonly json: string; readonly first: boolean },
): Promise<void> {
  const { count, bytes } = await one<{ count: number; bytes: number }>(
    open,
    `INSERT INTO cluster_resources AS r (cluster_uid, staged) VALUES ($1, $2::jsonb)
     ON CONFLICT (cluster_uid) DO UPDATE
     SET staged = CASE WHEN $3 THEN excluded.staged ELSE coalesce(r.staged, '[]'::jsonb) || excluded.staged END
     RETURNING jsonb_array_length(staged) AS count, octet_length(staged::text) AS bytes`,
    [part.clusterUid, part.json, part.first],
  );
  if (count > mostResources || bytes > mostBytes) throw tooMany();
}

const tooMany = (): AppError =>
  new AppError('invalid_request', 'The agent tells of more resources than are kept.', {
    why: `Kept are at most ${mostResources} of a cluster.`,
  });

/** What the API servers of clusters serve, in kubectl's order of preference; a cluster that never told is not in it. */
export async function readResources(
  sql: Sql,
  clusterUids: readonly string[],
): Promise<ReadonlyMap<string, readonly ApiResource[]>> {
  const rows = await sql.query<{ readonly uid: string; readonly items: readonly ApiResource[] }>(
    `SELECT cluster_uid AS uid, items FROM cluster_resources
     WHERE cluster_uid = ANY($1) AND items IS NOT NULL ORDER BY cluster_uid`,
    [clusterUids],
  );
  return new Map(rows.map(({ uid, items }) => [uid, items]));
}
