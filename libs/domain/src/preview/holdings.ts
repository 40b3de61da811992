import type { BindingIntent } from '@ambit/rbac';
import { placesOf, placesOfFamily } from '../policy/family.ts';
import type { Policy } from '../policy/policy.ts';

const nothing: ReadonlySet<string> = new Set();

/**
 * What an active person holds in a cluster by all grants, direct ones and those of groups: one text for each role
 * and place. A person who is inactive or unknown holds nothing.
 */
export function holdingsOf(
  policy: Policy,
  clusterUid: string,
  userName: string,
): ReadonlySet<string> {
  const held = new Set<string>();
  for (const grant of grantsOfActive(policy, userName)) {
    const family = policy.reaches(grant, clusterUid) ? policy.familyOf(grant) : undefined;
    if (family === undefined) continue;
    for (const place of placesOfFamily(family)) held.add(place);
  }
  return held.size === 0 ? nothing : held;
}

/** True when the person holds anything in any cluster. */
export function holdsAnything(policy: Policy, userName: string): boolean {
  for (const grant of grantsOfActive(policy, userName)) {
    if (policy.clustersReachedBy(grant).size > 0) return true;
  }
  return false;
}

function grantsOfActive(policy: Policy, userName: string): Iterable<string> {
  const user = policy.byName('User', userName);
  return user?.kind === 'User' && user.active ? policy.grantsReachingUser(user.uid) : [];
}

/** How many (role, scope, person) triples are in force in a cluster. */
export function countTriples(policy: Policy, clusterUid: string): number {
  const denied = new Set<string>();
  const triples = new Set<string>();
  // DENY entries come before BINDING entries.
  for (const entry of policy.entries(clusterUid)) {
    if (entry.section === 'DENY') denied.add(entry.subject);
    if (entry.section === 'BINDING') addTriples(triples, entry, denied);
  }
  return triples.size;
}

function addTriples(
  triples: Set<string>,
  { role, scope, subjects }: BindingIntent,
  denied: ReadonlySet<string>,
): void {
  for (const place of placesOf(role, scope)) {
    for (const subject of subjects) if (!denied.has(subject)) triples.add(`${place} ${subject}`);
  }
}

/** How many people hold anything anywhere. */
export function countPeople(policy: Policy): number {
  let count = 0;
  for (const { name } of policy.users()) if (holdsAnything(policy, name)) count++;
  return count;
}
