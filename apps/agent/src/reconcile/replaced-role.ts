import { covers, isBinding } from '@ambit/rbac';
import type { DesiredState, RoleObject } from '@ambit/rbac';

/** True when a wanted role gives all that this one gives, as one that only got another name does. Its bindings say for themselves whether they may wait. */
export function isRoleReplaced({ rules }: RoleObject, desired: DesiredState): boolean {
  for (const key of desired.keys()) {
    if (!key.startsWith('ClusterRole/')) return false;
    const other = desired.get(key)?.body;
    if (other !== undefined && !isBinding(other) && covers(other.rules, rules).covered) return true;
  }
  return false;
}
