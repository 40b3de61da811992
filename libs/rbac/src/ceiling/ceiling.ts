import type { PolicyRule } from '../model.ts';

/**
 * The most that may ever be granted in one cluster. Owned by the cluster: central can read it and never write it.
 * The defaults of each field are `defaultCeiling`.
 */
export interface Ceiling {
  /** Exact names of ClusterRoles that may be bound. */
  readonly allowedClusterRoles: readonly string[];
  /** Rules that central may write into roles of ours: each has to be covered by these. */
  readonly customRoles: { readonly rules: readonly PolicyRule[] };
  /** May ClusterRoleBindings be written? */
  readonly clusterScope: boolean;
  readonly protectedNamespaces: readonly string[];
  /** A subject's Kubernetes name has to begin with one of these. */
  readonly subjectPrefixes: readonly string[];
  /** Unexplained removals above this share and this number wait for the owner. */
  readonly removalGuard: { readonly share: number; readonly atLeast: number };
  /** Names of bindings that are never touched. */
  readonly breakGlass: readonly string[];
}

export const defaultCeiling: Ceiling = {
  allowedClusterRoles: ['view', 'edit'],
  customRoles: { rules: [] },
  clusterScope: false,
  protectedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'ambit-system'],
  subjectPrefixes: ['ambit:'],
  removalGuard: { share: 0.3, atLeast: 20 },
  breakGlass: [],
};
