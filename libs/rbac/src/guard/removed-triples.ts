import type { Ceiling } from '../ceiling/ceiling.ts';
import type { BindingIntent, Intent } from '../intents.ts';
import { placeText, scopesOf } from './access-triples.ts';

/** How many different (role, scope, subject) triples there were, and how many of them are no more. */
export interface RemovalCount {
  readonly total: number;
  readonly removed: number;
}

/**
 * Counts what a state takes away: triples of role, scope and subject, whichever intents give them. A list of
 * namespaces counts as one scope for each, so that one name more does not look like everything removed.
 */
export function removedTriples(before: Iterable<Intent>, after: Iterable<Intent>): RemovalCount {
  const was = triplesOf(before);
  const is = triplesOf(after);
  let total = 0;
  let removed = 0;
  for (const [place, subjects] of was) {
    total += subjects.size;
    const left = is.get(place);
    for (const subject of subjects) if (left?.has(subject) !== true) removed++;
  }
  return { total, removed };
}

/** True when so many removals that no commit explains have to wait for the owner of the cluster. */
export function exceedsRemovalGuard(count: RemovalCount, guard: Ceiling['removalGuard']): boolean {
  return count.removed > guard.moreThan && count.removed > guard.share * count.total;
}

/**
 * Intents that give just the triples which `after` takes away, under keys of their own (`HELD/…`), and the roles of
 * ours they need and `after` lacks: put beside `after`, they hold the removals and nothing else.
 */
export function heldRemovals(before: Iterable<Intent>, after: Iterable<Intent>): Intent[] {
  const old = [...before];
  const fresh = [...after];
  const is = triplesOf(fresh);
  const held = old.flatMap((intent) => (intent.section === 'BINDING' ? lost(intent, is) : []));
  const needed = new Set(held.flatMap(({ role }) => (role.type === 'ours' ? [role.roleUid] : [])));
  for (const intent of fresh) if (intent.section === 'ROLE') needed.delete(intent.uid);
  const roles = old.filter((intent) => intent.section === 'ROLE' && needed.has(intent.uid));
  return [...roles, ...held];
}

function lost(
  intent: BindingIntent,
  is: ReadonlyMap<string, ReadonlySet<string>>,
): BindingIntent[] {
  return scopesOf(intent.scope).flatMap((scope, index) => {
    const left = is.get(placeText(intent.role, scope));
    const subjects = intent.subjects.filter((subject) => left?.has(subject) !== true);
    return subjects.length === 0
      ? []
      : [{ ...intent, key: `HELD/${intent.key}/${index}`, scope, subjects }];
  });
}

function triplesOf(intents: Iterable<Intent>): Map<string, Set<string>> {
  const triples = new Map<string, Set<string>>();
  for (const intent of intents) {
    if (intent.section !== 'BINDING') continue;
    for (const scope of scopesOf(intent.scope)) {
      const place = placeText(intent.role, scope);
      const subjects = triples.get(place) ?? new Set();
      for (const subject of intent.subjects) subjects.add(subject);
      triples.set(place, subjects);
    }
  }
  return triples;
}
