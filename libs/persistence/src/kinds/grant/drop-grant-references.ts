import type { GrantRecord } from '../../records.ts';
import { type GrantRow, selectGrants, toGrant, toPolicyGrant } from './grant-row.ts';
import type { Removed } from '../../transaction.ts';
import { dropConditions } from '../../rules/drop-conditions.ts';
import type { StoreContext } from '../../stores/store-context.ts';

const tableOf = {
  user_uid: 'grant_subjects',
  group_uid: 'grant_subjects',
  service_uid: 'grant_subjects',
  team_uid: 'grant_subjects',
  cluster_uid: 'grant_clusters',
} as const;

/** A grant for nobody, or one that names no cluster any more. It must not live on to be read as "everything". */
function isEmpty(grant: GrantRecord): boolean {
  const noCluster = grant.scope.clusters.type === 'names' && grant.clusters.length === 0;
  return grant.subjects.length === 0 || noCluster;
}

/** Takes a grant away with its own rows. */
export async function deleteGrant(context: StoreContext, grant: GrantRecord): Promise<void> {
  const { sql, changes } = context;
  if (grant.match !== undefined) await dropConditions(context, grant);
  await sql.query('DELETE FROM grant_subjects WHERE grant_uid = $1', [grant.uid]);
  await sql.query('DELETE FROM grant_clusters WHERE grant_uid = $1', [grant.uid]);
  await sql.query('DELETE FROM grants WHERE uid = $1', [grant.uid]);
  changes.delete('Grant', grant.uid, grant.name);
}

/** Which grants: those that have an end, or those that have ended. */
const conditionOf = {
  all: 'true',
  temporary: 'until IS NOT NULL AND NOT ended',
  ended: 'ended',
} as const;

/** Removes a subject or cluster from all grants, or from some alone; grants left empty go too. */
export async function dropGrantReferences(
  context: StoreContext,
  column: keyof typeof tableOf,
  uid: string,
  which: keyof typeof conditionOf = 'all',
): Promise<Pick<Removed<unknown>, 'narrowedGrants' | 'removedGrants'>> {
  const { sql, changes } = context;
  const table = tableOf[column];
  const locked = await sql.query<{ uid: string }>(
    `SELECT uid FROM grants WHERE uid IN (SELECT grant_uid FROM ${table} WHERE ${column} = $1)
     AND ${conditionOf[which]} ORDER BY uid FOR UPDATE`,
    [uid],
  );
  if (locked.length === 0) return { narrowedGrants: [], removedGrants: [] };
  const uids = locked.map((row) => row.uid);
  await sql.query(`DELETE FROM ${table} WHERE ${column} = $1 AND grant_uid = ANY($2)`, [uid, uids]);
  await sql.query('UPDATE grants SET generation = generation + 1 WHERE uid = ANY($1)', [uids]);
  const rows = await sql.query<GrantRow>(`${selectGrants} WHERE t.uid = ANY($1) ORDER BY t.name`, [
    uids,
  ]);
  const narrowedGrants: string[] = [];
  const removedGrants: string[] = [];
  for (const grant of rows.map(toGrant)) {
    if (isEmpty(grant)) {
      await deleteGrant(context, grant);
      removedGrants.push(grant.name);
    } else {
      changes.put(toPolicyGrant(grant));
      narrowedGrants.push(grant.name);
    }
  }
  return { narrowedGrants, removedGrants };
}
