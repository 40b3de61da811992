import type { Intent, Section } from '@ambit/rbac';
import type { Family } from './family.ts';
import type {
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
} from '../policy-objects.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import type { CoarseDepartures } from './told-departures.ts';

/**
 * What a commit did: every cluster it touches with the keys whose entries changed, appeared or vanished.
 * A cluster whose entries stayed equal is there with an empty set, because it gets a manifest too.
 */
export type Touched = ReadonlyMap<string, ReadonlySet<string>>;

/** Who holds more or less in a cluster than before; what is counted are (role, place, person) triples in force. */
export interface HoldingChange {
  readonly added: number;
  readonly removed: number;
  /** Names of people, sorted. */
  readonly gain: readonly string[];
  readonly lose: readonly string[];
}

/** What a set of changes does, seen from after it. */
export interface WhatIf {
  readonly touched: Touched;
  /** A touched entry as it was before. Ask before the next commit. */
  readonly before: (clusterUid: string, key: string) => Intent | undefined;
  /** For the clusters in which somebody's entries changed. */
  readonly holdings: ReadonlyMap<string, HoldingChange>;
  /** Names of people who held something before and hold nothing anywhere now. */
  readonly leftWithout: readonly string[];
}

export type SectionCounts = Readonly<Record<Section, number>>;

/** Work done since the policy was loaded and room it takes now, for tests and metrics. */
export interface PolicyStats {
  /** Families held now; one shared by several clusters counts once. */
  readonly familiesHeld: number;
  /** Families whose subjects or grants were worked out anew. */
  readonly familiesDerived: number;
  /** BINDING entries rendered; one shared by several clusters counts once. */
  readonly entriesRendered: number;
  /** Cluster selectors evaluated against a cluster's labels. */
  readonly selectorsEvaluated: number;
  /** Grants and people looked at to tell who holds more or less by a commit. */
  readonly holdingsVisited: number;
}

/** Reading access to the policy in memory. All answers are those of one revision. */
export interface PolicyView {
  readonly revision: number;

  user(uid: string): PolicyUser | undefined;
  group(uid: string): PolicyGroup | undefined;
  role(uid: string): PolicyRole | undefined;
  team(uid: string): PolicyTeam | undefined;
  /** As it is written. */
  grant(uid: string): PolicyGrant | undefined;
  cluster(uid: string): PolicyCluster | undefined;
  /** The object of a kind and name; memberships are named `GROUP/USER`. */
  byName(kind: string, name: string): PolicyObject | undefined;
  /** Every name of a kind, in no order that means anything. */
  names(kind: string): Iterable<string>;

  clusters(): Iterable<PolicyCluster>;
  users(): Iterable<PolicyUser>;
  roles(): Iterable<PolicyRole>;
  grants(): Iterable<PolicyGrant>;
  membersOf(groupUid: string): Iterable<string>;
  groupsOf(userUid: string): Iterable<string>;
  /** uids of the groups whose members follow from the rules of teams. */
  readonly teamGroups: ReadonlySet<string>;
  /** The groups for whom the condition of a grant holds. */
  conditioned(grantUid: string): readonly PolicyGroup[];
  /** True when some grant has a condition. */
  readonly hasConditions: boolean;
  /** Grants, as they are written, that have a condition and name the user, the group or the team. */
  conditionalNaming(subjectUid: string): Iterable<PolicyGrant>;
  /** uids of the teams that name the user or the group itself. */
  teamsOf(memberUid: string): Iterable<string>;
  /** Grants, as they are written, that name the user, the group, the team or the role, or the cluster by name: ended ones too. */
  grantsNaming(
    kind: 'User' | 'Group' | 'Team' | 'Role' | 'Cluster',
    uid: string,
  ): Iterable<PolicyGrant>;
  /** Grants, as they are compiled into the cluster, that name the user or the group, itself or by a team. */
  grantsNamingIn(clusterUid: string, subjectUid: string): Iterable<CompiledGrant>;
  /** Those that name the user or the group in the same ways and are marked as ended: they are compiled nowhere. */
  endedGrantsNaming(subjectUid: string): Iterable<CompiledGrant>;
  /** Grants as they are compiled into the cluster. */
  grantsReaching(clusterUid: string): Iterable<CompiledGrant>;
  /** True when the grant is compiled into the cluster. */
  reaches(grantUid: string, clusterUid: string): boolean;
  /** Clusters the grant is compiled into. */
  clustersReachedBy(grantUid: string): ReadonlySet<string>;
  /**
   * Roles and namespace scopes the grant is compiled to: one, or one for each of its parts; none when it compiles to nothing.
   * With a cluster those of the parts that reach it.
   */
  familiesOf(grantUid: string, clusterUid?: string): readonly Family[];

  /** The name of a person or program in the bindings of a cluster. */
  subjectIn(cluster: PolicyCluster, user: PolicyUser): string;

  entry(clusterUid: string, key: string): Intent | undefined;
  /** Every entry of the cluster, by section and key. Nothing for a cluster that does not exist. */
  entries(clusterUid: string): Iterable<Intent>;
  keys(clusterUid: string): Iterable<string>;
  counts(clusterUid: string): SectionCounts;
  /** What a cluster is told of people who left groups more coarsely than one by one: they were too many. */
  coarseDepartures(clusterUid: string): CoarseDepartures | undefined;
  /** How many (role, place, person) triples are in force in the cluster, or in all of them; kept up commit by commit. */
  triples(clusterUid?: string): number;
  /** How many people hold anything anywhere. */
  readonly people: number;
}
