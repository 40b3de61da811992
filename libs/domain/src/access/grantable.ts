import { compareText } from '@ambit/kernel';
import { allows, scopeRefusal } from '@ambit/rbac';
import { askedNamespace } from './asked-place.ts';
import { requestOf, type Inquiry } from './judge-grant.ts';
import { hasCeiling, roleInCluster } from './role-rules.ts';

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
  if (!hasCeiling(facts)) return { possible: true, roles: [] };
  const { ceiling } = facts;
  const scope = scopeRefusal(askedNamespace(question), ceiling);
  if (scope !== undefined) return { possible: false, message: scope.message };
  const request = requestOf(question);
  const roles: NamedRole[] = [];
  let left = mostLookedAt;
  for (const role of policy.roles()) {
    if (left-- === 0) break;
    const given = roleInCluster(role, facts);
    if (given.ok && allows(given.rules, request)) {
      roles.push({ name: role.name, size: given.rules.length });
    }
  }
  const unknown = ceiling.allowedClusterRoles.some((name) => !facts.clusterRoles.has(name));
  const may = unknown || allows(ceiling.customRoles.rules, request);
  if (roles.length > 0 || may) return { possible: true, roles: smallestFirst(roles) };
  return { possible: false, message: 'no role that it lets Ambit bind or make allows this' };
}

interface NamedRole {
  readonly name: string;
  readonly size: number;
}

function smallestFirst(roles: NamedRole[]): readonly string[] {
  roles.sort((a, b) => a.size - b.size || compareText(a.name, b.name));
  return roles.slice(0, mostTold).map(({ name }) => name);
}
