import type { PolicyMembership, PolicyObject } from '@ambit/domain';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import {
  type ClusterRow,
  selectClusters,
  toCluster,
  toPolicyCluster,
} from '../kinds/cluster/cluster-row.ts';
import { type GrantRow, selectGrants, toGrant, toPolicyGrant } from '../kinds/grant/grant-row.ts';
import { type GroupRow, toGroup, toPolicyGroup } from '../kinds/group/group-row.ts';
import { metaColumns } from '../kinds/record-meta.ts';
import { type RoleRow, selectRoles, toPolicyRole, toRole } from '../kinds/role/role-row.ts';
import { selectUsers, toPolicyUser, toUser, type UserRow } from '../kinds/user/user-row.ts';
import { findInstallation } from '../queries/installation.ts';
import type { InstallationRecord } from '../records.ts';
import { headRevision, lineageOf } from './policy-changes.ts';

const fetchSize = 5_000;

/** In the order in which objects refer to each other: what is referred to comes first. */
const sources: readonly {
  readonly select: string;
  readonly toObject: (row: never) => PolicyObject;
}[] = [
  { select: selectUsers, toObject: (row: UserRow) => toPolicyUser(toUser(row)) },
  {
    select: `SELECT ${metaColumns}, t.display_name, '{}'::text[] AS members FROM groups t`,
    toObject: (row: GroupRow) => toPolicyGroup(toGroup(row)),
  },
  {
    select: `SELECT 'Membership' AS kind, m.group_uid || '/' || m.user_uid AS uid, g.name || '/' || u.name AS name,
                 m.group_uid AS "groupUid", m.user_uid AS "userUid"
               FROM group_members m JOIN groups g ON g.uid = m.group_uid JOIN users u ON u.uid = m.user_uid`,
    toObject: (row: PolicyMembership) => row,
  },
  { select: selectRoles, toObject: (row: RoleRow) => toPolicyRole(toRole(row)) },
  {
    select: `${selectClusters} WHERE t.removed_at IS NULL`,
    toObject: (row: ClusterRow) => toPolicyCluster(toCluster(row)),
  },
  { select: selectGrants, toObject: (row: GrantRow) => toPolicyGrant(toGrant(row)) },
];

async function streamSource(
  open: OpenTransaction,
  source: (typeof sources)[number],
  onObject: (object: PolicyObject) => void,
): Promise<void> {
  await open.query(`DECLARE snapshot NO SCROLL CURSOR FOR ${source.select}`);
  for (;;) {
    const rows = await open.query<never>(`FETCH ${fetchSize} FROM snapshot`);
    for (const row of rows) onObject(source.toObject(row));
    if (rows.length < fetchSize) break;
  }
  await open.query('CLOSE snapshot');
}

/** What a snapshot is of. */
export interface PolicySnapshot {
  readonly revision: number;
  readonly lineage: Uint8Array;
  /** Null before the first start. */
  readonly installation: InstallationRecord | null;
}

/**
 * Calls `onObject` for every policy object as of one revision and tells which: users, groups, memberships, roles,
 * clusters, grants, in this order. All of it is one snapshot of the database. When the read fails half way (and only
 * then) `onObject` has seen a part: start again with an empty model.
 */
export function readPolicySnapshot(
  database: Database,
  onObject: (object: PolicyObject) => void,
): Promise<PolicySnapshot> {
  return database.transaction(
    async (open) => {
      await open.query('SET TRANSACTION READ ONLY');
      const revision = await headRevision(open);
      for (const source of sources) await streamSource(open, source, onObject);
      const lineage = await lineageOf(open, revision);
      return { revision, lineage, installation: await findInstallation(open) };
    },
    { isolation: 'REPEATABLE READ' },
  );
}
