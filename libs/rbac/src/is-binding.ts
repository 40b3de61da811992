import type { BindingObject, RbacObject } from './model.ts';

/** True for RoleBindings and ClusterRoleBindings. */
export function isBinding(object: RbacObject): object is BindingObject {
  return object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding';
}
