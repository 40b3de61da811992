// Generated from proto/ by `npm run gen`. Do not edit.

/** What a sync says of people and groups that it does not name. */
export type SyncMode = 'SYNC_MODE_UNSPECIFIED' | 'SYNC_MODE_FULL' | 'SYNC_MODE_DELTA';

export type SyncDirectoryRequest =
  | { readonly step: 'begin'; readonly begin: SyncBegin }
  | { readonly step: 'page'; readonly page: SyncPage }
  | { readonly step: 'commit'; readonly commit: SyncCommit }
  | { readonly step?: undefined };

export interface SyncBegin {
  readonly mode: SyncMode;
  /** Everything is worked out and answered, nothing is stored. */
  readonly dryRun: boolean;
}

/** A part of what the directory says: at most 4 MiB, and 100,000 people and groups. Order does not matter, and members may come before their people. */
export interface SyncPage {
  readonly users: readonly SyncedUser[];
  readonly groups: readonly SyncedGroup[];
  /** People who join groups that are sent, or that are there. */
  readonly joining: readonly SyncedMembers[];
  /** People who leave groups. In a delta alone. */
  readonly leaving: readonly SyncedMembers[];
  /** External ids of people who go. In a delta alone. */
  readonly removedUsers: readonly string[];
  /** External ids of groups that go. In a delta alone. */
  readonly removedGroups: readonly string[];
}

/** A person. */
export interface SyncedUser {
  /** The name for ever in the directory: who has another user_name is still the same person. Needed. */
  readonly externalId: string;
  /** Becomes, in lower case, the name of the User: an e-mail address as a rule. Needed. */
  readonly userName: string;
  readonly displayName: string;
  readonly emails: readonly string[];
  /** All access ends, and the person is not forgotten. */
  readonly inactive: boolean;
  /** What rules of teams can read, at most 32. All that there are: one that is left out goes. */
  readonly attributes: readonly SyncedAttribute[];
}

/** Something that is known of a person, such as the department. */
export type SyncedAttribute = {
  /** Letters, digits and _, a letter first, at most 63. Needed. */
  readonly name: string;
} & (
  | {
      readonly value: 'text';
      /** At most 256 characters. */
      readonly text: string;
    }
  | { readonly value: 'number'; readonly number: number }
  | { readonly value: 'truth'; readonly truth: boolean }
  | { readonly value: 'texts'; readonly texts: SyncedTexts }
  | { readonly value?: undefined }
);

export interface SyncedTexts {
  /** At most 50, each of at most 256 characters. */
  readonly values: readonly string[];
}

export interface SyncedGroup {
  /** The name for ever in the directory. Needed. */
  readonly externalId: string;
  /** Becomes, in lower case and with - for spaces, the name of the Group when it is new. Needed. */
  readonly displayName: string;
  /** External ids of people. In a full sync these and those of `joining` are all; in a delta they join. */
  readonly members: readonly string[];
}

export interface SyncedMembers {
  /** External id of the group. */
  readonly group: string;
  /** External ids of people. */
  readonly users: readonly string[];
}

export interface SyncCommit {
  /** How much was sent. A sync that lost a page on its way is refused when it says so. */
  readonly sent: SyncCounts | null;
  /** A full sync without any person, or without any group while some are known, is meant so. Without this it is refused. */
  readonly intentionallyEmpty: boolean;
}

export interface SyncCounts {
  readonly users: number;
  readonly groups: number;
}

export interface SyncDirectoryResponse {
  readonly users: SyncOutcome | null;
  readonly groups: SyncOutcome | null;
  readonly membersJoined: number;
  readonly membersLeft: number;
  /** What could not be taken as it was sent, at most 100; the rest was. `refused_total` counts all. */
  readonly refused: readonly SyncRefusal[];
  readonly refusedTotal: number;
  readonly dryRun: boolean;
  /** Of the policy after it; what clusters are told when they are done with it. */
  readonly revision: number;
}

export interface SyncOutcome {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
}

/** A person or a group that stays as it was. */
export interface SyncRefusal {
  /** `User` or `Group`. */
  readonly kind: string;
  readonly externalId: string;
  /** A code of errors, such as `group_closed`. */
  readonly reason: string;
  readonly message: string;
}

export interface ListDirectoryUsersRequest {
  /** At most 1,000; 100 when it is 0. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListDirectoryUsersResponse {
  readonly users: readonly DirectoryUser[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  readonly total: number;
}

export interface DirectoryUser {
  /** Name and uid of the User. */
  readonly name: string;
  readonly uid: string;
  readonly externalId: string;
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
}

export interface ListDirectoryGroupsRequest {
  /** At most 1,000; 100 when it is 0. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListDirectoryGroupsResponse {
  readonly groups: readonly DirectoryGroup[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  readonly total: number;
}

export interface DirectoryGroup {
  /** Name and uid of the Group. */
  readonly name: string;
  readonly uid: string;
  readonly externalId: string;
  readonly displayName: string;
  /** Names of the people whom the directory gives the group. */
  readonly members: readonly string[];
}

/** Of when an answer about the past is. What agents tell has no history: namespaces, the rules of existing ClusterRoles, ceilings, and the sources of memberships, are those of now. */
export interface AsOf {
  readonly revision: number;
  /** RFC 3339; grants begin and end by it. */
  readonly time: string;
}

/** What is asked about. Names may have any form that kubectl takes. */
export interface AccessTarget {
  readonly cluster: string;
  /** Empty: in every namespace, or cluster-wide. */
  readonly namespace: string;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** Exactly one of user and service. */
export interface AccessQuestion {
  readonly user: string;
  readonly service: string;
  readonly target: AccessTarget | null;
}

export interface AccessAnswer {
  readonly allowed: boolean;
  /** By what, at most 16. */
  readonly paths: readonly AccessPath[];
  /** Why not, at most 16. */
  readonly refusals: readonly AccessRefusal[];
  /** When the last of the paths ends, RFC 3339; empty when one of them has no end. */
  readonly until: string;
  readonly notes: readonly string[];
  readonly hint: string;
  readonly nextCommand: string;
  /** Bindings that are not ours and give it although nobody was granted it, at most 16. */
  readonly unmanaged: readonly UnmanagedWay[];
}

/** A binding in the cluster that is not ours and that gives what was asked. */
export interface UnmanagedWay {
  /** KIND/NAMESPACE/NAME or KIND/NAME. */
  readonly object: string;
  /** KIND/NAME. */
  readonly role: string;
  /** In words, as `group devs`, at most 20. */
  readonly subjects: readonly string[];
  readonly moreSubjects: number;
  /** The people and programs of Ambit that its subjects mean, at most 20. */
  readonly users: readonly string[];
  /** Who says that it is theirs. */
  readonly owner: string;
  /** True: what the role gives is too much to be told, so that they only may have it. */
  readonly uncertain: boolean;
  /** Kubernetes itself put it there. */
  readonly system: boolean;
}

export interface AccessPath {
  readonly grant: string;
  readonly role: string;
  readonly scope: string;
  readonly reach: string;
  readonly group: string;
  /** RFC 3339; empty when it has no end. */
  readonly until: string;
  /** The team that the grant names; it names the group, or the person. */
  readonly team: string;
  /** Where the membership in the group comes from: `local`, `claims:NAME` or `scim:NAME`. */
  readonly sources: readonly string[];
  /** The condition of the grant. */
  readonly match: string;
  /** The hours within which the grant holds, in words; empty: at all hours. `until` is then the end of those that run. */
  readonly hours: string;
}

export interface AccessRefusal {
  readonly reason: string;
  readonly message: string;
  readonly grant: string;
  readonly group: string;
  /** When it would begin, also by its hours, or when it ended; RFC 3339. */
  readonly at: string;
  readonly team: string;
}

/** What an answer rests on. */
export interface AccessEvidence {
  readonly cluster: string;
  readonly connected: boolean;
  /** False: the agent never told of its roles and namespaces. */
  readonly told: boolean;
  readonly ageSeconds: number;
  /** 0 when no revision was applied yet. */
  readonly appliedRevision: number;
}

export interface CheckAccessRequest {
  readonly question: AccessQuestion | null;
  /** A revision or a time, RFC 3339: as it was then. Empty: now. */
  readonly at: string;
}

export interface CheckAccessResponse {
  readonly answer: AccessAnswer | null;
  readonly evidence: AccessEvidence | null;
  readonly revision: number;
  /** Absent: now. */
  readonly asOf: AsOf | null;
}

export interface CheckAccessManyRequest {
  readonly questions: readonly AccessQuestion[];
  /** No more than somebody needs who decides by it, in a fraction of the time. */
  readonly brief: boolean;
  /** A revision or a time, RFC 3339: as it was then. Empty: now. */
  readonly at: string;
}

export interface CheckAccessManyResponse {
  readonly answers: readonly AccessAnswer[];
  readonly evidence: readonly AccessEvidence[];
  readonly revision: number;
  /** Absent: now. */
  readonly asOf: AsOf | null;
}

export interface WhoCanRequest {
  readonly target: AccessTarget | null;
  /** At most 500; 100 when it is 0. */
  readonly pageSize: number;
  readonly pageToken: string;
  /** A revision or a time, RFC 3339: as it was then. Empty: now. */
  readonly at: string;
}

export interface WhoCanResponse {
  readonly holders: readonly AccessHolder[];
  readonly evidence: AccessEvidence | null;
  readonly notes: readonly string[];
  /** Objects in the cluster that nobody granted and that give it, by KIND/NAMESPACE/NAME. */
  readonly standing: readonly string[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  readonly revision: number;
  /** Absent: now. */
  readonly asOf: AsOf | null;
  /** Bindings that are not ours and give it, at most 100. */
  readonly unmanaged: readonly UnmanagedWay[];
  readonly moreUnmanaged: number;
  /** Bindings that the agent could not tell. */
  readonly unmanagedLeftOut: number;
}

export interface AccessHolder {
  /** A service identity as service/NAME. */
  readonly user: string;
  readonly paths: readonly AccessPath[];
  readonly until: string;
}

/** Exactly one of user and service. */
export interface ListHeldAccessRequest {
  readonly user: string;
  readonly service: string;
}

export interface ListHeldAccessResponse {
  readonly clusters: readonly HeldInCluster[];
  readonly revision: number;
}

export interface HeldInCluster {
  readonly cluster: string;
  readonly roles: readonly string[];
  /** `*` is every one. */
  readonly namespaces: readonly string[];
  /** As the API server of the cluster names them. */
  readonly subject: string;
}

/** Exactly one of user, service, team and scope. */
export interface ListEffectiveAccessRequest {
  readonly user: string;
  readonly service: string;
  readonly team: string;
  /** CLUSTER, CLUSTER/NAMESPACE or CLUSTER/*. */
  readonly scope: string;
  /** Only access without an end. */
  readonly standing: boolean;
  /** A revision or a time, RFC 3339: as it was then. Empty: now. */
  readonly at: string;
  /** At most 500; 100 when it is 0. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ListEffectiveAccessResponse {
  readonly rows: readonly EffectiveRow[];
  /** Of a team, once for each way into it. */
  readonly people: readonly TeamPerson[];
  /** What the team owns; on the first page. */
  readonly owns: readonly TeamNamespaces[];
  readonly evidence: readonly AccessEvidence[];
  readonly notes: readonly string[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  readonly revision: number;
  /** Absent: now. */
  readonly asOf: AsOf | null;
}

/** A role that somebody, or a team, has in a cluster by one way. */
export interface EffectiveRow {
  /** A service identity as service/NAME; of a team it is team/NAME. */
  readonly user: string;
  readonly cluster: string;
  readonly path: AccessPath | null;
  /** `in_force`, `unknown` where the cluster is gone, or why it gives nothing. */
  readonly state: string;
  readonly message: string;
  /** When a grant that has not begun begins, RFC 3339. */
  readonly notBefore: string;
  /** What the role lets its holder do to take more power than it says. */
  readonly risks: readonly string[];
}

export interface TeamPerson {
  readonly user: string;
  /** Empty: the team names the person. */
  readonly group: string;
  readonly sources: readonly string[];
}

export interface TeamNamespaces {
  readonly cluster: string;
  readonly namespaces: readonly string[];
}

/** Exactly one of user and service. */
export interface ExplainAccessRequest {
  readonly user: string;
  readonly service: string;
  /** CLUSTER, CLUSTER/NAMESPACE or CLUSTER/*. */
  readonly scope: string;
  /** A revision or a time, RFC 3339: as it was then. Empty: now. */
  readonly at: string;
}

export interface ExplainAccessResponse {
  readonly allowed: boolean;
  /** Those in force first, at most 100. */
  readonly ways: readonly AccessWay[];
  /** Why not, the nearest to yes first, at most 16. */
  readonly refusals: readonly AccessRefusal[];
  readonly evidence: AccessEvidence | null;
  readonly hint: string;
  readonly nextCommand: string;
  readonly revision: number;
  /** Absent: now. */
  readonly asOf: AsOf | null;
  /** Bindings that are not ours and give something there, at most 16; what Kubernetes gives to everybody is not among them. */
  readonly unmanaged: readonly UnmanagedWay[];
}

/** From the group by the team and the grant to the objects in the cluster. */
export interface AccessWay {
  readonly path: AccessPath | null;
  readonly state: string;
  readonly message: string;
  /** When a grant that has not begun begins, RFC 3339. */
  readonly notBefore: string;
  /** By which name the objects bind. */
  readonly subject: string;
  /** KIND/NAMESPACE/NAME or KIND/NAME, at most 20; none in answers about the past. */
  readonly objects: readonly string[];
  /** Whether the agent has made them so. */
  readonly applied: boolean;
  /** Why the agent could not. */
  readonly problem: string;
}

export interface ApplyPolicyRequest {
  /** JSON of an object each, at most 10,000. */
  readonly documents: readonly string[];
  /** The digest of a plan whose removals the caller has seen. */
  readonly confirmRemovals: string;
}

export interface ApplyPolicyResponse {
  readonly effect: PolicyEffect | null;
}

export interface PlanPolicyRequest {
  /** JSON of an object each, at most 10,000. */
  readonly documents: readonly string[];
}

export interface PlanPolicyResponse {
  readonly effect: PolicyEffect | null;
  /** Set when the removal guard would stop it: what ApplyPolicy needs as confirm_removals. */
  readonly removalsDigest: string;
}

export interface PolicyEffect {
  readonly changed: boolean;
  /** The one that it made; without a change the one that the answer was worked out at. */
  readonly revision: number;
  readonly objects: readonly PolicyOutcome[];
  readonly clusters: readonly PolicyClusterEffect[];
  readonly warnings: readonly string[];
}

export interface PolicyOutcome {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** `created`, `configured`, `unchanged` or `deleted`. */
  readonly action: string;
}

export interface PolicyClusterEffect {
  readonly cluster: string;
  readonly connected: boolean;
  readonly bindingsAdded: number;
  readonly bindingsRemoved: number;
  /** People who gain or lose a binding, at most 100; the totals count all. */
  readonly gain: readonly string[];
  readonly gainTotal: number;
  readonly lose: readonly string[];
  readonly loseTotal: number;
}

export interface GetPolicyObjectRequest {
  readonly kind: string;
  readonly name: string;
}

export interface GetPolicyObjectResponse {
  /** JSON of the object. */
  readonly object: string;
}

export interface ListPolicyObjectsRequest {
  readonly kind: string;
  /** At most 500; 100 when it is 0. */
  readonly pageSize: number;
  readonly pageToken: string;
  readonly labelSelector: string;
  /** Text to look for in names. */
  readonly q: string;
}

export interface ListPolicyObjectsResponse {
  /** JSON of an object each. */
  readonly objects: readonly string[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  readonly revision: number;
}
