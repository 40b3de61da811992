import type { Sql } from '../sql.ts';
import type { DirectoryGroup, DirectoryUser } from './directory-record.ts';
import {
  type DirectoryGroupRow,
  type DirectoryUserRow,
  selectDirectoryGroups,
  selectDirectoryUsers,
  toDirectoryGroup,
  toDirectoryUser,
} from './directory-rows.ts';

/** A group with the uids of those whom the directory gives it. */
export interface GivenGroup {
  readonly group: DirectoryGroup;
  readonly memberUids: ReadonlySet<string>;
}

const usersAtOnce = 2_000;
const groupsAtOnce = 200;

/** All people of a directory, in the order of uids, page by page: one statement for 2,000 of them. */
export async function* allDirectoryUsers(
  sql: Sql,
  providerUid: string,
): AsyncGenerator<readonly DirectoryUser[]> {
  let after = '';
  for (;;) {
    const rows = await sql.query<DirectoryUserRow>(
      `${selectDirectoryUsers} WHERE d.provider_uid = $1 AND d.user_uid > $2 ORDER BY d.user_uid LIMIT $3`,
      [providerUid, after, usersAtOnce],
    );
    yield rows.map(toDirectoryUser);
    after = rows.at(-1)?.uid ?? '';
    if (rows.length < usersAtOnce) return;
  }
}

/** All groups of a directory with whom `source` gives them, page by page: two statements for 200 of them. */
export async function* allDirectoryGroups(
  sql: Sql,
  providerUid: string,
  source: string,
): AsyncGenerator<readonly GivenGroup[]> {
  let after = '';
  for (;;) {
    const rows = await sql.query<DirectoryGroupRow>(
      `${selectDirectoryGroups} WHERE d.provider_uid = $1 AND d.group_uid > $2 ORDER BY d.group_uid LIMIT $3`,
      [providerUid, after, groupsAtOnce],
    );
    const members = await memberUids(
      sql,
      source,
      rows.map(({ uid }) => uid),
    );
    yield rows.map((row) => ({
      group: toDirectoryGroup(row),
      memberUids: members.get(row.uid) ?? new Set<string>(),
    }));
    after = rows.at(-1)?.uid ?? '';
    if (rows.length < groupsAtOnce) return;
  }
}

async function memberUids(
  sql: Sql,
  source: string,
  groupUids: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  if (groupUids.length === 0) return new Map();
  const rows = await sql.query<{ group_uid: string; users: readonly string[] }>(
    `SELECT group_uid, array_agg(user_uid) AS users FROM given_memberships
     WHERE source = $1 AND group_uid = ANY($2::text[]) GROUP BY group_uid`,
    [source, groupUids],
  );
  return new Map(rows.map(({ group_uid: uid, users }) => [uid, new Set(users)]));
}
