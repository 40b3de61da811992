import type { CentralEventType } from '@ambit/domain';
import { grantScopeText } from '@ambit/domain';
import type {
  ClusterRecord,
  GrantRecord,
  GroupRecord,
  NewAuditEvent,
  Put,
  Removed,
  RoleRecord,
  Transaction,
  UserRecord,
} from '@ambit/persistence';

type Kind = 'User' | 'Group' | 'Role' | 'Grant' | 'Cluster';
type Audit = Pick<Transaction, 'audit'>;

interface Named {
  readonly uid: string;
  readonly name: string;
}

/** Most subjects that one event lists. */
const mostSubjects = 32;

const objectOf = (kind: Kind, { name, uid }: Named): NonNullable<NewAuditEvent['object']> => ({
  kind,
  name,
  uid,
});

const listed = (names: readonly string[]): string =>
  names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

/** What a put of a user did, as events of its transaction. */
export function auditUser({ audit }: Audit, { outcome, record, previous }: Put<UserRecord>): void {
  if (outcome === 'unchanged') return;
  const event = { object: objectOf('User', record), subjects: [record.name] };
  if (previous !== undefined && previous.active !== record.active) {
    audit.record(
      record.active
        ? { type: 'user.activated', message: `User ${record.name} was activated`, ...event }
        : {
            type: 'user.deactivated',
            message: `User ${record.name} was deactivated: all access ends`,
            ...event,
          },
    );
    return;
  }
  const type = outcome === 'created' ? 'user.created' : 'user.updated';
  audit.record({ type, message: `User ${record.name} was ${outcome}`, ...event });
}

/** What a put of a group did, who came and who went included. */
export function auditGroup(tx: Audit, { outcome, record, previous }: Put<GroupRecord>): void {
  if (outcome === 'unchanged') return;
  const before = new Set(previous?.members);
  const after = new Set(record.members);
  const added = record.members.filter((name) => !before.has(name));
  const removed = [...before].filter((name) => !after.has(name));
  const onlyMembers =
    previous !== undefined &&
    added.length + removed.length > 0 &&
    JSON.stringify({ ...previous, members: [] }) === JSON.stringify({ ...record, members: [] });
  if (!onlyMembers) {
    const type = outcome === 'created' ? 'group.created' : 'group.updated';
    const message = `Group ${record.name} was ${outcome}`;
    const { closedTo } = record;
    const details = closedTo && { details: { closedTo: closedTo.join(',') || 'nobody' } };
    tx.audit.record({ type, message, object: objectOf('Group', record), ...details });
  }
  auditMembers(tx, record, { added, removed });
}

/** Members who came to a group and who left it. */
export function auditMembers(
  { audit }: Audit,
  group: Named,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): void {
  const record = (type: CentralEventType, names: readonly string[], verb: string): void => {
    if (names.length === 0) return;
    audit.record({
      type,
      message: `${listed(names)} ${verb} group ${group.name}`,
      object: objectOf('Group', group),
      subjects: names.slice(0, mostSubjects),
      details: { members: names.length },
    });
  };
  record('group.member_added', added, 'joined');
  record('group.member_removed', removed, 'left');
}

export function auditRole({ audit }: Audit, { outcome, record }: Put<RoleRecord>): void {
  if (outcome === 'unchanged') return;
  const means =
    record.clusterRole === undefined
      ? { rules: record.rules?.length ?? 0 }
      : { clusterRole: record.clusterRole };
  audit.record({
    type: outcome === 'created' ? 'role.created' : 'role.updated',
    message: `Role ${record.name} was ${outcome}`,
    object: objectOf('Role', record),
    details: means,
  });
}

export function auditCluster({ audit }: Audit, { outcome, record }: Put<ClusterRecord>): void {
  if (outcome === 'unchanged') return;
  const created = outcome === 'created';
  audit.record({
    type: created ? 'cluster.added' : 'cluster.updated',
    message: `Cluster ${record.name} was ${created ? 'added' : 'updated'}`,
    cluster: record.name,
    object: objectOf('Cluster', record),
  });
}

/** What a put of a grant did; the subjects are those that hold it, held it, or both. */
export function auditGrant(
  { audit }: Audit,
  { outcome, record, previous }: Put<GrantRecord>,
): void {
  if (outcome === 'unchanged') return;
  audit.record({
    type: outcome === 'created' ? 'grant.created' : 'grant.updated',
    message: `Grant ${record.name} was ${outcome}: ${grantText(record)}`,
    ...grantFacts(record, previous),
  });
}

export function auditGrantDeleted({ audit }: Audit, record: GrantRecord): void {
  audit.record({
    type: 'grant.deleted',
    message: `Grant ${record.name} was deleted: ${grantText(record)}`,
    ...grantFacts(record),
  });
}

/** The time of a grant is over and the sweep took note of it; agents ended it by themselves. */
export function auditGrantEnded({ audit }: Audit, record: GrantRecord): void {
  audit.record({
    type: 'grant.ended',
    message: `Grant ${record.name} has ended: ${grantText(record)}`,
    ...grantFacts(record),
  });
}

/** A removed user, group, role or cluster with the grants that were narrowed or went with it. */
export function auditRemoved(
  { audit }: Audit,
  kind: Exclude<Kind, 'Grant'>,
  removed: Pick<Removed<Named>, 'record'> & Partial<Removed<Named>>,
): void {
  const { record, memberships = 0, narrowedGrants = [], removedGrants = [] } = removed;
  const grants = [...narrowedGrants, ...removedGrants];
  audit.record({
    type: removalTypes[kind],
    message: `${kind} ${record.name} was ${kind === 'Cluster' ? 'removed' : 'deleted'}`,
    object: objectOf(kind, record),
    ...(kind === 'Cluster' ? { cluster: record.name } : {}),
    ...(kind === 'User' ? { subjects: [record.name] } : {}),
    ...(grants.length === 0 ? {} : { grants: grants.slice(0, mostSubjects) }),
    details: { memberships, grants: grants.length },
  });
  const because = `${kind.toLowerCase()} ${record.name} is gone`;
  for (const name of narrowedGrants) {
    const message = `Grant ${name} was narrowed: ${because}`;
    audit.record({
      type: 'grant.updated',
      message,
      object: { kind: 'Grant', name },
      grants: [name],
    });
  }
  for (const name of removedGrants) {
    const message = `Grant ${name} was deleted, nothing is left of it: ${because}`;
    audit.record({
      type: 'grant.deleted',
      message,
      object: { kind: 'Grant', name },
      grants: [name],
    });
  }
}

const removalTypes = {
  User: 'user.deleted',
  Group: 'group.deleted',
  Role: 'role.deleted',
  Cluster: 'cluster.removed',
} as const;

const subjectsOf = ({ subjects }: GrantRecord): string[] =>
  subjects.map(({ kind, name }) => (kind === 'Group' ? `group/${name}` : name));

function grantFacts(
  record: GrantRecord,
  previous?: GrantRecord,
): Pick<NewAuditEvent, 'object' | 'subjects' | 'grants' | 'details'> {
  const before = previous === undefined ? [] : subjectsOf(previous);
  const { until, reason } = record;
  return {
    object: objectOf('Grant', record),
    grants: [record.name],
    subjects: [...new Set([...subjectsOf(record), ...before])].slice(0, mostSubjects),
    details: {
      role: record.role.name,
      scope: scopeText(record),
      ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

function scopeText({ scope, clusters }: GrantRecord): string {
  const names = new Map(clusters.map(({ uid, name }) => [uid, name]));
  return grantScopeText(scope, (uid) => names.get(uid) ?? uid);
}

function grantText(record: GrantRecord): string {
  const until = record.until === undefined ? '' : ` until ${new Date(record.until).toISOString()}`;
  return `${record.role.name} in ${scopeText(record)} for ${listed(subjectsOf(record))}${until}`;
}
