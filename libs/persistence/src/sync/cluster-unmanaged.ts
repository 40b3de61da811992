import type { UnmanagedBinding, UnmanagedRole, UnmanagedSubject } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { OpenTransaction } from '../open-transaction.ts';
import type { Page } from '../queries/page.ts';
import type { Sql } from '../sql.ts';

/** One thing that an agent tells of what gives access in its cluster and is not ours. */
export type UnmanagedTold =
  (UnmanagedBinding & { readonly key: string }) | (UnmanagedRole & { readonly key: string });

/** What an agent tells of all that is not ours, in one message. */
export interface UnmanagedUpdate {
  /**
   * Of the keys after `after` and up to `through` (empty: to the end), in the order of their bytes, what is not told is
   * gone. Absent: only what is `removed`.
   */
  readonly whole?: { readonly after: string; readonly through: string };
  readonly told: readonly UnmanagedTold[];
  readonly removed: readonly string[];
  readonly leftOut: number;
}

/** What is kept of one cluster: as much as an agent tells, and not more whatever it tells. */
export const mostUnmanaged = { items: 60_000, bytes: 32 * 1024 * 1024 } as const;

/** A binding that names somebody whom it did not name before, or that was not there. */
export interface FoundBinding {
  readonly binding: UnmanagedBinding;
  readonly newSubjects: readonly UnmanagedSubject[];
}

/**
 * Keeps what a message tells; what is as before is not written. Gives the bindings that name somebody new. Throws
 * invalid_request when the cluster would come to more than `mostUnmanaged`.
 */
export async function writeUnmanaged(
  open: OpenTransaction,
  clusterUid: string,
  update: UnmanagedUpdate,
): Promise<readonly FoundBinding[]> {
  const { whole, told, removed, leftOut } = update;
  await open.query('DELETE FROM cluster_unmanaged WHERE cluster_uid = $1 AND key = ANY($2)', [
    clusterUid,
    removed,
  ]);
  if (whole !== undefined) {
    await open.query(
      `DELETE FROM cluster_unmanaged
       WHERE cluster_uid = $1 AND key > $2 AND ($3 = '' OR key <= $3) AND NOT key = ANY($4)`,
      [clusterUid, whole.after, whole.through, told.map(({ key }) => key)],
    );
  }
  const written = await open.query<WrittenRow>(
    `WITH before AS (SELECT key, fact->'subjects' AS subjects FROM cluster_unmanaged WHERE cluster_uid = $1 AND key = ANY($3)),
     written AS (
       INSERT INTO cluster_unmanaged AS u (cluster_uid, key, fact, bytes)
       SELECT $1, f.fact->>'key', f.fact - 'key', octet_length(f.fact::text) FROM jsonb_array_elements($2::jsonb) AS f(fact)
       ON CONFLICT (cluster_uid, key) DO UPDATE SET fact = excluded.fact, bytes = excluded.bytes
       WHERE u.fact <> excluded.fact
       RETURNING u.key, u.fact)
     SELECT w.fact, b.subjects AS before FROM written w LEFT JOIN before b USING (key)
     WHERE w.fact ? 'roleName' AND w.fact->'subjects' IS DISTINCT FROM b.subjects ORDER BY w.key`,
    [clusterUid, JSON.stringify(told), told.map(({ key }) => key)],
  );
  await open.query(
    `INSERT INTO cluster_unmanaged_totals AS t (cluster_uid, left_out) VALUES ($1, $2)
     ON CONFLICT (cluster_uid) DO UPDATE SET left_out = excluded.left_out WHERE t.left_out <> excluded.left_out`,
    [clusterUid, leftOut],
  );
  await refuseTooMuch(open, clusterUid);
  return written.flatMap(foundIn);
}

interface WrittenRow {
  readonly fact: UnmanagedBinding;
  /** Absent: it was not there. */
  readonly before: readonly UnmanagedSubject[] | null;
}

function foundIn({ fact, before }: WrittenRow): FoundBinding[] {
  const known = new Set((before ?? []).map(subjectText));
  const newSubjects = fact.subjects.filter((subject) => !known.has(subjectText(subject)));
  return newSubjects.length === 0 ? [] : [{ binding: fact, newSubjects }];
}

const subjectText = ({ kind, namespace, name }: UnmanagedSubject): string =>
  `${kind}/${namespace}/${name}`;

async function refuseTooMuch(open: OpenTransaction, clusterUid: string): Promise<void> {
  const [{ items, bytes } = { items: 0, bytes: 0 }] = await open.query<{
    readonly items: number;
    readonly bytes: number;
  }>(
    'SELECT count(*)::int AS items, coalesce(sum(bytes), 0)::float8 AS bytes FROM cluster_unmanaged WHERE cluster_uid = $1',
    [clusterUid],
  );
  if (items <= mostUnmanaged.items && bytes <= mostUnmanaged.bytes) return;
  throw new AppError('invalid_request', 'The agent tells of more foreign bindings than are kept.', {
    why: `It would come to ${items} bindings and roles of ${bytes} bytes; kept are at most ${mostUnmanaged.items} of ${mostUnmanaged.bytes} bytes.`,
  });
}

/** All that is kept of what is not ours in one cluster. */
export interface UnmanagedFacts {
  readonly bindings: readonly UnmanagedBinding[];
  readonly roles: readonly UnmanagedRole[];
  /** Bindings that the agent did not tell. */
  readonly leftOut: number;
}

type Fact = UnmanagedBinding | UnmanagedRole;

const isRole = (fact: Fact): fact is UnmanagedRole => 'rules' in fact;

/** What is not ours in clusters, in one statement and so of one moment; one whose agent never told is not in it. */
export async function readUnmanaged(
  sql: Sql,
  clusterUids: readonly string[],
): Promise<ReadonlyMap<string, UnmanagedFacts>> {
  const rows = await sql.query<UnmanagedRow>(
    `SELECT t.cluster_uid, u.fact, t.left_out::float8 AS left_out FROM cluster_unmanaged_totals t
     LEFT JOIN cluster_unmanaged u ON u.cluster_uid = t.cluster_uid
     WHERE t.cluster_uid = ANY($1::text[]) ORDER BY t.cluster_uid, u.key`,
    [clusterUids],
  );
  const byCluster = new Map<string, UnmanagedRow[]>();
  for (const row of rows) {
    const told = byCluster.get(row.cluster_uid);
    if (told === undefined) byCluster.set(row.cluster_uid, [row]);
    else told.push(row);
  }
  return new Map(Array.from(byCluster, ([uid, told]) => [uid, factsOf(told)]));
}

interface UnmanagedRow {
  readonly cluster_uid: string;
  readonly fact: Fact | null;
  readonly left_out: number;
}

function factsOf(rows: readonly UnmanagedRow[]): UnmanagedFacts {
  const facts = rows.flatMap(({ fact }) => fact ?? []);
  return {
    bindings: facts.filter((fact) => !isRole(fact)) as UnmanagedBinding[],
    roles: facts.filter(isRole),
    leftOut: rows[0]?.left_out ?? 0,
  };
}

/** Which bindings are listed, and from where on. What is absent selects nothing. */
export interface UnmanagedSearch {
  /** The name of a subject as the binding has it. */
  readonly subject?: string | undefined;
  /** KIND/NAME, or NAME of either kind. */
  readonly role?: string | undefined;
  readonly namespace?: string | undefined;
  readonly system?: boolean | undefined;
  readonly limit: number;
  /** Key of the last one of the page before. */
  readonly continue?: string | undefined;
}

/** A binding, and the role that it names; null where there is none of that name. */
export interface ListedUnmanaged extends UnmanagedBinding {
  readonly key: string;
  readonly role: UnmanagedRole | null;
}

/** A page of the bindings of a cluster that are not ours, by their keys. */
export async function listUnmanaged(
  sql: Sql,
  clusterUid: string,
  query: UnmanagedSearch,
): Promise<Page<ListedUnmanaged>> {
  const { subject, role, namespace, system, limit } = query;
  const rows = await sql.query<{ key: string; fact: UnmanagedBinding; role: UnmanagedRole | null }>(
    `SELECT u.key, u.fact, r.fact AS role FROM cluster_unmanaged u
     LEFT JOIN cluster_unmanaged r ON r.cluster_uid = u.cluster_uid AND r.key = concat_ws('/', u.fact->>'roleKind',
       CASE WHEN u.fact->>'roleKind' = 'Role' THEN u.fact->>'namespace' ELSE '' END, u.fact->>'roleName')
     WHERE u.cluster_uid = $1 AND u.key > $2 AND u.fact ? 'roleName'
       AND ($3::text IS NULL OR u.fact->'subjects' @> jsonb_build_array(jsonb_build_object('name', $3::text)))
       AND ($4::text IS NULL OR $4 IN (u.fact->>'roleName', concat(u.fact->>'roleKind', '/', u.fact->>'roleName')))
       AND ($5::text IS NULL OR u.fact->>'namespace' = $5)
       AND ($6::boolean IS NULL OR (u.fact->>'system')::boolean = $6)
     ORDER BY u.key LIMIT $7`,
    [clusterUid, query.continue ?? '', subject, role, namespace, system, limit + 1],
  );
  const items = rows
    .slice(0, limit)
    .map(({ key, fact, role: named }) => ({ ...fact, key, role: named }));
  const last = rows.length > limit ? items.at(-1)?.key : undefined;
  return { items, ...(last === undefined ? {} : { continue: last }) };
}

/** Bindings that the agent of a cluster did not tell; undefined when it never told of any. */
export async function countLeftOut(sql: Sql, clusterUid: string): Promise<number | undefined> {
  const [row] = await sql.query<{ readonly left_out: number }>(
    'SELECT left_out::float8 AS left_out FROM cluster_unmanaged_totals WHERE cluster_uid = $1',
    [clusterUid],
  );
  return row?.left_out;
}

/** How many bindings of others a cluster has, those of Kubernetes itself among them, and how many objects are ours. */
export interface CountedBindings {
  readonly cluster: string;
  readonly foreign: number;
  /** Bindings and roles, as its agent last told; absent: it never did. */
  readonly ours?: number;
}

/** Of every cluster whose agent told of others. Costs the keys and not what stands under them. */
export async function countBindings(sql: Sql): Promise<readonly CountedBindings[]> {
  const rows = await sql.query<{ cluster: string; foreign: number; ours: number | null }>(
    `SELECT c.name AS cluster, (s.results->>'objects')::float8 AS ours,
       (SELECT count(*)::float8 FROM cluster_unmanaged u WHERE u.cluster_uid = c.uid
         AND split_part(u.key, '/', 1) IN ('ClusterRoleBinding', 'RoleBinding')) AS foreign
     FROM clusters c JOIN cluster_unmanaged_totals t ON t.cluster_uid = c.uid
       LEFT JOIN cluster_sync s ON s.cluster_uid = c.uid
     WHERE c.removed_at IS NULL`,
  );
  return rows.map(({ ours, ...row }) => (ours === null ? row : { ...row, ours }));
}
