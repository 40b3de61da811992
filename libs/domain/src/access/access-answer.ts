import type { Ceiling, PolicyRule } from '@ambit/rbac';
import type { Millis } from '@ambit/kernel';

export interface NamespaceFacts {
  readonly labels: Readonly<Record<string, string>>;
  /** `Active` or `Terminating`; in the latter what was bound before still holds. */
  readonly phase: string;
}

/** What the agent of a cluster reported about it. */
export interface ReportedFacts {
  /** Rules of the ClusterRoles that the ceiling allows, by name. */
  readonly clusterRoles: ReadonlyMap<string, readonly PolicyRule[]>;
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>;
  /** Absent while the agent has never said Hello: then nothing is in force there. */
  readonly ceiling?: Ceiling;
}

export interface AccessQuestion {
  readonly clusterUid: string;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  /** Absent: a cluster-scoped object, or every namespace at once. */
  readonly namespace?: string;
  /** False: an object of the cluster, which no binding in a namespace gives. Absent: nobody knows. */
  readonly namespaced?: boolean;
  /** A path that belongs to no resource; group and resource are empty then, and `namespaced` is false. */
  readonly path?: string;
}

/** One way by which access exists. */
export interface AccessPath {
  readonly grant: string;
  readonly grantUid: string;
  readonly role: string;
  /** Name of the group; absent when the grant, or the team, names the person. */
  readonly through?: string;
  /** uid of that group: by it and the person's the source of the membership is found. */
  readonly throughUid?: string;
  /** Name of the team that the grant names and that holds the person or the group. */
  readonly team?: string;
  /** The condition of the grant, which holds for the person. */
  readonly match?: string;
  /** Name of the group of those for whom it holds: bindings that name groups name that one. */
  readonly conditionGroup?: string;
  /** Scope of the grant in its text form, for people. */
  readonly scope: string;
  /** Where in the cluster it holds, in words: `cluster-wide`, `in namespace payments`, `in every namespace`. */
  readonly reach: string;
  readonly until?: Millis;
  /** The hours of the grant, for people; `until` is then the end of the window that is open. */
  readonly hours?: string;
}

/** Why a question is answered with no, nearest to yes first. */
export const refusalReasons = [
  'resource_not_served',
  'resource_unchecked',
  'outside_hours',
  'grant_pending',
  'grant_ended',
  'condition_not_met',
  'rules_insufficient',
  'role_missing',
  'ceiling_refused',
  'namespace_missing',
  'namespace_protected',
  'cluster_scoped',
  'scope_elsewhere',
  'other_cluster',
  'user_inactive',
  'user_unknown',
  'agent_never_seen',
  'no_grant',
] as const;
export type AccessRefusalReason = (typeof refusalReasons)[number];

export interface AccessRefusal {
  readonly reason: AccessRefusalReason;
  /** One sentence for people. */
  readonly message: string;
  readonly grant?: string;
  readonly through?: string;
  readonly team?: string;
  /** The condition that does not hold (`condition_not_met`). */
  readonly match?: string;
  /** When it would begin (`grant_pending`, `outside_hours`) or when it ended (`grant_ended`). */
  readonly at?: Millis;
}

export type AccessAnswer =
  | {
      readonly allowed: true;
      readonly revision: number;
      readonly paths: readonly AccessPath[];
      /** When the last of the paths ends; absent when one of them has no end. */
      readonly until?: Millis;
    }
  | {
      readonly allowed: false;
      readonly revision: number;
      /** Never empty; the first is the nearest to yes. */
      readonly refusals: readonly AccessRefusal[];
    };

export interface Holder {
  readonly user: string;
  readonly userUid: string;
  readonly paths: readonly AccessPath[];
  readonly until?: Millis;
}

export interface WhoCanAnswer {
  readonly revision: number;
  /** Sorted by name. */
  readonly holders: readonly Holder[];
}
