import { apiVersion, CeilingReport, IntentProblem } from '@ambit/contracts';
import type { Cluster } from '@ambit/contracts';
import type { CoarseDepartures } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { ClusterRecord, ClusterSyncRecord, StateAhead } from '@ambit/persistence';
import { defined } from '@ambit/kernel';
import { objectMeta, timestamp } from '../../platform/object-response.ts';

type Status = Cluster['status'];
type Problem = Status['problems'][number];

/** A problem as it is stored: as the agent told it, where what is not said is empty. */
type StoredProblem = Omit<Problem, 'effect' | 'grants'> & { readonly effect?: string };

const effects: Readonly<Record<string, Problem['effect']>> = {
  PROBLEM_EFFECT_LACKS: 'lacks',
  PROBLEM_EFFECT_EXCESS: 'excess',
};
type Session = NonNullable<Status['session']>;

/** The part of an ApplyReport that is stored as `results`, with what Status adds. */
export interface StoredResults {
  readonly problems?: readonly StoredProblem[];
  readonly moreProblems?: number;
  readonly heldRemovals?: number;
  readonly heldGains?: number;
  readonly objects?: number;
  readonly driftRepairs?: number;
}

export interface StatusFacts {
  readonly sync: ClusterSyncRecord | undefined;
  readonly connected: boolean;
  /** When an agent connected to this replica was heard; its record is written only now and then. */
  readonly lastHeard?: Millis | undefined;
  readonly desiredRevision: number | undefined;
  readonly now: Millis;
  readonly grantsBehind: GrantsBehind;
  /** What its agent proved to hold although the database does not know it. */
  readonly ahead: StateAhead | undefined;
  /** Too many people left groups that its bindings name. */
  readonly coarse?: CoarseDepartures | undefined;
}

/** An agent not heard for longer than this is shown as offline, whatever the record of its stream says. */
const silentAfterMs = 90_000;

/** True when a stream of the cluster is open, here or on another replica that has heard it lately. */
export function isConnected(
  sync: Pick<ClusterSyncRecord, 'lastSeenAt' | 'disconnectedAt'> | undefined,
  here: boolean,
  now: Millis,
): boolean {
  if (here) return true;
  if (sync?.lastSeenAt === undefined || sync.disconnectedAt !== undefined) return false;
  return now - sync.lastSeenAt < silentAfterMs;
}

/**
 * Revision that the agent of an open stream has to apply, as its record says: what it was sent, also when it did not take
 * it. A stream is brought up to date when it opens.
 */
export function revisionAsked(
  sync: Pick<ClusterSyncRecord, 'acceptedRevision' | 'offeredRevision'> | undefined,
): number | undefined {
  const { acceptedRevision: accepted, offeredRevision: offered } = sync ?? {};
  return accepted === undefined ? offered : Math.max(accepted, offered ?? 0);
}

/** The cluster as it is answered: what is stored, what its agent reported, and how old that is. */
export function clusterResponse(cluster: ClusterRecord, facts: StatusFacts): Cluster {
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: objectMeta(cluster),
    spec: {
      subjects: { mode: cluster.subjectMode, userPrefix: cluster.userPrefix },
      ...defined({ access: cluster.access }),
    },
    status: statusOf(cluster, facts),
  };
}

function statusOf(cluster: ClusterRecord, facts: StatusFacts): Status {
  const { sync, connected, desiredRevision } = facts;
  const { kubeSystemUid } = cluster;
  const results = (sync?.results ?? {}) as StoredResults;
  const { objects, driftRepairs, heldRemovals, heldGains, moreProblems = 0 } = results;
  const counts = { objects, driftRepairs, heldRemovals, heldGains };
  return {
    ...defined({ kubeSystemUid, desiredRevision, ...counts }),
    phase: phaseOf(cluster, connected),
    connected,
    ...(sync === undefined ? {} : syncFields(sync, facts)),
    problems: shownProblems(results.problems, facts.grantsBehind),
    moreProblems,
    ...ceilingOf(sync),
    conditions: [
      ...conditionsOf(cluster, sync, connected),
      ...aheadCondition(facts.ahead),
      ...departuresCondition(facts.coarse),
    ],
  };
}

function phaseOf({ kubeSystemUid }: ClusterRecord, connected: boolean): Status['phase'] {
  if (kubeSystemUid === undefined) return 'AwaitingAgent';
  return connected ? 'Connected' : 'Offline';
}

function syncFields(
  sync: ClusterSyncRecord,
  { connected, now, lastHeard }: Pick<StatusFacts, 'connected' | 'now' | 'lastHeard'>,
): Partial<Status> {
  const { acceptedRevision, appliedRevision, lastSeenAt, connectedAt } = sync;
  const seen = lastHeard ?? lastSeenAt ?? connectedAt;
  return defined({
    lastSeenAt: seen === undefined ? undefined : timestamp(seen),
    lastSeenAgeSeconds: seen && Math.max(0, (now - seen) / 1000),
    acceptedRevision,
    appliedRevision,
    session: connected ? sessionOf(sync) : undefined,
    agent: agentOf(sync),
  });
}

function sessionOf({ sessionEpoch, replica = '', connectedAt }: ClusterSyncRecord): Session {
  const since = connectedAt === undefined ? {} : { since: timestamp(connectedAt) };
  return { epoch: sessionEpoch, replica, ...since };
}

function agentOf({ agentVersion, kubernetesVersion = '' }: ClusterSyncRecord): Status['agent'] {
  return agentVersion === undefined ? undefined : { version: agentVersion, kubernetesVersion };
}

/** Names of the grants behind an intent of a cluster; undefined when it has none. */
export type GrantsBehind = (key: string) => readonly string[] | undefined;

/** Problems as they are answered; what is empty is absent, and a reason of a later version is told in words. */
export function shownProblems(
  problems: readonly StoredProblem[] | undefined,
  grantsBehind: GrantsBehind,
): Problem[] {
  return (problems ?? []).flatMap((problem) => {
    const parsed = IntentProblem.safeParse(shownProblem(problem, grantsBehind(problem.key)));
    return parsed.success ? [parsed.data] : [];
  });
}

function shownProblem(
  { key, namespace, object, effect = '', ...problem }: StoredProblem,
  grants: readonly string[] | undefined,
): Problem {
  const { subjects = [], moreSubjects, changedBy, binds } = problem;
  return defined({
    key,
    ...inOurWords(problem),
    namespace: said(namespace),
    object: said(object),
    effect: effects[effect],
    subjects: subjects.length === 0 ? undefined : [...subjects],
    moreSubjects: moreSubjects === 0 ? undefined : moreSubjects,
    // An agent of an earlier version passes on what Kubernetes calls a writer that did not say what it is.
    changedBy: changedBy === 'unknown' ? undefined : said(changedBy),
    binds: said(binds),
    grants: grants && [...grants],
  });
}

/** What is not said is empty. */
const said = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function inOurWords({
  reason,
  message,
}: Pick<StoredProblem, 'reason' | 'message'>): Pick<Problem, 'reason' | 'message'> {
  const known = IntentProblem.shape.reason.safeParse(reason).success;
  return known ? { reason, message } : { reason: 'other', message: `${reason}: ${message}` };
}

/** A ceiling that cannot be read, from an agent of another version, is left out. */
function ceilingOf(sync: ClusterSyncRecord | undefined): Pick<Status, 'ceiling'> | undefined {
  const { ceiling, ceilingDigest: digest } = sync ?? {};
  if (ceiling === undefined || digest === undefined) return undefined;
  const parsed = CeilingReport.safeParse({ ...(ceiling as object), digest });
  return parsed.success ? { ceiling: parsed.data } : undefined;
}

function conditionsOf(
  cluster: ClusterRecord,
  sync: ClusterSyncRecord | undefined,
  connected: boolean,
): Status['conditions'] {
  const reason = connected
    ? 'StreamOpen'
    : cluster.kubeSystemUid === undefined
      ? 'NeverEnrolled'
      : 'NoStream';
  return [
    { type: 'Connected', status: connected ? 'True' : 'False', reason },
    ...(sync?.conditions ?? []).map((type) => reportedCondition(type)),
  ];
}

const printPolicy = 'write what "ambit-agent print-policy" prints for the ceiling of this cluster';

/** What the owner of a cluster can do about it; what else agents report is told by its name alone. */
const remedies: ReadonlyMap<string, string> = new Map([
  ['ADMISSION_POLICY_MISSING', `the API server does not enforce the ceiling: ${printPolicy}`],
  [
    'AUDIT_STALLED',
    'its audit events wait on its disk and do not reach central: look at the log of the agent, and whether a proxy or a firewall cuts its second connection',
  ],
  [
    'CLOCK_UNCERTAIN',
    'the clocks of its machine, of its API server and of central differ by more than 30 s, so that grants end early and begin late until that is mended; which one is wrong: ambit activity --type "clock.*"',
  ],
  ['ADMISSION_POLICY_OUTDATED', `the API server enforces another ceiling: ${printPolicy}`],
]);

function reportedCondition(type: string): Status['conditions'][number] {
  const message = remedies.get(type);
  const told = message === undefined ? {} : { message };
  return { type, status: 'True', reason: 'ReportedByAgent', ...told };
}

function aheadCondition(ahead: StateAhead | undefined): Status['conditions'] {
  if (ahead === undefined) return [];
  const { heldEpoch, heldRevision, stateEpoch, revision, provedAt } = ahead;
  return [
    {
      type: 'StateAhead',
      status: 'True',
      reason: 'DatabaseRestored',
      message: `its agent holds revision ${heldRevision} of epoch ${heldEpoch}, the database was at revision ${revision} of epoch ${stateEpoch}; no change is taken until: ambit-central epoch raise`,
      lastTransitionTime: timestamp(provedAt),
    },
  ];
}

/** Groups that a condition names; whoever is in another one sees that there are more. */
const mostNamed = 10;

function departuresCondition(coarse: CoarseDepartures | undefined): Status['conditions'] {
  if (coarse === undefined) return [];
  const { groups, from } = coarse;
  const more = groups.length - mostNamed;
  const named = [...groups.slice(0, mostNamed), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const lost = [
    ...(groups.length === 0
      ? []
      : [`older tokens do not give ${named}, to those who stay there either`]),
    ...(from === undefined ? [] : [`tokens from before ${timestamp(from)} give no group at all`]),
  ];
  return [
    {
      type: 'GroupsOfOldTokens',
      status: 'True',
      reason: 'TooManyDepartures',
      message: `more people left groups within an hour than its agent can be told one by one: ${lost.join(', and ')}. kubectl gets the next token by itself when this one ends`,
    },
  ];
}
