import type { ApplyResult, ClusterEffect, ClusterProgress, IntentProblem } from '@ambit/contracts';
import { distinctProblems } from './cluster-problems.ts';

export interface ToldChange extends Pick<ApplyResult, 'revision' | 'clusters'> {
  /** How long it was waited for. */
  readonly tookMs: number;
}

export interface Found {
  readonly cluster: string;
  readonly problem: IntentProblem;
}

/** What came of a change. */
export interface InForceVerdict {
  /** Access that stays although it was taken away, as agents report it. */
  readonly kept: readonly Found[];
  readonly lacking: readonly Found[];
  /** Offline clusters in which the change takes access away, so that people keep it. */
  readonly keeping: readonly ClusterProgress[];
  /** The other offline clusters. */
  readonly offline: readonly ClusterProgress[];
  /** Connected clusters that are not through. */
  readonly late: readonly ClusterProgress[];
  /** Clusters of which not all problems are known. */
  readonly untold: readonly ClusterProgress[];
}

/** Looks through how far clusters are with a change. */
export function verdictOf(
  clusters: readonly ClusterProgress[],
  change: ToldChange,
): InForceVerdict {
  const found = foundIn(clusters);
  const away = clusters.filter(({ done, connected }) => !done && !connected);
  const keeping = away.filter((cluster) => keepsAccess(cluster, change));
  return {
    kept: found.filter(({ problem }) => problem.effect === 'excess'),
    lacking: found.filter(({ problem }) => problem.effect !== 'excess'),
    keeping,
    offline: away.filter((cluster) => !keeping.includes(cluster)),
    late: clusters.filter(({ done, connected }) => !done && connected),
    untold: clusters.filter(({ done, moreProblems }) => done && moreProblems > 0),
  };
}

/** What the change does to a cluster. */
export function effectOn(
  name: string,
  clusters: readonly ClusterEffect[],
): ClusterEffect | undefined {
  return clusters.find((cluster) => cluster.name === name);
}

/** What the clusters report against the change. */
function foundIn(clusters: readonly ClusterProgress[]): Found[] {
  return clusters.flatMap(({ name, problems }) =>
    distinctProblems(problems).map((problem) => ({ cluster: name, problem })),
  );
}

/** Nothing stands where no agent ever applied anything. */
function keepsAccess(
  { name, appliedRevision }: ClusterProgress,
  { clusters }: ToldChange,
): boolean {
  return appliedRevision !== undefined && (effectOn(name, clusters)?.loseTotal ?? 0) > 0;
}
