import type { Policy, PolicyUser } from '../src/index.ts';

/** The oracle: (role, place, person) triples in force in a cluster, counted over all its entries. */
export function recountTriples(policy: Policy, clusterUid: string): number {
  const entries = [...policy.entries(clusterUid)];
  const denied = new Set(entries.flatMap((each) => (each.section === 'DENY' ? each.subject : [])));
  const triples = new Set<string>();
  for (const entry of entries) {
    if (entry.section !== 'BINDING') continue;
    const { role, scope, subjects } = entry;
    const places = scope.type === 'namespaces' ? scope.names : [JSON.stringify(scope)];
    const active = subjects.filter((subject) => !denied.has(subject));
    const held = places.flatMap((place) => active.map((subject) => [scope.type, place, subject]));
    for (const each of held) triples.add(JSON.stringify([role, ...each]));
  }
  return triples.size;
}

/** The oracle: active people who stand in an entry of any cluster. */
export function recountPeople(policy: Policy): number {
  const held = new Set<string>();
  for (const cluster of policy.clusters()) {
    for (const entry of policy.entries(cluster.uid)) {
      if (entry.section !== 'BINDING') continue;
      for (const subject of entry.subjects) held.add(`${cluster.uid} ${subject}`);
    }
  }
  const active = [...policy.users()].filter((user) => user.active);
  const clusters = [...policy.clusters()];
  const holds = (user: PolicyUser): boolean =>
    clusters.some((cluster) => held.has(`${cluster.uid} ${policy.subjectIn(cluster, user)}`));
  return active.filter(holds).length;
}
