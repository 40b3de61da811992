import type { ClusterProgress, IntentProblem } from '@ambit/contracts';
import type { ClusterSyncRecord } from '@ambit/persistence';
import { defined } from '@ambit/kernel';
import { timestamp } from '../../platform/object-response.ts';
import type { StoredResults } from './cluster-response.ts';

export interface ProgressFacts {
  readonly name: string;
  readonly revision: number;
  readonly sync: ClusterSyncRecord | undefined;
  readonly connected: boolean;
  /** Every problem that the agent lists, and those that concern the revision. */
  readonly listed: readonly IntentProblem[];
  readonly problems: readonly IntentProblem[];
}

/** How far a cluster is with a revision, and whether what the revision changed is in force there. */
export function clusterProgress(facts: ProgressFacts): ClusterProgress {
  const { name, revision, sync, connected, listed, problems } = facts;
  const { acceptedRevision, appliedRevision } = sync ?? {};
  const { moreProblems = 0 } = (sync?.results ?? {}) as StoredResults;
  const done = appliedRevision !== undefined && appliedRevision >= revision;
  return {
    name,
    connected,
    ...defined({ acceptedRevision, appliedRevision, ...seen(sync) }),
    done,
    inForce: done && problems.length + moreProblems === 0,
    problems: [...problems],
    otherProblems: listed.length - problems.length,
    moreProblems,
  };
}

function seen(sync: ClusterSyncRecord | undefined): { lastSeenAt?: string } {
  const at = sync?.lastSeenAt ?? sync?.connectedAt;
  return at === undefined ? {} : { lastSeenAt: timestamp(at) };
}
