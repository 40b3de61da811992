import type { IntentScope, RoleReference } from '../intents.ts';
import { canonicalSelector } from '../selectors/canonical-selector.ts';

/** A scope as the scopes that count one by one: each name of a list for itself. */
export function scopesOf(scope: IntentScope): IntentScope[] {
  if (scope.type === 'clusterWide') return [{ type: 'clusterWide' }];
  if (scope.type === 'selector') {
    return [{ type: 'selector', selector: canonicalSelector(scope.selector) }];
  }
  return [...new Set(scope.names)].map((name) => ({ type: 'namespaces', names: [name] }));
}

/** Role and one of `scopesOf` as a text that no other pair has. */
export function placeText(role: RoleReference, scope: IntentScope): string {
  return JSON.stringify([role.type === 'existing' ? role.clusterRole : [role.roleUid], scope]);
}
