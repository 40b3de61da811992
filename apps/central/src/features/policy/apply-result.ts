import type { ApplyResult, ClusterEffect, ObjectResult } from '@ambit/contracts';
import type { DocumentOutcome } from './apply-documents.ts';
import type { CommitResult } from './commit-policy.ts';
import type { Connections } from './connections.ts';
import type { ObjectCount } from './object-counts.ts';

const mostListed = 100;

/** The answer to a change. */
export async function applyResult(
  result: CommitResult<unknown>,
  objects: readonly ObjectResult[],
  options: { readonly dryRun: boolean; readonly connections: Pick<Connections, 'among'> },
): Promise<ApplyResult> {
  const clusterUids = result.clusters.map(({ clusterUid }) => clusterUid);
  const connected = await options.connections.among(clusterUids);
  return {
    kind: 'ApplyResult',
    dryRun: options.dryRun,
    changed: result.changed,
    revision: result.revision,
    objects: [...objects],
    clusters: result.clusters.map((effect): ClusterEffect => ({
      name: effect.cluster,
      connected: connected.has(effect.clusterUid),
      bindingsAdded: effect.bindingsAdded,
      bindingsRemoved: effect.bindingsRemoved,
      gain: effect.gain.slice(0, mostListed),
      gainTotal: effect.gain.length,
      lose: effect.lose.slice(0, mostListed),
      loseTotal: effect.lose.length,
      ...objectsOf(result.objects?.get(effect.clusterUid)),
    })),
    ...(result.guard === undefined
      ? {}
      : {
          removalGuard: {
            digest: result.guard.digest,
            excess: result.guard.excess.map((each) => ({ ...each })),
          },
        }),
  };
}

function objectsOf(count: ObjectCount | undefined): Pick<ClusterEffect, 'objects'> {
  return count === undefined ? {} : { objects: { ...count } };
}

/** What became of one document, as it is answered. */
export function outcomeResponse({ resourceVersion, ...rest }: DocumentOutcome): ObjectResult {
  return {
    ...rest,
    ...(resourceVersion === undefined ? {} : { resourceVersion: String(resourceVersion) }),
  };
}
