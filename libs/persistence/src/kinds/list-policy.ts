import type {
  ClusterRecord,
  GrantRecord,
  GroupRecord,
  RoleRecord,
  UserRecord,
} from '../records.ts';
import { type ClusterRow, selectClusters, toCluster } from './cluster/cluster-row.ts';
import { type GrantRow, selectGrants, toGrant } from './grant/grant-row.ts';
import { type GroupRow, selectGroups, toGroup } from './group/group-row.ts';
import type { MetaRow } from './record-meta.ts';
import { type RoleRow, selectRoles, toRole } from './role/role-row.ts';
import { selectUsers, toUser, type UserRow } from './user/user-row.ts';
import type { Sql } from '../sql.ts';
import {
  checkedLimit,
  cutPage,
  decodePlace,
  encodePlace,
  type ListQuery,
  type Page,
} from '../queries/page.ts';
import { addSearch, addSelector, SqlConditions } from '../queries/sql-conditions.ts';

export interface GrantListQuery extends ListQuery {
  /** Grants that name this user as a subject. */
  readonly userUid?: string;
  readonly groupUid?: string;
  readonly roleUid?: string;
}

interface Shelf<R, T> {
  readonly list: string;
  readonly select: string;
  readonly searched: readonly string[];
  readonly always?: string;
  readonly toRecord: (row: R) => T;
}

const named = ['t.name', 't.display_name'];
const users: Shelf<UserRow, UserRecord> = {
  list: 'users',
  select: selectUsers,
  searched: named,
  toRecord: toUser,
};
const groups: Shelf<GroupRow, GroupRecord> = {
  list: 'groups',
  select: selectGroups,
  searched: named,
  toRecord: toGroup,
};
const roles: Shelf<RoleRow, RoleRecord> = {
  list: 'roles',
  select: selectRoles,
  toRecord: toRole,
  searched: ['t.name', 't.description'],
};
const grants: Shelf<GrantRow, GrantRecord> = {
  list: 'grants',
  select: selectGrants,
  toRecord: toGrant,
  searched: ['t.name', 't.reason'],
};
const clusters: Shelf<ClusterRow, ClusterRecord> = {
  list: 'clusters',
  select: selectClusters,
  searched: ['t.name'],
  toRecord: toCluster,
  always: 't.removed_at IS NULL',
};

/** One statement, in the order of names, from the place where the last page ended: page 1000 costs what page 1 costs. */
async function listPage<R extends MetaRow, T>(
  sql: Sql,
  shelf: Shelf<R, T>,
  query: ListQuery,
  conditions: SqlConditions,
): Promise<Page<T>> {
  const limit = checkedLimit(query.limit);
  if (shelf.always !== undefined) conditions.add(shelf.always);
  if (query.continue !== undefined) {
    const [after] = decodePlace(shelf.list, query.continue, 1);
    conditions.add(`t.name > ${conditions.value(String(after))}`);
  }
  if (query.labelSelector !== undefined) addSelector(conditions, query.labelSelector);
  if (query.q !== undefined && query.q !== '') addSearch(conditions, shelf.searched, query.q);
  const rows = await sql.query<R>(
    `${shelf.select} ${conditions.where()} ORDER BY t.name LIMIT ${limit + 1}`,
    conditions.values,
  );
  return cutPage(rows, limit, shelf.toRecord, (row) => encodePlace(shelf.list, [row.name]));
}

async function findOne<R, T>(sql: Sql, shelf: Shelf<R, T>, name: string): Promise<T | null> {
  const also = shelf.always === undefined ? '' : ` AND ${shelf.always}`;
  const [row] = await sql.query<R>(`${shelf.select} WHERE t.name = $1${also}`, [name]);
  return row === undefined ? null : shelf.toRecord(row);
}

/** Throws invalid_request. */
export function listUsers(sql: Sql, query: ListQuery): Promise<Page<UserRecord>> {
  return listPage(sql, users, query, new SqlConditions());
}

/** Throws invalid_request. */
export function listGroups(sql: Sql, query: ListQuery): Promise<Page<GroupRecord>> {
  return listPage(sql, groups, query, new SqlConditions());
}

/** Throws invalid_request. */
export function listRoles(sql: Sql, query: ListQuery): Promise<Page<RoleRecord>> {
  return listPage(sql, roles, query, new SqlConditions());
}

/** Throws invalid_request. */
export function listGrants(sql: Sql, query: GrantListQuery): Promise<Page<GrantRecord>> {
  const conditions = new SqlConditions();
  const subject = (column: 'user_uid' | 'group_uid', uid: string | undefined): void => {
    if (uid === undefined) return;
    const value = conditions.value(uid);
    conditions.add(`t.uid IN (SELECT grant_uid FROM grant_subjects WHERE ${column} = ${value})`);
  };
  subject('user_uid', query.userUid);
  subject('group_uid', query.groupUid);
  if (query.roleUid !== undefined)
    conditions.add(`t.role_uid = ${conditions.value(query.roleUid)}`);
  return listPage(sql, grants, query, conditions);
}

/** Removed clusters are not listed. Throws invalid_request. */
export function listClusters(sql: Sql, query: ListQuery): Promise<Page<ClusterRecord>> {
  return listPage(sql, clusters, query, new SqlConditions());
}

export function findUser(sql: Sql, name: string): Promise<UserRecord | null> {
  return findOne(sql, users, name);
}

export function findGroup(sql: Sql, name: string): Promise<GroupRecord | null> {
  return findOne(sql, groups, name);
}

export function findRole(sql: Sql, name: string): Promise<RoleRecord | null> {
  return findOne(sql, roles, name);
}

export function findGrant(sql: Sql, name: string): Promise<GrantRecord | null> {
  return findOne(sql, grants, name);
}

export function findCluster(sql: Sql, name: string): Promise<ClusterRecord | null> {
  return findOne(sql, clusters, name);
}
