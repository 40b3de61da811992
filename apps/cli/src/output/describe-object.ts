import {
  formatScope,
  type Cluster,
  type Grant,
  type Group,
  type Role,
  type User,
} from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import type { PolicyResource } from '../kinds.ts';
import { problemTexts } from './cluster-problems.ts';
import { progressText, stateText, subjectsText, untilText } from './object-columns.ts';
import { oneLine } from './one-line.ts';
import { relativeTime } from './relative-time.ts';

type Line = readonly [title: string, value: string | readonly string[]];

/** Everything about an object, one fact per line; what is not there is left out. */
export function describeObject(object: PolicyResource, now: number): string {
  const lines = [
    ...metaLines(object, now),
    ...ownLines(object, now),
    ...conditionLines(object, now),
  ];
  const shown = lines.filter(([, value]) => value.length > 0);
  const width = Math.max(...shown.map(([title]) => title.length)) + 3;
  return shown.map(([title, value]) => factText(title, value, width)).join('');
}

function factText(title: string, value: Line[1], width: number): string {
  const values = typeof value === 'string' ? [value] : value;
  return values
    .map(
      (one, index) =>
        `${(index === 0 && title !== '' ? `${title}:` : '').padEnd(width)}${printable(one)}\n`,
    )
    .join('');
}

function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}

function metaLines({ kind, metadata }: PolicyResource, now: number): Line[] {
  return [
    ['Name', metadata.name],
    ['Kind', kind],
    ['Labels', pairs(metadata.labels)],
    ['Annotations', pairs(metadata.annotations)],
    ['UID', metadata.uid],
    ['Revision', `${metadata.resourceVersion} (generation ${metadata.generation})`],
    [
      'Created',
      `${metadata.creationTimestamp} (${relativeTime(metadata.creationTimestamp, now)} ago)`,
    ],
  ];
}

function ownLines(object: PolicyResource, now: number): Line[] {
  switch (object.kind) {
    case 'User':
      return userLines(object);
    case 'Group':
      return groupLines(object);
    case 'Role':
      return roleLines(object);
    case 'Grant':
      return grantLines(object, now);
    case 'Cluster':
      return clusterLines(object, now);
  }
}

function userLines({ spec, status }: User): Line[] {
  return [
    ['Display name', spec.displayName ?? ''],
    ['Active', spec.active ? 'yes' : 'no: has no access anywhere'],
    ['Groups', status.groups],
  ];
}

function groupLines({ spec }: Group): Line[] {
  return [
    ['Display name', spec.displayName ?? ''],
    ['Closed to', spec.closedTo === undefined ? '' : spec.closedTo.join(', ') || 'nobody'],
    ['Members', spec.members.length === 0 ? 'nobody' : spec.members],
  ];
}

function roleLines({ spec, status }: Role): Line[] {
  const rules = (spec.rules ?? []).map(
    ({ verbs, resources, nonResourceURLs, apiGroups, resourceNames }) => {
      const what = (resources ?? nonResourceURLs ?? []).join(', ');
      const groups = (apiGroups ?? []).map((group) => (group === '' ? 'core' : group)).join(', ');
      const only = resourceNames === undefined ? '' : ` named ${resourceNames.join(', ')}`;
      return `${verbs.join(', ')}: ${what}${only}${groups === '' ? '' : ` (${groups})`}`;
    },
  );
  return [
    ['Description', spec.description ?? ''],
    ['Built in', status.builtIn ? 'yes' : ''],
    ['ClusterRole', spec.clusterRole ?? ''],
    ['Rules', rules],
  ];
}

function grantLines(grant: Grant, now: number): Line[] {
  const { spec } = grant;
  return [
    ['Subjects', subjectsText(spec.subjects).split(',')],
    ['Role', spec.role],
    ['Scope', formatScope(spec.scope)],
    ['State', stateText(grant)],
    ['From', spec.notBefore ?? ''],
    ['Until', spec.until === undefined ? 'standing' : `${spec.until} (${untilText(grant, now)})`],
    ['Reason', spec.reason ?? ''],
  ];
}

function clusterLines(cluster: Cluster, now: number): Line[] {
  const { spec, status } = cluster;
  const { ceiling, lastSeenAt } = status;
  return [
    ['People', `${spec.subjects.mode}, as ${spec.subjects.userPrefix}NAME`],
    ['State', status.phase],
    ['Last seen', lastSeenAt === undefined ? 'never' : `${relativeTime(lastSeenAt, now)} ago`],
    ['Applied', progressText(cluster)],
    ['Objects', count(status.objects)],
    ['Drift repaired', count(status.driftRepairs)],
    ['Held removals', heldText(cluster)],
    ['Held gains', gainsText(cluster)],
    ...agentLines(status),
    ...(ceiling === undefined ? [] : ceilingLines(ceiling)),
    ['Problems', problemTexts(status)],
  ];
}

function agentLines({ agent, session }: Cluster['status']): Line[] {
  const until = agent?.certificateNotAfter;
  return [
    ['Session', session === undefined ? '' : `${session.epoch} on ${session.replica}`],
    ['Agent', agent === undefined ? '' : (agent.version ?? 'unknown version')],
    ['Kubernetes', agent?.kubernetesVersion ?? ''],
    ['Certificate', until === undefined ? '' : `until ${until}`],
  ];
}

function count(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function heldText({ metadata, status }: Cluster): string {
  const { heldRemovals = 0 } = status;
  if (heldRemovals === 0) return '';
  return `${heldRemovals}; to let them through: ambit cluster release-removals ${metadata.name}`;
}

function gainsText({ metadata, status }: Cluster): string {
  const { heldGains = 0 } = status;
  if (heldGains === 0) return '';
  return `${heldGains}; to let them through: ambit cluster release-gains ${metadata.name}`;
}

function ceilingLines(ceiling: NonNullable<Cluster['status']['ceiling']>): Line[] {
  const { allowedClusterRoles, customRoles, clusterScope, protectedNamespaces } = ceiling;
  return [
    ['Ceiling', `may bind: ${allowedClusterRoles.join(', ') || 'nothing'}`],
    [
      '',
      `rules of ours: ${customRoles.rules.length === 0 ? 'none' : `${customRoles.rules.length} allowed`}`,
    ],
    ['', `whole cluster: ${clusterScope ? 'yes' : 'no'}`],
    ['', `never in: ${protectedNamespaces.join(', ') || '-'}`],
  ];
}

function conditionLines({ status }: PolicyResource, now: number): Line[] {
  const lines = status.conditions.map(
    ({ type, status: value, reason, message, lastTransitionTime }) => {
      const since =
        lastTransitionTime === undefined ? '' : ` for ${relativeTime(lastTransitionTime, now)}`;
      return `${type}=${value} (${reason})${since}${message === undefined ? '' : `: ${oneLine(message)}`}`;
    },
  );
  return [['Conditions', lines]];
}
