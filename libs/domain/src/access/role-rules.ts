import { checkRoleRules, roleRefusal, type Ceiling, type PolicyRule } from '@ambit/rbac';
import type { PolicyRole } from '../policy-objects.ts';
import { roleReferenceOf } from '../policy/family.ts';
import type { ReportedFacts } from './access-answer.ts';

/** The rules a role has in one cluster, or why it has none there. */
export type RoleInCluster =
  | { readonly ok: true; readonly rules: readonly PolicyRule[] }
  | {
      readonly ok: false;
      readonly reason: 'ceiling_refused' | 'role_missing';
      readonly message: string;
    };

/** Facts of a cluster whose agent has said Hello. */
type SeenFacts = ReportedFacts & { readonly ceiling: Ceiling };

/** False while the agent was never seen: then no role gives anything. */
export const hasCeiling = (facts: ReportedFacts): facts is SeenFacts => facts.ceiling !== undefined;

/** A thousand questions of one cluster ask it of the same roles; facts and roles are replaced, never changed. */
const known = new WeakMap<ReportedFacts, WeakMap<PolicyRole, RoleInCluster>>();

/** What a role gives in a cluster with this ceiling: nothing that the agent would refuse to bind. */
export function roleInCluster(role: PolicyRole, facts: SeenFacts): RoleInCluster {
  let roles = known.get(facts);
  if (roles === undefined) known.set(facts, (roles = new WeakMap<PolicyRole, RoleInCluster>()));
  let given = roles.get(role);
  if (given === undefined) roles.set(role, (given = rulesIn(role, facts)));
  return given;
}

function rulesIn(role: PolicyRole, { ceiling, clusterRoles }: SeenFacts): RoleInCluster {
  const reference = roleReferenceOf(role);
  if (reference === undefined) {
    return { ok: false, reason: 'role_missing', message: `Role ${role.name} gives nothing.` };
  }
  if (reference.type === 'ours') {
    const rules = role.rules ?? [];
    const [refusal] = checkRoleRules(rules, ceiling);
    return refusal === undefined ? { ok: true, rules } : refused(role, refusal.message);
  }
  const refusal = roleRefusal(reference.clusterRole, ceiling);
  if (refusal !== undefined) return refused(role, refusal.message);
  const rules = clusterRoles.get(reference.clusterRole);
  if (rules !== undefined) return { ok: true, rules };
  const message = `The cluster has no ClusterRole ${reference.clusterRole}.`;
  return { ok: false, reason: 'role_missing', message };
}

const refused = (role: PolicyRole, why: string): RoleInCluster => ({
  ok: false,
  reason: 'ceiling_refused',
  message: `The cluster's ceiling refuses role ${role.name}: ${why}.`,
});
