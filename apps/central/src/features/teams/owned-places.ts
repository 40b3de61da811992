import type { ClusterSelector, GrantScope, OwnedNamespaces } from '@ambit/domain';
import { grantScopeText } from '@ambit/domain';

/** One namespace, or how names begin, on one cluster or on those of a selector. */
type OwnedPlace = Pick<GrantScope, 'clusters' | 'namespaces'>;

/** What is owned and not by the others, each place once: a cluster that is named is a place of its own. */
export function ownedBesides(
  owns: readonly OwnedNamespaces[],
  others: readonly OwnedNamespaces[],
): readonly OwnedPlace[] {
  const theirs = placesOf(others);
  return Array.from(placesOf(owns)).flatMap(([key, place]) => (theirs.has(key) ? [] : [place]));
}

/** uids of the clusters that are named. */
export const clustersNamedIn = (places: readonly OwnedPlace[]): string[] =>
  places.flatMap(({ clusters }) => (clusters.type === 'names' ? clusters.uids : []));

function placesOf(owns: readonly OwnedNamespaces[]): ReadonlyMap<string, OwnedPlace> {
  const found = new Map<string, OwnedPlace>();
  for (const { clusters, namespaces } of owns) {
    for (const one of oneByOne(clusters)) {
      for (const pattern of namespaces) {
        const place: OwnedPlace = {
          clusters: one,
          namespaces: { type: 'names', names: [pattern] },
        };
        found.set(
          grantScopeText(place, (uid) => uid),
          place,
        );
      }
    }
  }
  return found;
}

const oneByOne = (clusters: ClusterSelector): readonly ClusterSelector[] =>
  clusters.type === 'names'
    ? clusters.uids.map((uid) => ({ type: 'names', uids: [uid] }))
    : [clusters];
