import { dropMemberships } from '../kinds/group/drop-memberships.ts';
import type { NamedReference } from '../records.ts';
import { waitForRules } from './rule-rows.ts';
import type { StoreContext } from '../stores/store-context.ts';

/** Takes the groups of those away for whom the condition of a grant holds; `groupUids`: some of them. */
export async function dropConditions(
  context: StoreContext,
  { uid }: { readonly uid: string },
  groupUids?: readonly string[],
): Promise<void> {
  const { sql, changes } = context;
  // Before the rows are locked: whoever says for whom conditions hold has this first.
  await waitForRules(sql);
  const groups = await sql.query<NamedReference>(
    `SELECT g.uid, g.name FROM grant_conditions c JOIN groups g ON g.uid = c.group_uid
     WHERE c.grant_uid = $1 AND ($2::text[] IS NULL OR g.uid = ANY($2)) ORDER BY g.uid FOR UPDATE OF g`,
    [uid, groupUids ?? null],
  );
  for (const group of groups) {
    await dropMemberships(context, 'group_uid', group.uid);
    await sql.query('DELETE FROM groups WHERE uid = $1', [group.uid]);
    changes.touchedGroups.delete(group.uid);
    changes.delete('Group', group.uid, group.name);
  }
}
