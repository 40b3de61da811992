import type { PolicyRule } from '../model.ts';
import { accessNamespace } from '../naming/access-account.ts';

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
  /** Nothing is written there. Those of `defaultCeiling` are always among them. */
  readonly protectedNamespaces: readonly string[];
  /** A subject's Kubernetes name has to begin with one of these. */
  readonly subjectPrefixes: readonly string[];
  /** Unexplained removals of more than this share and more than this number wait for the owner. */
  readonly removalGuard: { readonly share: number; readonly moreThan: number };
  /** Names of bindings that are never touched. */
  readonly breakGlass: readonly string[];
  /** Ways in which the agent may help people into the cluster. */
  readonly credentials: readonly CredentialWay[];
  /** Namespaces that are created for teams, and kept as their profiles say. */
  readonly namespaces: ManagedNamespaces;
}

/** Nothing of a namespace is written but where one of `manage` means it. */
export interface ManagedNamespaces {
  /** Names, or how names begin and a `*`. */
  readonly manage: readonly string[];
  /** Keys of labels that profiles may give these namespaces, beside those of Ambit and of Pod Security. */
  readonly labels: readonly string[];
  /** The level of Pod Security that profiles may say at least; none of a namespace that is made, or kept so, is below it. */
  readonly weakestPodSecurity: PodSecurityLevel;
}

/** From the one that allows nearly nothing to the one that allows everything, the node itself included. */
export const podSecurityLevels = ['restricted', 'baseline', 'privileged'] as const;
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

/**
 * Ways into a cluster that need the agent. `TokenWebhook`: it tells the API server whose a token of central is.
 * `ClientCertificate`: it has the API server's signer make certificates for people. `ServiceAccountToken`: it keeps a
 * ServiceAccount for each person and gets tokens of it.
 */
export const credentialWays = ['TokenWebhook', 'ClientCertificate', 'ServiceAccountToken'] as const;
export type CredentialWay = (typeof credentialWays)[number];

export const defaultCeiling: Ceiling = {
  allowedClusterRoles: ['view', 'edit'],
  customRoles: { rules: [] },
  clusterScope: false,
  protectedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'ambit-system'],
  subjectPrefixes: ['ambit:'],
  removalGuard: { share: 0.3, moreThan: 20 },
  breakGlass: [],
  credentials: [],
  namespaces: { manage: [], labels: [], weakestPodSecurity: 'baseline' },
};

/**
 * The ceiling with these namespaces protected besides its own and the defaults. Whoever may edit where the ServiceAccounts
 * of people are can become any of them, so that is protected where there are such.
 */
export function withProtected(ceiling: Ceiling, namespaces: readonly string[]): Ceiling {
  const { protectedNamespaces } = defaultCeiling;
  const ofPeople = ceiling.credentials.includes('ServiceAccountToken') ? [accessNamespace] : [];
  const all = [...protectedNamespaces, ...ceiling.protectedNamespaces, ...ofPeople, ...namespaces];
  return { ...ceiling, protectedNamespaces: [...new Set(all)] };
}
