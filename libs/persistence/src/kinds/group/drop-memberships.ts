import { membership } from './group-row.ts';
import type { StoreContext } from '../../stores/store-context.ts';

interface MembershipRow {
  readonly group_uid: string;
  readonly group_name: string;
  readonly user_uid: string;
  readonly user_name: string;
}

/** Removes every membership of a user or of a group, each as a change of its own. Gives how many. */
export async function dropMemberships(
  { sql, changes }: StoreContext,
  column: 'user_uid' | 'group_uid',
  uid: string,
): Promise<number> {
  await sql.query(
    `SELECT 1 FROM groups WHERE uid IN (SELECT group_uid FROM group_members WHERE ${column} = $1)
     ORDER BY uid FOR NO KEY UPDATE`,
    [uid],
  );
  const rows = await sql.query<MembershipRow>(
    `WITH gone AS (DELETE FROM group_members WHERE ${column} = $1 RETURNING group_uid, user_uid)
     SELECT g.uid AS group_uid, g.name AS group_name, u.uid AS user_uid, u.name AS user_name
     FROM gone JOIN groups g ON g.uid = gone.group_uid JOIN users u ON u.uid = gone.user_uid
     ORDER BY g.name, u.name`,
    [uid],
  );
  for (const row of rows) {
    const gone = membership(
      { uid: row.group_uid, name: row.group_name },
      { uid: row.user_uid, name: row.user_name },
    );
    if (column === 'group_uid') changes.leave(gone);
    else {
      // Of somebody who is there no more no token counts.
      changes.delete('Membership', gone.uid, gone.name);
      changes.touchedGroups.add(row.group_uid);
    }
  }
  return rows.length;
}
