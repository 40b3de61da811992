import { isBinding } from '../is-binding.ts';
import type { BindingObject, PolicyRule, RbacObject } from '../model.ts';

/** Where the authoriser looks things up; the four lists of one cluster. */
export interface RbacSource {
  clusterRoleRules(name: string): readonly PolicyRule[] | null | undefined;
  roleRules(namespace: string, name: string): readonly PolicyRule[] | null | undefined;
  clusterRoleBindings(): Iterable<BindingObject>;
  roleBindings(namespace: string): Iterable<BindingObject>;
}

/**
 * A source over objects at hand. Objects under deletion count: they grant until they are gone.
 * @public The evaluator is held against Kubernetes with it, across libraries.
 */
export function rbacSource(objects: Iterable<RbacObject>): RbacSource {
  const clusterRoles = new Map<string, readonly PolicyRule[]>();
  const roles = new Map<string, readonly PolicyRule[]>();
  const clusterRoleBindings: BindingObject[] = [];
  const roleBindings = new Map<string, BindingObject[]>();
  for (const object of objects) {
    const { name, namespace = '' } = object.metadata;
    if (!isBinding(object)) {
      if (object.kind === 'ClusterRole') clusterRoles.set(name, object.rules ?? []);
      else roles.set(`${namespace}/${name}`, object.rules ?? []);
    } else if (object.kind === 'ClusterRoleBinding') clusterRoleBindings.push(object);
    else {
      const list = roleBindings.get(namespace);
      if (list === undefined) roleBindings.set(namespace, [object]);
      else list.push(object);
    }
  }
  return {
    clusterRoleRules: (name) => clusterRoles.get(name),
    roleRules: (namespace, name) => roles.get(`${namespace}/${name}`),
    clusterRoleBindings: () => clusterRoleBindings,
    roleBindings: (namespace) => roleBindings.get(namespace) ?? [],
  };
}
