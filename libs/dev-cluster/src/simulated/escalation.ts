import { covers, rulesFor } from '@ambit/rbac';
import type { PolicyRule, UserInfo } from '@ambit/rbac';
import { sameValue } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import type { ObjectStore } from './object-store.ts';
import { clusterRoles, roles } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { forbidden, notFound, quote } from './status-error.ts';
import { authorizeByStore, isMaster, storeSource } from './store-rbac.ts';

/*
 * pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased: nobody writes a rule or binds a
 * role that gives more than they hold. Deletes are not checked.
 */

const fullAuthority: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

export interface EscalationQuestion {
  readonly store: ObjectStore;
  readonly user: UserInfo;
  readonly resource: ServedResource;
  /** As it would be. */
  readonly object: ApiObject;
  /** Absent at a creation. */
  readonly existing?: ApiObject;
  /** Name in the request's path: empty for POST. */
  readonly requestName: string;
}

/** Throws 403, or 404 when the role to be bound is missing and so cannot be compared. */
export function refuseEscalation(question: EscalationQuestion): void {
  const { user, object, existing } = question;
  if (isMaster(user)) return;
  if (existing !== undefined && changesOnlyCollectorFields(object, existing)) return;
  if (object.roleRef !== undefined) checkBinding(question);
  else if (question.resource === clusterRoles || question.resource === roles) checkRole(question);
}

/** Finalizers and owner references may be changed by whoever may write the object, or nothing could be cleaned up. */
function changesOnlyCollectorFields(object: ApiObject, existing: ApiObject): boolean {
  return sameValue(withoutCollectorFields(object), withoutCollectorFields(existing));
}

function withoutCollectorFields(object: ApiObject): unknown {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    managedFields: _managed,
    ...metadata
  } = object.metadata;
  return { ...object, metadata };
}

function checkRole(question: EscalationQuestion): void {
  const { store, user, resource, object, existing, requestName } = question;
  const namespace = object.metadata.namespace ?? '';
  const escalate = { type: 'resource', verb: 'escalate', apiGroup: resource.group } as const;
  const asked = { ...escalate, resource: resource.plural, name: requestName, namespace };
  if (authorizeByStore(store, user, asked).allowed) return;
  confirmHeld(question, object.rules ?? [], namespace);
  const aggregates =
    object.aggregationRule !== undefined || existing?.aggregationRule !== undefined;
  if (!aggregates) return;
  if (!covers(rulesFor(user, '', storeSource(store)), fullAuthority).covered) {
    throw forbidden(
      resource,
      object.metadata.name,
      'must have cluster-admin privileges to use the aggregationRule',
    );
  }
}

function checkBinding(question: EscalationQuestion): void {
  const { store, user, resource, object } = question;
  const { roleRef } = object;
  if (roleRef === undefined) return;
  const namespace = object.metadata.namespace ?? '';
  const plural = roleRef.kind === 'Role' ? roles.plural : clusterRoles.plural;
  const bind = { type: 'resource', verb: 'bind', apiGroup: resource.group } as const;
  const asked = { ...bind, resource: plural, name: roleRef.name, namespace };
  if (authorizeByStore(store, user, asked).allowed) return;
  const source = storeSource(store);
  const rules =
    roleRef.kind === 'Role'
      ? source.roleRules(namespace, roleRef.name)
      : source.clusterRoleRules(roleRef.name);
  if (rules === undefined) throw notFound(resource, roleRef.name);
  confirmHeld(question, rules ?? [], namespace);
}

function confirmHeld(
  question: EscalationQuestion,
  rules: readonly PolicyRule[],
  namespace: string,
): void {
  const { store, user, resource, object } = question;
  const { covered, uncovered } = covers(rulesFor(user, namespace, storeSource(store)), rules);
  if (covered) return;
  const groups = (user.groups ?? []).map(quote).join(' ');
  const missing = describeRules(uncovered).join('\n');
  throw forbidden(
    resource,
    object.metadata.name,
    `user ${quote(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing}`,
  );
}

/** One line for each resource with its verbs together, sorted. */
function describeRules(atoms: readonly PolicyRule[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const atom of atoms) {
    const target = describeTarget(atom);
    const list = verbs.get(target) ?? [];
    for (const verb of atom.verbs) if (!list.includes(verb)) list.push(verb);
    verbs.set(target, list);
  }
  return [...verbs]
    .map(([target, list]) => `{${target}, Verbs:[${list.map(quote).join(' ')}]}`)
    .sort();
}

function describeTarget(atom: PolicyRule): string {
  const list = (values: readonly string[]): string => `[${values.map(quote).join(' ')}]`;
  if (atom.nonResourceURLs !== undefined) return `NonResourceURLs:${list(atom.nonResourceURLs)}`;
  const names =
    atom.resourceNames === undefined ? '' : `, ResourceNames:${list(atom.resourceNames)}`;
  return `APIGroups:${list(atom.apiGroups ?? [])}, Resources:${list(atom.resources ?? [])}${names}`;
}
