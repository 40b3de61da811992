import type { PolicyGrant } from '../policy-objects.ts';
import type { PolicyStore } from './policy-store.ts';

/** The user of each way to the grant: once for itself, once for each group that exists. Users need not exist. */
export function waysTo({ subjects }: PolicyGrant, store: PolicyStore): Iterable<string> {
  const [only] = subjects;
  if (only === undefined || subjects.length > 1) return waysToMany(subjects, store);
  if (only.kind === 'User') return [only.uid];
  // Teams are nobody here: a grant that names them is compiled with whoever is in them.
  return store.groups.has(only.uid) ? store.membersOfGroup.get(only.uid) : [];
}

function* waysToMany(subjects: PolicyGrant['subjects'], store: PolicyStore): Iterable<string> {
  const seen = new Set<string>();
  for (const { kind, uid } of subjects) {
    if (seen.has(uid)) continue;
    seen.add(uid);
    if (kind === 'User') yield uid;
    else if (store.groups.has(uid)) yield* store.membersOfGroup.get(uid);
  }
}
