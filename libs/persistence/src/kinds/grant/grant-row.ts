import type {
  ClusterSelector,
  GrantHours,
  GrantSource,
  GrantSubject,
  GrantWindow,
  LabelSelector,
  NamespaceSelector,
  PolicyGrant,
} from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { GrantRecord, NamedReference, SubjectReference } from '../../records.ts';
import type { Sql } from '../../sql.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import { SqlConditions } from '../../queries/sql-conditions.ts';
import { findOfKind, listKind } from '../list-policy.ts';
import type { StoredKind, StoredPart } from '../stored-kind.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';
import { grantSnapshot } from './grant-snapshot.ts';

export interface GrantRow extends MetaRow {
  readonly role_uid: string;
  readonly role_name: string;
  readonly clusters_scope: ClusterSelector['type'];
  readonly cluster_selector: LabelSelector | null;
  readonly namespaces: NamespaceSelector;
  readonly not_before: Date | null;
  readonly until: Date | null;
  readonly match: string | null;
  readonly hours: readonly GrantHours[] | null;
  readonly windows: readonly GrantWindow[] | null;
  readonly windows_due: Date | null;
  readonly reason: string | null;
  readonly source: GrantSource;
  readonly ended: boolean;
  readonly subjects: readonly SubjectReference[];
  readonly clusters: readonly NamedReference[];
}

/** Of rows `s` that name a subject: all of them as `SubjectReference`s, with the tables that have their names. */
export const subjectList = `coalesce(jsonb_agg(jsonb_build_object(
      'kind', CASE WHEN s.user_uid IS NOT NULL THEN 'User' WHEN s.group_uid IS NOT NULL THEN 'Group'
        WHEN s.team_uid IS NOT NULL THEN 'Team' ELSE 'ServiceIdentity' END,
      'uid', coalesce(s.user_uid, s.group_uid, s.service_uid, s.team_uid),
      'name', coalesce(u.name, g.name, o.name)) ORDER BY s.ordinal), '[]')`;
export const subjectNames = `LEFT JOIN users u ON u.uid = s.user_uid LEFT JOIN groups g ON g.uid = s.group_uid
   LEFT JOIN policy_objects o ON o.uid = coalesce(s.service_uid, s.team_uid)`;

export const selectGrants = `
SELECT ${metaColumns}, t.role_uid, r.name AS role_name, t.clusters_scope, t.cluster_selector, t.namespaces,
  t.not_before, t.until, t.match, t.hours, t.windows, t.windows_due, t.reason, t.source, t.ended,
  (SELECT ${subjectList} FROM grant_subjects s ${subjectNames} WHERE s.grant_uid = t.uid) AS subjects,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('uid', c.uid, 'name', c.name) ORDER BY c.name), '[]')
   FROM grant_clusters gc JOIN clusters c ON c.uid = gc.cluster_uid WHERE gc.grant_uid = t.uid) AS clusters
FROM grants t JOIN roles r ON r.uid = t.role_uid`;

function clustersOf(row: GrantRow): ClusterSelector {
  if (row.clusters_scope === 'all') return { type: 'all' };
  if (row.clusters_scope === 'names') {
    return { type: 'names', uids: row.clusters.map((cluster) => cluster.uid).sort() };
  }
  return { type: 'selector', selector: row.cluster_selector ?? { requirements: [] } };
}

export function toGrant(row: GrantRow): GrantRecord {
  return {
    kind: 'Grant',
    ...toMeta(row),
    subjects: row.subjects,
    role: { uid: row.role_uid, name: row.role_name },
    scope: { clusters: clustersOf(row), namespaces: row.namespaces },
    clusters: row.clusters,
    ...defined({
      notBefore: row.not_before?.getTime(),
      until: row.until?.getTime(),
      match: row.match,
      hours: row.hours,
      laid: row.windows && {
        windows: row.windows,
        ...defined({ due: row.windows_due?.getTime() }),
      },
      reason: row.reason,
    }),
    source: row.source,
    ended: row.ended,
  };
}

export function toPolicyGrant(grant: GrantRecord): PolicyGrant {
  return {
    kind: 'Grant',
    uid: grant.uid,
    name: grant.name,
    labels: grant.labels,
    subjects: grant.subjects.map(compiledSubject),
    roleUid: grant.role.uid,
    scope: grant.scope,
    ...defined({
      notBefore: grant.notBefore,
      until: grant.until,
      match: grant.match,
      hours: grant.hours,
      windows: grant.laid?.windows,
      reason: grant.reason,
    }),
    source: grant.source,
    ended: grant.ended,
  };
}

/** A service identity holds grants as a person does (`serviceHolder` of the domain). */
const compiledSubject = ({ kind, uid }: SubjectReference): GrantSubject =>
  kind === 'ServiceIdentity' ? { kind: 'User', uid } : { kind, uid };

const dateOf = (millis: number | undefined): Date | undefined =>
  millis === undefined ? undefined : new Date(millis);

/** Where each kind of subject stands. */
export const subjectColumns = {
  User: 'user_uid',
  Group: 'group_uid',
  ServiceIdentity: 'service_uid',
  Team: 'team_uid',
} as const satisfies Record<SubjectReference['kind'], string>;

const subjectRows: StoredPart<GrantRecord> = {
  table: 'grant_subjects',
  owner: 'grant_uid',
  columns: {
    ordinal: 'integer',
    user_uid: 'text',
    group_uid: 'text',
    service_uid: 'text',
    team_uid: 'text',
  },
  toRows: ({ subjects }) =>
    subjects.map(({ kind, uid }, at) => ({
      ordinal: at + 1,
      [subjectColumns[kind]]: uid,
    })),
};

/** A cluster that was removed keeps its row, so no foreign key speaks up for it. */
const clusterRows: StoredPart<GrantRecord> = {
  table: 'grant_clusters',
  owner: 'grant_uid',
  columns: { cluster_uid: 'text' },
  among: {
    cluster_uid: (values) =>
      `SELECT c.uid FROM clusters c WHERE c.uid IN (${values}) AND c.removed_at IS NULL FOR KEY SHARE`,
  },
  toRows: ({ clusters }) => clusters.map(({ uid }) => ({ cluster_uid: uid })),
};

/** Grants in the database. */
export const grantRows: StoredKind<GrantRow, GrantRecord> = {
  kind: 'Grant',
  table: 'grants',
  select: selectGrants,
  searched: ['t.name', 't.reason'],
  toRecord: toGrant,
  columns: {
    role_uid: 'text',
    clusters_scope: 'text',
    cluster_selector: 'jsonb',
    namespaces: 'jsonb',
    not_before: 'timestamptz',
    until: 'timestamptz',
    match: 'text',
    hours: 'jsonb',
    windows: 'jsonb',
    windows_due: 'timestamptz',
    reason: 'text',
    source: 'text',
    ended: 'boolean',
  },
  toColumns: ({ role, scope: { clusters, namespaces }, notBefore, until, ...rest }) => ({
    role_uid: role.uid,
    clusters_scope: clusters.type,
    cluster_selector: clusters.type === 'selector' ? clusters.selector : undefined,
    namespaces,
    not_before: dateOf(notBefore),
    until: dateOf(until),
    match: rest.match,
    hours: rest.hours,
    windows: rest.laid?.windows,
    windows_due: dateOf(rest.laid?.due),
    reason: rest.reason,
    source: rest.source,
    ended: rest.ended,
  }),
  parts: [subjectRows, clusterRows],
  snapshot: [grantSnapshot],
};

export interface GrantListQuery extends KeysetQuery {
  /** Grants that name this user as a subject. */
  readonly userUid?: string;
  readonly groupUid?: string;
  readonly roleUid?: string;
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
  return listKind(sql, grantRows, query, conditions);
}

/** By name; null when there is none. */
export function findGrant(sql: Sql, name: string): Promise<GrantRecord | null> {
  return findOfKind(sql, grantRows, name);
}
