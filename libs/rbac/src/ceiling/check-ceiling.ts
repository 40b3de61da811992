import { covers, maxRuleAtoms, ruleAtoms } from '../evaluate/covers.ts';
import { ruleProblems } from '../evaluate/rule-problems.ts';
import type { PolicyRule } from '../model.ts';
import type { Ceiling } from './ceiling.ts';
import { isForbiddenVerb } from './forbidden-verbs.ts';
import type { Refusal } from './refusal.ts';

/** Why the rules may not stand in a role of ours; empty when they may. */
export function checkRoleRules(rules: readonly PolicyRule[], ceiling: Ceiling): Refusal[] {
  const allowed = ceiling.customRoles.rules;
  if (allowed.length === 0) {
    const message =
      'this cluster takes no roles with rules of their own (customRoles.rules is empty)';
    return [{ reason: 'custom_roles_off', message }];
  }
  const size = ruleAtoms(rules);
  if (size > maxRuleAtoms) {
    const message = `the rules come to ${size} single permissions; at most ${maxRuleAtoms} are taken`;
    return [{ reason: 'rule_malformed', message }];
  }
  return [...malformed(rules), ...forbidden(rules), ...uncovered(rules, allowed)];
}

/** Malformed rules break down to nothing, and nothing is covered by everybody. */
function malformed(rules: readonly PolicyRule[]): Refusal[] {
  return rules
    .flatMap((rule, index) => ruleProblems(rule, { namespaced: false, pointer: `/rules/${index}` }))
    .map(({ pointer = '', message }) => ({
      reason: 'rule_malformed',
      message: `${pointer}: ${message}`,
    }));
}

function forbidden(rules: readonly PolicyRule[]): Refusal[] {
  const verbs = new Set(rules.flatMap((rule) => rule.verbs).filter(isForbiddenVerb));
  return Array.from(verbs, (verb) => {
    return { reason: 'verb_forbidden', message: `verb "${verb}" is never granted through Ambit` };
  });
}

function uncovered(rules: readonly PolicyRule[], allowed: readonly PolicyRule[]): Refusal[] {
  return covers(allowed, rules).uncovered.map((atom) => {
    const message = `this cluster's customRoles.rules do not cover ${describeAtom(atom)}`;
    return { reason: 'rule_not_covered', message };
  });
}

/** Why an existing ClusterRole may not be bound. Nothing but its exact name in the list lets it through. */
export function roleRefusal(clusterRole: string, ceiling: Ceiling): Refusal | undefined {
  if (ceiling.allowedClusterRoles.includes(clusterRole)) return undefined;
  const message = `ClusterRole "${clusterRole}" is not in this cluster's allowedClusterRoles`;
  return { reason: 'role_not_allowed', message };
}

/** Why nothing may be bound in a namespace, or, without one, in the whole cluster. */
export function scopeRefusal(namespace: string | undefined, ceiling: Ceiling): Refusal | undefined {
  if (namespace === undefined) {
    if (ceiling.clusterScope) return undefined;
    const message = 'this cluster takes no cluster-wide bindings (clusterScope is false)';
    return { reason: 'cluster_scope_off', message };
  }
  if (!ceiling.protectedNamespaces.includes(namespace)) return undefined;
  const message = `namespace "${namespace}" is protected`;
  return { reason: 'namespace_protected', message, namespace };
}

function describeAtom({
  verbs,
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
}: PolicyRule): string {
  const what = [resources, apiGroups, nonResourceURLs].flatMap((list) => list ?? []);
  const place = what.filter((part) => part !== '').join('.');
  const named = (resourceNames ?? []).map((name) => ` named "${name}"`).join('');
  return `"${verbs.join()}" on ${place}${named}`;
}
