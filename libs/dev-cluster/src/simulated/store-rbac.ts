import { authorize } from '@ambit/rbac';
import type { Authorization, RbacSource, RequestAttributes, UserInfo } from '@ambit/rbac';
import { asBinding, asRole } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import type { ObjectStore } from './object-store.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

/** The store as the evaluator of `@ambit/rbac` reads it. */
export function storeSource(store: ObjectStore): RbacSource {
  function* bindings(
    resource: ServedResource,
    namespace?: string,
  ): Generator<ReturnType<typeof asBinding>> {
    for (const object of store.items(resource, namespace)) yield asBinding(object);
  }
  const rulesOf = (object: ApiObject | undefined): ReturnType<RbacSource['clusterRoleRules']> =>
    object === undefined ? undefined : (asRole(object).rules ?? []);
  return {
    clusterRoleRules: (name) => rulesOf(store.get(clusterRoles, { name, namespace: '' })),
    roleRules: (namespace, name) => rulesOf(store.get(roles, { name, namespace })),
    clusterRoleBindings: () => bindings(clusterRoleBindings),
    roleBindings: (namespace) => bindings(roleBindings, namespace),
  };
}

/** Members of this group pass before RBAC is asked. */
const mastersGroup = 'system:masters';

export function isMaster(user: UserInfo): boolean {
  return user.groups?.includes(mastersGroup) ?? false;
}

/** The authoriser chain of a kube-apiserver with `--authorization-mode=RBAC`. */
export function authorizeByStore(
  store: ObjectStore,
  user: UserInfo,
  request: RequestAttributes,
): Authorization {
  if (isMaster(user)) return { allowed: true, reason: '' };
  return authorize(user, request, storeSource(store));
}
