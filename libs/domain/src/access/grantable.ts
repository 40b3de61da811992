import { compareText } from '@ambit/kernel';
import { allows, scopeRefusal, type Ceiling } from '@ambit/rbac';
import { askedNamespace } from './asked-place.ts';
import { requestOf, type Inquiry } from './judge-grant.ts';
import { roleInCluster } from './role-rules.ts';

/** Whether a grant could make a question be answered with yes. */
export type Grantable =
  /** `roles` would do, by name, at most 3, the smallest first; without one a role may exist or be made that does. */
  | { readonly possible: true; readonly roles: readonly string[] }
  /** The ceiling of the cluster lets nothing through that would do; `message` says why. */
  | { readonly possible: false; readonly message: string };

const mostLookedAt = 500;
const mostTold = 3;

/** Looks whether some grant in the place asked about would do, within the ceiling that the agent reported. */
export function grantable({ policy, facts, question }: Omit<Inquiry, 'now'>): Grantable {
  const { ceiling } = facts;
  if (ceiling === undefined) return { possible: true, roles: [] };
  const scope = scopeRefusal(askedNamespace(question), ceiling);
  if (scope !== undefined) return { possible: false, message: scope.message };
  const roles = rolesThatDo({ policy, facts, question }, ceiling);
  const unknown = ceiling.allowedClusterRoles.some((name) => !facts.clusterRoles.has(name));
  const may = unknown || allows(ceiling.customRoles.rules, requestOf(question));
  if (roles.length > 0 || may) return { possible: true, roles: roles.slice(0, mostTold) };
  return { possible: false, message: 'no role that it lets Ambit bind or make allows this' };
}

function rolesThatDo(
  { policy, facts, question }: Omit<Inquiry, 'now'>,
  ceiling: Ceiling,
): readonly string[] {
  const request = requestOf(question);
  const found: { readonly name: string; readonly size: number }[] = [];
  let left = mostLookedAt;
  for (const name of policy.names('Role')) {
    if (left-- === 0) break;
    const role = policy.byName('Role', name);
    if (role?.kind !== 'Role') continue;
    const given = roleInCluster(role, facts, ceiling);
    if (given.ok && allows(given.rules, request)) found.push({ name, size: given.rules.length });
  }
  found.sort((a, b) => a.size - b.size || compareText(a.name, b.name));
  return found.map(({ name }) => name);
}
