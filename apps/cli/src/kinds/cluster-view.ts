import { clusterKind, type Cluster } from '@ambit/contracts';
import { problemTexts } from '../output/cluster-problems.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns = (now: number): Column<Cluster>[] => [
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

export const clusterView = kindView<Cluster>({
  contract: clusterKind,
  columns,
  lines: clusterLines,
  whenNone: 'ambit cluster add NAME',
  deletedBy: {
    why: 'a cluster is emptied before it is forgotten',
    command: (name) => `ambit cluster rm ${name}`,
  },
});

/**
 * `418/418`: applied and wanted revision of a cluster; `418/?` when central does not know the wanted one. An agent that
 * joined after the last change that touched its cluster applied a later state, which holds that change too.
 */
function progressText({ status }: Cluster): string {
  const { appliedRevision, desiredRevision } = status;
  if (appliedRevision === undefined && desiredRevision === undefined) return '';
  const wanted = desiredRevision && Math.max(desiredRevision, appliedRevision ?? 0);
  return `${appliedRevision ?? '-'}/${wanted ?? '?'}`;
}

function clusterLines(cluster: Cluster, now: number): Line[] {
  const { spec, status } = cluster;
  const { ceiling, lastSeenAt } = status;
  return [
    ['People', peopleText(spec)],
    ['Access', accessText(spec.access)],
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

function peopleText({ subjects: { mode, userPrefix }, access }: Cluster['spec']): string {
  return access?.credential === 'ServiceAccountToken'
    ? `ServiceAccounts in ambit-access, made for ${userPrefix}NAME`
    : `${mode}, as ${userPrefix}NAME`;
}

function accessText(access: Cluster['spec']['access']): string {
  if (access === undefined || access.credential === 'None') return 'none through Ambit';
  const { credential, via, ttl, server } = access;
  const way = credential === 'Token' ? ` through ${via}` : '';
  return `${credential} for ${ttl}${way}${server === undefined ? '' : `, at ${server}`}`;
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
