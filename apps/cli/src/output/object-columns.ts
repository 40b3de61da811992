import {
  formatScope,
  type Cluster,
  type Grant,
  type Group,
  type PolicyKindName,
  type Role,
  type User,
} from '@ambit/contracts';
import type { PolicyResource } from '../kinds.ts';
import { relativeTime } from './relative-time.ts';
import type { Column } from './table.ts';

function labels(object: PolicyResource): string {
  return Object.entries(object.metadata.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function columnsOf<T extends PolicyResource>(now: number, own: readonly Column<T>[]): Column<T>[] {
  return [
    { title: 'NAME', value: ({ metadata }) => metadata.name },
    ...own,
    { title: 'LABELS', value: labels, wide: true },
    { title: 'REVISION', value: ({ metadata }) => metadata.resourceVersion, wide: true },
    { title: 'UID', value: ({ metadata }) => metadata.uid, wide: true },
    { title: 'AGE', value: ({ metadata }) => relativeTime(metadata.creationTimestamp, now) },
  ];
}

const user: Column<User>[] = [
  { title: 'ACTIVE', value: ({ spec }) => (spec.active ? 'yes' : 'no') },
  { title: 'GROUPS', value: ({ status }) => status.groups.join(','), flexible: true },
  { title: 'DISPLAY-NAME', value: ({ spec }) => spec.displayName ?? '', wide: true },
];

const group: Column<Group>[] = [
  { title: 'MEMBERS', value: ({ status }) => String(status.memberCount) },
  { title: 'WHO', value: ({ spec }) => spec.members.slice(0, 20).join(','), flexible: true },
  { title: 'CLOSED-TO', value: ({ spec }) => closedToText(spec), wide: true },
];

/** Nothing where nobody said it: then the grants of the group decide. */
function closedToText({ closedTo }: Group['spec']): string {
  return closedTo === undefined ? '' : closedTo.join(',') || 'nobody';
}

const role: Column<Role>[] = [
  { title: 'MADE-OF', value: roleText, flexible: true },
  { title: 'BUILT-IN', value: ({ status }) => (status.builtIn ? 'yes' : 'no') },
  { title: 'DESCRIPTION', value: ({ spec }) => spec.description ?? '', wide: true },
];

function roleText({ spec }: Role): string {
  if (spec.clusterRole !== undefined) return `ClusterRole/${spec.clusterRole}`;
  const count = spec.rules?.length ?? 0;
  return count === 1 ? '1 rule' : `${count} rules`;
}

/** `alice,group/sre`: subjects as the command takes them. */
export function subjectsText(subjects: Grant['spec']['subjects']): string {
  return subjects.map((one) => one.user ?? `group/${one.group ?? ''}`).join(',');
}

/** End of a grant: `in 42m`, `standing`, or that it is over. */
export function untilText({ spec, status }: Grant, now: number): string {
  if (status.state === 'Ended') return 'ended';
  if (status.state === 'Scheduled') return `from ${relativeTime(spec.notBefore, now)}`;
  return spec.until === undefined ? 'standing' : relativeTime(spec.until, now);
}

/** `Active` only where nothing is known against it; else with the clusters in which it is not in force. */
export function stateText({ status }: Grant): string {
  const { state, clusters } = status;
  if (state !== 'Active' || clusters === undefined) return state;
  const { reached, hindered, waiting } = clusters;
  const of = reached === 1 ? '1 cluster' : `${reached} clusters`;
  if (reached === 0) return 'Active, in no cluster';
  if (hindered > 0) return `Active, not in ${hindered} of ${of}`;
  return waiting > 0 ? `Active, waits for ${waiting} of ${of}` : state;
}

const grant = (now: number): Column<Grant>[] => [
  { title: 'SUBJECTS', value: ({ spec }) => subjectsText(spec.subjects), flexible: true },
  { title: 'ROLE', value: ({ spec }) => spec.role, flexible: true },
  { title: 'SCOPE', value: ({ spec }) => formatScope(spec.scope), flexible: true },
  { title: 'STATE', value: stateText, flexible: true },
  { title: 'UNTIL', value: (one) => untilText(one, now) },
  { title: 'REASON', value: ({ spec }) => spec.reason ?? '', wide: true },
];

/** `418/418`: applied and wanted revision of a cluster; `418/?` when central does not know the wanted one. */
export function progressText({ status }: Cluster): string {
  const { appliedRevision, desiredRevision } = status;
  if (appliedRevision === undefined && desiredRevision === undefined) return '';
  return `${appliedRevision ?? '-'}/${desiredRevision ?? '?'}`;
}

const cluster = (now: number): Column<Cluster>[] => [
  { title: 'STATE', value: ({ status }) => status.phase },
  { title: 'APPLIED', value: progressText },
  {
    title: 'PROBLEMS',
    value: ({ status }) => String(status.problems.length + status.moreProblems),
  },
  { title: 'AGENT', value: ({ status }) => status.agent?.version ?? '', flexible: true },
  { title: 'SEEN', value: ({ status }) => relativeTime(status.lastSeenAt, now) },
  { title: 'KUBERNETES', value: ({ status }) => status.agent?.kubernetesVersion ?? '', wide: true },
];

/** Columns of a kind; `now` is what relative times are counted from. */
export function objectColumns(
  kind: PolicyKindName,
  now: number,
): readonly Column<PolicyResource>[] {
  const all: Record<PolicyKindName, readonly Column<never>[]> = {
    User: columnsOf(now, user),
    Group: columnsOf(now, group),
    Role: columnsOf(now, role),
    Grant: columnsOf(now, grant(now)),
    Cluster: columnsOf(now, cluster(now)),
  };
  return all[kind] as readonly Column<PolicyResource>[];
}
