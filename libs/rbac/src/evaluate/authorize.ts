import type { BindingObject, PolicyRule, RbacSubject } from '../model.ts';
import { ruleAllows } from './allows.ts';
import type { RbacSource } from './rbac-source.ts';
import type { RequestAttributes } from './request-attributes.ts';
import { subjectApplies, type UserInfo } from './subject-applies.ts';

/** The authoriser's answer. Not allowed means "no opinion": RBAC never denies. */
export interface Authorization {
  readonly allowed: boolean;
  /** In the words of the API server; empty when nothing applies. */
  readonly reason: string;
  readonly by?: RuleSource;
}

/** What gives a user a rule. */
export interface RuleSource {
  readonly binding: BindingObject;
  readonly subject: RbacSubject;
  readonly rule: PolicyRule;
}

/**
 * Evaluates RBAC as an API server does. Exactly `user.groups` count: pass `system:authenticated` yourself.
 * Members of `system:masters` never get here in a real server.
 */
export function authorize(
  user: UserInfo,
  request: RequestAttributes,
  source: RbacSource,
): Authorization {
  const namespace = request.type === 'resource' ? (request.namespace ?? '') : '';
  const missing: string[] = [];
  for (const by of ruleSources(user, namespace, source, missing)) {
    if (ruleAllows(by.rule, request)) return { allowed: true, reason: explain(by), by };
  }
  return { allowed: false, reason: explainMissing(missing) };
}

/** Every rule that holds for the user in the namespace (empty: cluster-wide only): what an escalation check compares. */
export function rulesFor(user: UserInfo, namespace: string, source: RbacSource): PolicyRule[] {
  return Array.from(ruleSources(user, namespace, source, []), ({ rule }) => rule);
}

function* ruleSources(
  user: UserInfo,
  namespace: string,
  source: RbacSource,
  missing: string[],
): Generator<RuleSource> {
  for (const binding of source.clusterRoleBindings()) {
    yield* rulesOf(binding, user, source, missing);
  }
  if (namespace === '') return;
  for (const binding of source.roleBindings(namespace)) {
    yield* rulesOf(binding, user, source, missing);
  }
}

function* rulesOf(
  binding: BindingObject,
  user: UserInfo,
  source: RbacSource,
  missing: string[],
): Generator<RuleSource> {
  const namespace = bindingNamespace(binding);
  const subject = binding.subjects?.find((candidate) => subjectApplies(user, candidate, namespace));
  if (subject === undefined) return;
  const rules = resolve(binding, namespace, source);
  if (rules === undefined) missing.push(describeMissing(binding));
  else for (const rule of rules ?? []) yield { binding, subject, rule };
}

function resolve(
  binding: BindingObject,
  namespace: string,
  source: RbacSource,
): readonly PolicyRule[] | null | undefined {
  if (binding.roleRef.kind === 'ClusterRole') return source.clusterRoleRules(binding.roleRef.name);
  // A ClusterRoleBinding to a Role has no namespace to look in and gives nothing.
  if (binding.roleRef.kind !== 'Role' || namespace === '') return undefined;
  return source.roleRules(namespace, binding.roleRef.name);
}

function bindingNamespace(binding: BindingObject): string {
  return binding.kind === 'RoleBinding' ? (binding.metadata.namespace ?? '') : '';
}

function explain({ binding, subject }: RuleSource): string {
  const namespace = bindingNamespace(binding);
  const name = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
  const who =
    subject.kind === 'ServiceAccount'
      ? `${subject.name}/${subject.namespace || namespace}`
      : subject.name;
  return (
    `RBAC: allowed by ${binding.kind} ${JSON.stringify(name)} of ${binding.roleRef.kind} ` +
    `${JSON.stringify(binding.roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`
  );
}

function describeMissing(binding: BindingObject): string {
  const resource = binding.roleRef.kind === 'ClusterRole' ? 'clusterrole' : 'role';
  return `${resource}.rbac.authorization.k8s.io ${JSON.stringify(binding.roleRef.name)} not found`;
}

function explainMissing(missing: readonly string[]): string {
  const unique = [...new Set(missing)];
  if (unique.length === 0) return '';
  return unique.length === 1 ? `RBAC: ${unique[0] ?? ''}` : `RBAC: [${unique.join(', ')}]`;
}
