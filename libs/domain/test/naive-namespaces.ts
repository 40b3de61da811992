import type { NamespaceEntry } from '@ambit/rbac';
import type {
  ClusterSelector,
  NamespaceProfileSpec,
  PolicyCluster,
  PolicyObject,
} from '../src/index.ts';

/**
 * The oracle of what is kept in namespaces, without the objects of profiles. Of teams that own the same it is the one whose
 * uid comes first.
 */
export function naiveNamespaces(
  objects: readonly PolicyObject[],
  cluster: PolicyCluster,
  means: (clusters: ClusterSelector, cluster: PolicyCluster) => boolean,
): readonly object[] {
  const profiles = objects
    .filter((each) => each.kind === 'Plain')
    .filter(({ of }) => of === 'NamespaceProfile');
  const namespaces = new Map<string, NamespaceEntry>();
  const used = new Set<string>();
  const teams = objects.filter((each) => each.kind === 'Team');
  for (const { uid: teamUid, name: team, owns, profile: profileUid } of teams) {
    if (profileUid === undefined || profiles.every(({ uid }) => uid !== profileUid)) continue;
    const here = owns.filter(({ clusters }) => means(clusters, cluster));
    for (const pattern of here.flatMap((owned) => owned.namespaces)) {
      used.add(profileUid);
      const key = `NAMESPACE/${pattern}`;
      const rival = namespaces.get(key);
      if (rival !== undefined && rival.teamUid < teamUid) continue;
      namespaces.set(key, { section: 'NAMESPACE', key, pattern, teamUid, team, profileUid });
    }
  }
  const kept = profiles
    .filter(({ uid }) => used.has(uid))
    .map(({ uid, name, spec }) => {
      const { create, labels } = spec as unknown as NamespaceProfileSpec;
      const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      return { section: 'PROFILE', key: `PROFILE/${uid}`, uid, name, create, labels: sorted };
    });
  return [...kept, ...namespaces.values()];
}
