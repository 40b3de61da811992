import type { GrantHours, GrantWindow } from './grants/grant-hours.ts';
import type { LabelSelector, PolicyRule, SelectorOperator, SubjectMode } from '@ambit/rbac';

/**
 * The policy as it is compiled: labels and spec of each object, references as uids. Rows, REST bodies and policy
 * files are other shapes of the same things (`libs/persistence`, `libs/contracts`).
 */

export type PolicyKind = PolicyObject['kind'];

interface Named {
  readonly uid: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What is known of a person beside the name, such as `{department: 'payments', oncall: true}`. Rules look at it. */
export type PersonAttributes = Readonly<Record<string, AttributeValue>>;
export type AttributeValue = string | number | boolean | readonly string[];

export interface PolicyUser extends Named {
  readonly kind: 'User';
  readonly active: boolean;
}

export interface PolicyGroup extends Named {
  readonly kind: 'Group';
  /** Of a group of those for whom the condition of a grant holds. */
  readonly condition?: GroupCondition;
}

/** What central found a condition to be true for: the members of the group, on clusters whose labels have these values. */
export interface GroupCondition {
  readonly grantUid: string;
  /** By name of the label; null: the cluster lacks it. Empty: on every cluster of the grant. */
  readonly labels: LabelValues;
}

/** Values of labels by name; null for a label that is not there. */
export type LabelValues = Readonly<Record<string, string | null>>;

/** Its uid is `<group uid>/<user uid>`, its name the same with names. */
export interface PolicyMembership {
  readonly kind: 'Membership';
  readonly uid: string;
  readonly name: string;
  readonly groupUid: string;
  readonly userUid: string;
}

/** Exactly one of `clusterRole` and `rules`. `view`, `edit` and `admin` exist from the start. */
export interface PolicyRole extends Named {
  readonly kind: 'Role';
  readonly clusterRole?: string;
  readonly rules?: readonly PolicyRule[];
}

/** Whom a team names: a person, or everybody in a group. */
export type TeamMember =
  | { readonly kind: 'User'; readonly uid: string }
  | { readonly kind: 'Group'; readonly uid: string };

/** A grant to a team is one to whoever is in it. */
export type GrantSubject = TeamMember | { readonly kind: 'Team'; readonly uid: string };

export type ClusterSelector =
  | { readonly type: 'names'; readonly uids: readonly string[] }
  | { readonly type: 'selector'; readonly selector: LabelSelector }
  | { readonly type: 'all' };

export type NamespaceSelector =
  | { readonly type: 'clusterWide' }
  | { readonly type: 'names'; readonly names: readonly string[] }
  | { readonly type: 'selector'; readonly selector: LabelSelector }
  | { readonly type: 'all' }
  /** In each cluster those that the team owns which the grant names. */
  | { readonly type: 'owned' };

export interface GrantScope {
  readonly clusters: ClusterSelector;
  readonly namespaces: NamespaceSelector;
  /** Of these clusters alone. Stands only in a grant as it is compiled: where the team owns the namespaces. */
  readonly within?: ClusterSelector;
}

/** Namespaces of some clusters: each is a name, or how names begin and a `*`. */
export interface OwnedNamespaces {
  readonly clusters: ClusterSelector;
  readonly namespaces: readonly string[];
}

export interface PolicyTeam extends Named {
  readonly kind: 'Team';
  readonly members: readonly TeamMember[];
  readonly owns: readonly OwnedNamespaces[];
  /** uid of the NamespaceProfile by which its namespaces are kept; absent when nobody keeps them. */
  readonly profile?: string;
}

/**
 * The way in by which a grant came: a REST caller, a repository that is synced, a request that was approved (with its
 * name), or somebody who looks after a team (with its name). Central says it, never the caller.
 */
export type GrantSource = 'api' | 'git' | `request/${string}` | `team/${string}`;

export interface PolicyGrant extends Named {
  readonly kind: 'Grant';
  readonly subjects: readonly GrantSubject[];
  readonly roleUid: string;
  readonly scope: GrantScope;
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly until?: number;
  /**
   * An expression over people and clusters. It gives its role to those of its subjects alone who are in the groups of its
   * condition (`GroupCondition`), which are kept beside it: nobody who compiles it evaluates anything.
   */
  readonly match?: string;
  /** It gives something within these alone. */
  readonly hours?: readonly GrantHours[];
  /** With `hours`, and only then: when that is, as far ahead as it is laid out. */
  readonly windows?: readonly GrantWindow[];
  readonly reason?: string;
  readonly source: GrantSource;
  /** Set by the sweep five minutes after its end: such a grant compiles to nothing. */
  readonly ended: boolean;
}

/** How people and programs get into a cluster through us, as it is written. */
export interface ClusterWayIn {
  /** What their kubeconfigs point to. */
  readonly server?: string;
  /** Base64 of the PEM certificates to trust there instead of the public ones. */
  readonly caData?: string;
  /** What is handed out. */
  readonly credential: 'Token' | 'ClientCertificate' | 'ServiceAccountToken' | 'None';
  /** Which authenticator of its API server a token is for. */
  readonly via: 'Webhook' | 'OIDC';
  /** How long a token lasts, such as `10m`. */
  readonly ttl: string;
}

export interface PolicyCluster extends Named {
  readonly kind: 'Cluster';
  readonly subjectMode: SubjectMode;
  readonly userPrefix: string;
  /** Absent: nobody gets in through us. */
  readonly access?: ClusterWayIn;
}

/**
 * An object of a kind that compiles to nothing: it is kept by name for those who ask, and gives nobody anything. `of` is
 * its kind. A kind that a newer program stored is read like this too.
 */
export interface PolicyPlain extends Named {
  readonly kind: 'Plain';
  readonly of: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export type PolicyObject =
  | PolicyUser
  | PolicyGroup
  | PolicyMembership
  | PolicyRole
  | PolicyGrant
  | PolicyCluster
  | PolicyTeam
  | PolicyPlain;

/** One row of `policy_changes`. Rows of one revision belong to one transaction and are applied together. */
export type PolicyChange =
  | { readonly op: 'put'; readonly object: PolicyObject }
  | { readonly op: 'delete'; readonly kind: PolicyKind; readonly uid: string };

export interface PolicyCommit {
  readonly revision: number;
  readonly changes: readonly PolicyChange[];
}

export type { LabelSelector, PolicyRule, SelectorOperator, SubjectMode };
