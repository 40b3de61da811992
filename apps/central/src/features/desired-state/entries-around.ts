import type { Policy, PolicyChange, PolicyView, WhatIf } from '@ambit/domain';
import type { Intent, RoleReference } from '@ambit/rbac';

/** What a cluster holds of the roles that a change touches, before the change and after it. */
export interface EntriesAround {
  readonly before: readonly Intent[];
  readonly after: readonly Intent[];
}

/** A change that touches more clusters, or a cluster that holds more, is not looked at: an answer waits for it. */
const mostClusters = 20;
const mostEntries = 2_000;

/**
 * The entries from which the objects around a change follow: bindings of a role share objects with all others of it, so
 * the touched ones alone would not do. Nothing for a cluster where they are too many.
 */
export function entriesAround(
  policy: Policy,
  changes: readonly PolicyChange[],
): ReadonlyMap<string, EntriesAround> {
  return policy.whatIf(changes, (change) => {
    const found = new Map<string, EntriesAround>();
    if (change.touched.size > mostClusters) return found;
    for (const [clusterUid, keys] of change.touched) {
      const around = keys.size > mostEntries ? undefined : aroundOf(policy, clusterUid, change);
      if (around !== undefined) found.set(clusterUid, around);
    }
    return found;
  });
}

function aroundOf(
  policy: PolicyView,
  clusterUid: string,
  { touched, before: was }: WhatIf,
): EntriesAround | undefined {
  const keys = touched.get(clusterUid) ?? new Set<string>();
  const gone = Array.from(keys, (key) => was(clusterUid, key)).filter(isEntry);
  const come = Array.from(keys, (key) => policy.entry(clusterUid, key)).filter(isEntry);
  const roles = new Set([...gone, ...come].map(roleOf));
  const deny = [...gone, ...come].some(({ section }) => section === 'DENY' || section === 'CONFIG');
  const rest: Intent[] = [];
  for (const entry of policy.entries(clusterUid)) {
    if (keys.has(entry.key)) continue;
    if (!deny && entry.section !== 'DENY' && !roles.has(roleOf(entry))) continue;
    if (rest.push(entry) > mostEntries) return undefined;
  }
  return { before: [...rest, ...gone], after: [...rest, ...come] };
}

const isEntry = (entry: Intent | undefined): entry is Intent => entry !== undefined;

function roleOf(entry: Intent): string {
  if (entry.section === 'ROLE') return `ours ${entry.uid}`;
  return entry.section === 'BINDING' ? textOf(entry.role) : entry.section;
}

const textOf = (role: RoleReference): string =>
  role.type === 'ours' ? `ours ${role.roleUid}` : `existing ${role.clusterRole}`;
