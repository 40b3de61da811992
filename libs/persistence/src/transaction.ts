import type {
  AuditActor,
  AuditEvent,
  CentralEventType,
  ClusterWayIn,
  GrantHours,
  GrantScope,
  GrantSource,
  PersonAttributes,
  PolicyChange,
  PolicyRule,
  SubjectMode,
} from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type {
  AgentStore,
  ApiTokenStore,
  IssuerKeyStore,
  JoinTokenStore,
  SessionStore,
  UsedTokenStore,
} from './credential-stores.ts';
import type { DirectoryStore } from './directory/directory.store.ts';
import type { InstallationStore } from './installation-store.ts';
import type { KnownNames } from './known-names.ts';
import type { IdentityStore } from './sign-in/identity.store.ts';
import type { LocalCredentialStore } from './sign-in/local-credential.store.ts';
import type { SignInRecordStore } from './sign-in/sign-in-record.store.ts';
import type { ConditionStore } from './rules/grant-condition.ts';
import type { RuleStore } from './rules/team-rule.ts';
import type { SyncStore } from './sync-bounds.ts';
import type { TeamStore } from './team-ownership.ts';
import type {
  ClusterRecord,
  GrantRecord,
  GroupRecord,
  HolderReference,
  Labels,
  NamedReference,
  PlainRecord,
  SessionEnd,
  RevokedCredential,
  RoleRecord,
  UserRecord,
} from './records.ts';

/** `absent`: the object must not exist. A revision: it must exist and be at that resourceVersion. */
export type Precondition = 'absent' | { readonly revision: number };

interface PutMeta {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
  readonly precondition?: Precondition;
}

export interface PutUser extends PutMeta {
  readonly displayName?: string;
  readonly active: boolean;
  /** Those that somebody wrote. Absent: stay as they are. */
  readonly attributes?: PersonAttributes;
  /** Those that a source says now. What other sources say stays. */
  readonly said?: { readonly source: string; readonly attributes: PersonAttributes };
}

export interface PutGroup extends PutMeta {
  readonly displayName?: string;
  /** uids of users. Given: exactly these are written into it afterwards. Absent: that stays. */
  readonly memberUids?: readonly string[];
  /** Token roles that may not change it. Absent: stays as it is. */
  readonly closedTo?: readonly string[];
}

export interface PutRole extends PutMeta {
  readonly description?: string;
  readonly clusterRole?: string;
  readonly rules?: readonly PolicyRule[];
}

export interface PutGrant extends PutMeta {
  readonly subjects: readonly HolderReference[];
  readonly roleUid: string;
  readonly scope: GrantScope;
  readonly notBefore?: Millis;
  readonly until?: Millis;
  /** An expression over people and clusters that has to hold besides. */
  readonly match?: string;
  readonly hours?: readonly GrantHours[];
  readonly reason?: string;
  /** The way in by which it comes. Absent: stays as it is, `api` for a new one. */
  readonly source?: GrantSource;
}

export interface PutCluster extends PutMeta {
  readonly subjectMode: SubjectMode;
  readonly userPrefix: string;
  readonly access?: ClusterWayIn;
}

/** `unchanged`: nothing was written and no revision will be made for it. */
export interface Put<T> {
  readonly outcome: 'created' | 'updated' | 'unchanged';
  /** As stored; the resourceVersion of what changed is known only after commit (`Committed.revision`). */
  readonly record: T;
  readonly previous?: T;
}

/** What went with a removed object. */
export interface Removed<T> {
  readonly record: T;
  readonly memberships: number;
  /** Grants that lost a subject or a cluster and live on. */
  readonly narrowedGrants: readonly string[];
  /** Grants that were left without subject or cluster and went too. */
  readonly removedGrants: readonly string[];
}

interface NamedStore<T, P> {
  /** Creates or changes by name. Throws stale_resource, already_exists, not_found (a reference), in_use. */
  put(input: P): Promise<Put<T>>;
  /** The row, locked against change until the end of the transaction. */
  find(name: string): Promise<T | null>;
}

/** A kind of object of which `spec` is all that there is. */
export interface PutPlain extends PutMeta {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Names to look for, by kind. */
export type NamesByKind = Readonly<Partial<Record<string, Iterable<string>>>>;

export interface NameStore {
  /** Those that exist, whatever their kinds, in one round trip. */
  find(names: NamesByKind): Promise<KnownNames>;
  /** Says that these objects will be put, so that they are looked at together and not one by one. */
  expect(names: NamesByKind): Promise<void>;
}

export type RemoveOptions = Pick<PutMeta, 'precondition'>;

export interface UserStore extends NamedStore<UserRecord, PutUser> {
  /** Takes memberships, subject entries and grants left without subject along. Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<Removed<UserRecord>>;
  /** Makes those of whose names there is nobody, in one statement, and gives them. */
  createAll(inputs: readonly PutUser[]): Promise<readonly UserRecord[]>;
  /** Gives the person another name; they stay who they are. Throws not_found, already_exists. */
  rename(name: string, to: string): Promise<UserRecord>;
  /** The source says nothing of anybody any more. */
  forgetAttributes(source: string): Promise<void>;
  /** Takes the person out of grants that have an end; what is given for a while does not come back with them. */
  endTemporary(uid: string): Promise<Pick<Removed<unknown>, 'narrowedGrants' | 'removedGrants'>>;
}

export interface GroupStore extends NamedStore<GroupRecord, PutGroup> {
  /** Takes memberships, subject entries and grants left without subject along. Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<Removed<GroupRecord>>;
}

/** What became of the memberships that a source gives a person. */
export interface GivenGroups {
  /** Groups that the source gives now and did not before, and the other way round. */
  readonly given: readonly NamedReference[];
  readonly taken: readonly NamedReference[];
  /** Those among them whose member the person was not before, or is no longer. */
  readonly joined: readonly NamedReference[];
  readonly left: readonly NamedReference[];
}

/** What became of the members whom a source gives a group. */
export interface GivenMembersChange {
  /** Whom the source gives, or gives no longer, and did otherwise before. */
  readonly moved: readonly NamedReference[];
  /** Those among them who are members since, or no longer. */
  readonly changed: readonly NamedReference[];
}

/** Somebody who is no longer a member of a group. */
export interface LeftMember {
  readonly group: NamedReference;
  readonly user: NamedReference;
}

/** Members that somebody wrote into a group, and those that other sources give. Who is either is a member. */
export interface MemberStore {
  /** uids of the users who were not written into it before. Throws not_found. */
  add(groupUid: string, userUids: readonly string[]): Promise<readonly string[]>;
  /** uids of the users who were written into it before; those whom another source gives stay members. */
  remove(groupUid: string, userUids: readonly string[]): Promise<readonly string[]>;
  /** uids of the groups that the source gives the person. */
  givenTo(userUid: string, source: string): Promise<readonly string[]>;
  /** Makes exactly these the groups that the source gives the person. Throws not_found. */
  give(userUid: string, source: string, groupUids: readonly string[]): Promise<GivenGroups>;
  /** Puts people into a group by a source. Throws not_found. */
  giveTo(
    groupUid: string,
    source: string,
    userUids: readonly string[],
  ): Promise<GivenMembersChange>;
  /** Takes what a source gives these people in a group; all of them, when none are named. */
  takeFrom(
    groupUid: string,
    source: string,
    userUids?: readonly string[],
  ): Promise<GivenMembersChange>;
  /** Takes away everything that the source gives. Gives who is no longer a member. */
  takeAll(source: string): Promise<readonly LeftMember[]>;
}

export interface RoleStore extends NamedStore<RoleRecord, PutRole> {
  /** Throws not_found, stale_resource, in_use (a grant holds it, or it is built in). */
  remove(name: string, options?: RemoveOptions): Promise<RoleRecord>;
}

export interface GrantStore extends NamedStore<GrantRecord, PutGrant> {
  /** Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<GrantRecord>;
  /** Marks grants whose end is at or before `before` as ended, at most `limit`. */
  endPast(before: Millis, limit: number): Promise<readonly GrantRecord[]>;
  /** Lays out the next hours of grants whose turn it is at `at`, at most `limit`; gives those whose windows are others now. */
  layHours(at: Millis, limit: number): Promise<readonly GrantRecord[]>;
}

export interface ClusterStore extends NamedStore<ClusterRecord, PutCluster> {
  /**
   * Leaves a tombstone for its agents. Throws not_found, stale_resource, and in_use when a grant names the cluster and
   * `dropReferences` is not set.
   */
  remove(
    name: string,
    options?: RemoveOptions & { readonly dropReferences?: boolean },
  ): Promise<Removed<ClusterRecord>>;
  /** Ties the cluster to its kube-system uid. Throws wrong_cluster, cluster_already_enrolled. */
  bindKubeSystemUid(clusterUid: string, kubeSystemUid: string): Promise<void>;
  byUid(uid: string): Promise<ClusterRecord | null>;
}

export interface PlainStore extends NamedStore<PlainRecord, PutPlain> {
  /** Takes subject entries and grants left without subject along. Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<Removed<PlainRecord>>;
}

/** An audit event as a use case knows it; id, time, actor, request and revision are added. */
export type NewAuditEvent = Omit<
  AuditEvent,
  'id' | 'time' | 'type' | 'actor' | 'revision' | 'requestId' | 'reportedBy' | 'suspect'
> & { readonly type: CentralEventType; readonly actor?: AuditActor };

export interface AuditStore {
  record(event: NewAuditEvent): void;
}

export interface PolicyRecorder {
  /** Adds a change to this transaction's revision. Stores do it by themselves. */
  record(change: PolicyChange, name: string): void;
  revoke(credential: RevokedCredential, name: string): void;
  /** As `revoke`; clusters are told too, when tokens of the session may be about. */
  endSession(session: SessionEnd, name: string): void;
  /** What this transaction changes so far, in order. */
  changes(): readonly PolicyChange[];
}

export interface AdminStore {
  /** True when somebody can still come in as an administrator. Who else takes a way in away waits for this transaction. */
  remain(): Promise<boolean>;
}

/** The stores of one transaction. There is no way to write outside one. */
export interface Transaction {
  readonly names: NameStore;
  readonly users: UserStore;
  readonly groups: GroupStore;
  readonly members: MemberStore;
  readonly roles: RoleStore;
  readonly grants: GrantStore;
  readonly clusters: ClusterStore;
  /** Objects of a kind that has no store of its own. */
  plain(kind: string): PlainStore;
  readonly joinTokens: JoinTokenStore;
  readonly agents: AgentStore;
  readonly apiTokens: ApiTokenStore;
  readonly sessions: SessionStore;
  readonly issuerKeys: IssuerKeyStore;
  readonly usedTokens: UsedTokenStore;
  readonly localCredentials: LocalCredentialStore;
  readonly identities: IdentityStore;
  readonly directories: DirectoryStore;
  readonly signInRecords: SignInRecordStore;
  readonly installation: InstallationStore;
  readonly admins: AdminStore;
  readonly sync: SyncStore;
  readonly teams: TeamStore;
  readonly rules: RuleStore;
  readonly conditions: ConditionStore;
  readonly audit: AuditStore;
  readonly policy: PolicyRecorder;
}
