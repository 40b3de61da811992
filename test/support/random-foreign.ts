import { kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import type { BindingObject, RbacSubject, RoleRef } from '@ambit/rbac';
import { namespaceLabels, people, services } from './random-access.ts';
import type { Dice } from './random-access.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const places = Object.keys(namespaceLabels);
const read = (resource: string) => [{ apiGroups: [''], resources: [resource], verbs: ['get'] }];

/** What others bind beside our people and programs. */
const strangers: readonly RbacSubject[] = [
  { apiGroup, kind: 'User', name: 'p-1' },
  { apiGroup, kind: 'User', name: 'ambit:p-1000' },
  { apiGroup, kind: 'Group', name: 'ambit:group:g-1' },
  { kind: 'ServiceAccount', namespace: 'shop', name: 'p-2' },
];
export const everybody = 'system:authenticated';

/** Bindings that somebody else makes in a cluster, by chance: of all forms, naming our people among others. */
export class RandomForeign {
  readonly #dice: Dice;
  #made = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** The roles of others that bindings may name; some of them in one namespace only. */
  static async roles(kube: KubeClient): Promise<void> {
    const reader = { metadata: { name: 'their-reader' }, rules: read('configmaps') };
    await kube.create(kubeResources.clusterRoles, reader as KubeObject);
    for (const namespace of places.slice(0, 2)) {
      const local = { metadata: { name: 'their-local', namespace }, rules: read('secrets') };
      await kube.create(kubeResources.roles, local as KubeObject);
    }
  }

  async bind(kube: KubeClient, count: number): Promise<readonly BindingObject[]> {
    const made: BindingObject[] = [];
    for (let nth = 0; nth < count; nth++) {
      const binding = this.binding();
      made.push(await kube.create(resourceOf(binding), binding));
    }
    return made;
  }

  /** Takes away every other one; gives what stays. */
  static async unbind(
    kube: KubeClient,
    bindings: readonly BindingObject[],
  ): Promise<readonly BindingObject[]> {
    for (const binding of bindings.filter((_, nth) => nth % 2 === 0)) {
      const { name, namespace } = binding.metadata;
      const at = namespace === undefined ? { name } : { name, namespace };
      await kube.delete(resourceOf(binding), at);
    }
    return bindings.filter((_, nth) => nth % 2 === 1);
  }

  binding(): BindingObject {
    const dice = this.#dice;
    const name = `theirs-${this.#made++}`;
    const namespace = dice.roll(5) === 0 ? undefined : dice.one(places);
    const ours = dice.some(
      [...people.map(named), ...services.map((s) => named(`service:${s}`))],
      3,
    );
    // Every tenth means everybody who is signed in, in one namespace.
    const isForAll = namespace !== undefined && this.#made % 10 === 0;
    const subjects = isForAll
      ? [{ apiGroup, kind: 'Group' as const, name: everybody }]
      : [...ours, ...dice.some(strangers, 2)];
    return {
      apiVersion: `${apiGroup}/v1`,
      kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
      metadata: namespace === undefined ? { name } : { name, namespace },
      roleRef: namespace === undefined ? clusterRole(dice.one(clusterRoles)) : this.#anyRole(),
      subjects,
    };
  }

  #anyRole(): RoleRef {
    const name = this.#dice.one([...clusterRoles, 'their-local']);
    return name === 'their-local' ? { apiGroup, kind: 'Role', name } : clusterRole(name);
  }
}

/** The last is not there. */
const clusterRoles = ['view', 'edit', 'their-reader', 'their-gone'];
const clusterRole = (name: string): RoleRef => ({ apiGroup, kind: 'ClusterRole', name });
const named = (name: string): RbacSubject => ({ apiGroup, kind: 'User', name: `ambit:${name}` });
const resourceOf = ({ kind }: BindingObject) =>
  kind === 'RoleBinding' ? kubeResources.roleBindings : kubeResources.clusterRoleBindings;
