import { defined } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import { one } from '../sql.ts';
import { filterCondition } from './directory-filter.ts';
import type {
  DirectoryAttributes,
  DirectoryGroup,
  DirectoryListQuery,
  DirectoryMember,
  DirectoryPage,
  DirectoryUser,
} from './directory-record.ts';

interface KnownRow {
  readonly uid: string;
  readonly name: string;
  readonly external_id: string | null;
  readonly made_here: boolean;
  readonly version: number;
  readonly created_at: Date;
  readonly changed_at: Date;
}

export interface DirectoryUserRow extends KnownRow {
  readonly user_name: string;
  readonly active: boolean;
  readonly locked_here: boolean;
  readonly attributes: DirectoryAttributes;
}

export interface DirectoryGroupRow extends KnownRow {
  readonly display_name: string;
}

const known = 'd.external_id, d.made_here, d.version, d.created_at, d.changed_at';
const fromUsers = 'FROM directory_users d JOIN users u ON u.uid = d.user_uid';
const fromGroups = 'FROM directory_groups d JOIN groups g ON g.uid = d.group_uid';
const userColumns = `u.uid, u.name, u.active, d.user_name, d.locked_here, d.attributes, ${known}`;
const groupColumns = `g.uid, g.name, d.display_name, ${known}`;
export const selectDirectoryUsers = `SELECT ${userColumns} ${fromUsers}`;
export const selectDirectoryGroups = `SELECT ${groupColumns} ${fromGroups}`;
/** What a statement that returns rows of the table has written, read in the same round trip. */
export const writtenUser = (write: string): string =>
  `WITH d AS (${write}) SELECT ${userColumns} FROM d JOIN users u ON u.uid = d.user_uid`;
export const writtenGroup = (write: string): string =>
  `WITH d AS (${write}) SELECT ${groupColumns} FROM d JOIN groups g ON g.uid = d.group_uid`;

const toKnown = (row: KnownRow) => ({
  uid: row.uid,
  name: row.name,
  ...defined({ externalId: row.external_id }),
  madeHere: row.made_here,
  version: row.version,
  createdAt: row.created_at.getTime(),
  changedAt: row.changed_at.getTime(),
});

export const toDirectoryUser = (row: DirectoryUserRow): DirectoryUser => ({
  ...toKnown(row),
  userName: row.user_name,
  active: row.active,
  lockedHere: row.locked_here,
  attributes: row.attributes,
});

export const toDirectoryGroup = (row: DirectoryGroupRow): DirectoryGroup => ({
  ...toKnown(row),
  displayName: row.display_name,
});

/** The one with this uid, as the directory knows it. */
export async function findDirectoryUser(
  sql: Sql,
  providerUid: string,
  uid: string,
): Promise<DirectoryUser | undefined> {
  const [row] = await sql.query<DirectoryUserRow>(
    `${selectDirectoryUsers} WHERE d.provider_uid = $1 AND d.user_uid = $2`,
    [providerUid, uid],
  );
  return row === undefined ? undefined : toDirectoryUser(row);
}

/** The one with this uid, as the directory knows it. */
export async function findDirectoryGroup(
  sql: Sql,
  providerUid: string,
  uid: string,
): Promise<DirectoryGroup | undefined> {
  const [row] = await sql.query<DirectoryGroupRow>(
    `${selectDirectoryGroups} WHERE d.provider_uid = $1 AND d.group_uid = $2`,
    [providerUid, uid],
  );
  return row === undefined ? undefined : toDirectoryGroup(row);
}

/** Those that the directory knows by these ids of its own, by them. */
export async function findGroupsByExternalId(
  sql: Sql,
  providerUid: string,
  externalIds: readonly string[],
): Promise<readonly DirectoryGroup[]> {
  if (externalIds.length === 0) return [];
  const rows = await sql.query<DirectoryGroupRow>(
    `${selectDirectoryGroups} WHERE d.provider_uid = $1 AND d.external_id = ANY($2) ORDER BY d.external_id`,
    [providerUid, externalIds],
  );
  return rows.map(toDirectoryGroup);
}

/** In the order of uids, which follow the time of their making: what comes meanwhile stands behind what was read. */
export async function listDirectoryUsers(
  sql: Sql,
  query: DirectoryListQuery,
): Promise<DirectoryPage<DirectoryUser>> {
  const parameters: unknown[] = [query.providerUid];
  const where = `WHERE ${conditionOf('User', query, parameters)}`;
  const { total, rows } = await pageOf<DirectoryUserRow>(sql, query, {
    counted: `${fromUsers} ${where}`,
    listed: `${selectDirectoryUsers} ${where} ORDER BY d.user_uid`,
    parameters,
  });
  return { total, items: rows.map(toDirectoryUser) };
}

/** As `listDirectoryUsers`; `source`: that of the memberships which the directory gives. */
export async function listDirectoryGroups(
  sql: Sql,
  query: DirectoryListQuery & { readonly source: string },
): Promise<DirectoryPage<DirectoryGroup>> {
  const parameters: unknown[] = [query.providerUid, query.source];
  const where = `WHERE $2::text IS NOT NULL AND ${conditionOf('Group', query, parameters)}`;
  const { total, rows } = await pageOf<DirectoryGroupRow>(sql, query, {
    counted: `${fromGroups} ${where}`,
    listed: `${selectDirectoryGroups} ${where} ORDER BY d.group_uid`,
    parameters,
  });
  return { total, items: rows.map(toDirectoryGroup) };
}

/** A page that is not full is the last one, so what directories ask most, whether somebody is there, is one statement. */
async function pageOf<Row>(
  sql: Sql,
  { skip, limit }: Pick<DirectoryListQuery, 'skip' | 'limit'>,
  {
    counted,
    listed,
    parameters,
  }: {
    readonly counted: string;
    readonly listed: string;
    readonly parameters: readonly unknown[];
  },
): Promise<{ readonly total: number; readonly rows: readonly Row[] }> {
  const [most, from] = [parameters.length + 1, parameters.length + 2];
  const rows =
    limit === 0
      ? []
      : await sql.query<Row>(`${listed} LIMIT $${most} OFFSET $${from}`, [
          ...parameters,
          limit,
          skip,
        ]);
  const isLast = rows.length < limit && (rows.length > 0 || skip === 0);
  if (isLast) return { total: skip + rows.length, rows };
  const { total } = await one<{ total: number }>(
    sql,
    `SELECT count(*)::int AS total ${counted}`,
    parameters,
  );
  return { total, rows };
}

function conditionOf(
  kind: 'User' | 'Group',
  { filter }: DirectoryListQuery,
  parameters: unknown[],
): string {
  const asked = filter === undefined ? '' : ` AND ${filterCondition(kind, filter, parameters)}`;
  return `d.provider_uid = $1${asked}`;
}

/** Whom the source gives groups, by group, by name. */
export async function listGivenMembers(
  sql: Sql,
  source: string,
  groupUids: readonly string[],
): Promise<ReadonlyMap<string, readonly DirectoryMember[]>> {
  const rows = await sql.query<DirectoryMember & { readonly group_uid: string }>(
    `SELECT v.group_uid, u.uid, u.name FROM given_memberships v JOIN users u ON u.uid = v.user_uid
     WHERE v.source = $1 AND v.group_uid = ANY($2::text[]) ORDER BY v.group_uid, u.name`,
    [source, groupUids],
  );
  const members = new Map<string, DirectoryMember[]>();
  for (const { group_uid: group, uid, name } of rows) {
    const ofGroup = members.get(group);
    if (ofGroup === undefined) members.set(group, [{ uid, name }]);
    else ofGroup.push({ uid, name });
  }
  return members;
}
