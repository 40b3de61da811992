import type { ApplyResult, ClusterEffect, ObjectResult } from '@ambit/contracts';
import { grantOfGroup, holderText, isConditionGroup, teamOfGroup } from '@ambit/domain';
import type { ClusterEffect as MeasuredEffect } from '@ambit/domain';
import { compareText } from '@ambit/kernel';
import type { DocumentOutcome } from './apply-documents.ts';
import type { CommitResult } from './commit-policy.ts';
import type { Connections } from './connections.ts';
import { listed } from './policy-audit.ts';
import type { ObjectCount } from './object-counts.ts';

/** An answer does not grow with the fleet: so many clusters, and so many names in all of them and in each. */
const mostClusters = 200;
const mostNames = 2_000;
const mostNamesOfOne = 100;
const mostTeams = 20;

interface AnswerOptions {
  readonly dryRun: boolean;
  readonly connections: Pick<Connections, 'among'>;
  /** Every cluster and name is wanted. */
  readonly complete?: boolean;
}

/** The answer to a change. */
export async function applyResult(
  result: CommitResult<unknown>,
  objects: readonly ObjectResult[],
  { dryRun, connections, complete = false }: AnswerOptions,
): Promise<ApplyResult> {
  const shown = complete ? result.clusters : mostChanged(result.clusters);
  const connected = await connections.among(shown.map(({ clusterUid }) => clusterUid));
  const names = Math.min(mostNamesOfOne, Math.ceil(mostNames / Math.max(1, shown.length)));
  const most = complete ? Infinity : names;
  const sum = (of: (effect: MeasuredEffect) => number): number =>
    result.clusters.reduce((total, effect) => total + of(effect), 0);
  const answer: ApplyResult = {
    kind: 'ApplyResult',
    dryRun,
    changed: result.changed,
    revision: result.revision,
    objects: [...objects],
    clusters: shown.map((effect) => ({
      ...shownEffect(effect, connected.has(effect.clusterUid), most),
      ...objectsOf(result.objects?.get(effect.clusterUid)),
    })),
    clustersTotal: result.clusters.length,
    bindingsAdded: sum(({ bindingsAdded }) => bindingsAdded),
    bindingsRemoved: sum(({ bindingsRemoved }) => bindingsRemoved),
    ...(result.guard === undefined
      ? {}
      : {
          removalGuard: {
            digest: result.guard.digest,
            excess: result.guard.excess.slice(0, mostClusters).map((each) => ({ ...each })),
          },
        }),
  };
  return dryRun ? withWarnings(answer, movesOf(result.moved)) : answer;
}

/** Who would come into teams and go out of them by rules, and for whom conditions of grants would hold. */
const movesOf = (moved: CommitResult<unknown>['moved']): string[] =>
  moved.slice(0, mostTeams).flatMap(({ group, joined, left }) => {
    if (isConditionGroup(group.name)) {
      const grant = grantOfGroup(group.name);
      return [
        ...(joined.length === 0
          ? []
          : [`the condition of grant ${grant} would hold for ${listed(joined)}`]),
        ...(left.length === 0
          ? []
          : [`the condition of grant ${grant} would hold no more for ${listed(left)}`]),
      ];
    }
    const team = teamOfGroup(group.name);
    return [
      ...(joined.length === 0 ? [] : [`by its rules ${listed(joined)} would join team ${team}`]),
      ...(left.length === 0 ? [] : [`by its rules ${listed(left)} would leave team ${team}`]),
    ];
  });

/** The answer with what will not be as it may look; a change is made all the same. */
export function withWarnings(answer: ApplyResult, warnings: readonly string[]): ApplyResult {
  if (warnings.length === 0) return answer;
  return { ...answer, warnings: [...(answer.warnings ?? []), ...warnings] };
}

function objectsOf(count: ObjectCount | undefined): Pick<ClusterEffect, 'objects'> {
  return count === undefined ? {} : { objects: { ...count } };
}

/** All of them, or those where most is taken away and, then, added, in the order of names. */
function mostChanged(clusters: readonly MeasuredEffect[]): readonly MeasuredEffect[] {
  if (clusters.length <= mostClusters) return clusters;
  return clusters
    .toSorted((a, b) => b.bindingsRemoved - a.bindingsRemoved || b.bindingsAdded - a.bindingsAdded)
    .slice(0, mostClusters)
    .sort((a, b) => compareText(a.cluster, b.cluster));
}

function shownEffect(effect: MeasuredEffect, connected: boolean, most: number): ClusterEffect {
  return {
    name: effect.cluster,
    connected,
    bindingsAdded: effect.bindingsAdded,
    bindingsRemoved: effect.bindingsRemoved,
    gain: effect.gain.slice(0, most).map(holderText),
    gainTotal: effect.gain.length,
    lose: effect.lose.slice(0, most).map(holderText),
    loseTotal: effect.lose.length,
  };
}

/** What became of one document, as it is answered. */
export function outcomeResponse(outcome: DocumentOutcome): ObjectResult {
  const { document, kind, name, uid, action, resourceVersion } = outcome;
  return {
    document,
    kind,
    name,
    uid,
    action,
    ...(resourceVersion === undefined ? {} : { resourceVersion: String(resourceVersion) }),
  };
}
