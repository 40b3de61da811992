import { nextStepOf, type Agent, type Cluster, type SystemInfo } from '@ambit/contracts';
import { instantMillis, printable } from '@ambit/kernel';
import { distinctProblems, problemText } from './cluster-problems.ts';
import { shortDuration } from './relative-time.ts';

/** One thing about a cluster that is not well, and what to do. */
export interface ClusterFinding {
  /** `wrong`: access is not as the policy says, or will not stay so. `look`: somebody has to decide, or soon. */
  readonly is: 'look' | 'wrong';
  readonly what: string;
  readonly next: string;
}

export interface Surroundings {
  readonly system: Pick<SystemInfo, 'version' | 'agentAddress' | 'stateAhead'>;
  /** The newest agent that is not revoked, where one asks for one cluster alone. */
  readonly agent?: Pick<Agent, 'certificateNotAfter'> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const hour = 3_600_000;
const day = 24 * hour;
/** So long after its end a certificate can still be renewed by the agent itself. */
const renewableMs = 7 * day;

/** What is not well with a cluster, worst first; empty when there is nothing to do. */
export function clusterFindings(cluster: Cluster, around: Surroundings): readonly ClusterFinding[] {
  const found = [
    ...aheadFindings(around),
    ...connectionFindings(cluster, around),
    ...problemFindings(cluster),
    ...heldFindings(cluster),
    ...conditionFindings(cluster),
    ...agentFindings(cluster, around),
  ];
  const rank = ({ is }: ClusterFinding): number => (is === 'wrong' ? 0 : 1);
  return found.sort((one, other) => rank(one) - rank(other));
}

/** What hinders every cluster. */
export function aheadFindings({ system }: Pick<Surroundings, 'system'>): ClusterFinding[] {
  const [first] = system.stateAhead ?? [];
  if (first === undefined) return [];
  const { holder, heldRevision, heldEpoch } = first;
  const what = `no change is taken: the database was restored, and ${printable(holder)} had revision ${heldRevision} of epoch ${heldEpoch}`;
  return [
    { is: 'wrong', what, next: 'ambit-central epoch raise, on the machine that holds the keys' },
  ];
}

function connectionFindings(cluster: Cluster, around: Surroundings): ClusterFinding[] {
  const { name } = cluster.metadata;
  const { phase, lastSeenAt, desiredRevision = 0, appliedRevision = 0 } = cluster.status;
  if (phase === 'AwaitingAgent') {
    return [
      { is: 'wrong', what: 'no agent ever enrolled', next: `ambit cluster join-token ${name}` },
    ];
  }
  if (phase === 'Removing') {
    const what = 'it is being emptied, and is not forgotten yet';
    return [{ is: 'look', what, next: `ambit cluster rm ${name}` }];
  }
  if (phase === 'Offline') return [offline(cluster, around, lastSeenAt)];
  if (appliedRevision >= desiredRevision) return [];
  const what = `revision ${appliedRevision} is applied, ${desiredRevision} should be`;
  return [{ is: 'look', what, next: `ambit cluster status ${name}, in a moment again` }];
}

function offline(
  { metadata: { name } }: Cluster,
  { system, agent, now }: Surroundings,
  lastSeenAt: string | undefined,
): ClusterFinding {
  const since =
    lastSeenAt === undefined ? '' : ` for ${shortDuration(now - instantMillis(lastSeenAt))}`;
  const what = `its agent is not connected${since}: what is there stays, ends of grants are kept, changes wait`;
  const ended = now - instantMillis(agent?.certificateNotAfter ?? new Date(now).toISOString());
  const next =
    ended > renewableMs
      ? `its certificate ended ${shortDuration(ended)} ago, too long to be renewed: ambit cluster join-token ${name}`
      : `see that ambit-agent runs there and reaches ${printable(system.agentAddress)} by TCP; its log says what it meets`;
  return { is: 'wrong', what, next };
}

function problemFindings({ metadata: { name }, status }: Cluster): ClusterFinding[] {
  const { problems, moreProblems } = status;
  const told: ClusterFinding[] = distinctProblems(problems).map((problem) => ({
    is: problem.reason === 'held' || problem.reason === 'not_yet_active' ? 'look' : 'wrong',
    what: problemText(problem),
    next: printable(nextStepOf(problem, name)),
  }));
  if (moreProblems === 0) return told;
  const next = 'mend those above; the agent lists the rest as they go';
  return [
    ...told,
    { is: 'wrong', what: `${moreProblems} more problems that are not listed`, next },
  ];
}

function heldFindings({ metadata: { name }, status }: Cluster): ClusterFinding[] {
  const { heldGains = 0, heldRemovals = 0 } = status;
  const held = (count: number, what: string, word: string): ClusterFinding[] =>
    count === 0
      ? []
      : [{ is: 'look', what: `${what}: ${count}`, next: `ambit cluster ${word} ${name}` }];
  return [
    ...held(heldGains, 'access that a raised epoch would give anew waits', 'release-gains'),
    ...held(heldRemovals, 'removals that nobody asked for wait', 'release-removals'),
  ];
}

/** Told elsewhere in full. */
const toldAlready = new Set(['Connected', 'StateAhead']);

function conditionFindings({ metadata: { name }, status }: Cluster): ClusterFinding[] {
  return status.conditions
    .filter((condition) => condition.status === 'True' && !toldAlready.has(condition.type))
    .map(({ type, message }) => ({
      is: 'look',
      what: printable(`its agent reports ${type}`),
      next: printable(message ?? `ambit activity --cluster ${name}`),
    }));
}

function agentFindings(
  { status }: Cluster,
  { system, agent, now }: Surroundings,
): ClusterFinding[] {
  const { version } = status.agent ?? {};
  const left = instantMillis(agent?.certificateNotAfter ?? '') - now;
  return [
    ...(version === undefined || version === system.version
      ? []
      : [
          {
            is: 'look' as const,
            what: printable(`its agent is ${version}, central is ${system.version}`),
            next: 'update the older one; central goes first',
          },
        ]),
    ...(status.connected && left < 6 * hour
      ? [
          {
            is: 'look' as const,
            what: `its certificate ends in ${shortDuration(left)}, and should have been renewed at half of its time`,
            next: 'look for "renew" in the log of the agent',
          },
        ]
      : []),
  ];
}
