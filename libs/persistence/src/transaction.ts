import type {
  AuditActor,
  AuditEvent,
  CentralEventType,
  GrantScope,
  GrantSubject,
  PolicyChange,
  PolicyKind,
  PolicyRule,
  SubjectMode,
} from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { SyncStore } from './sync-bounds.ts';
import type { HelloFacts } from './sync/cluster-sync.ts';
import type {
  AgentIdentity,
  ApiTokenRecord,
  CertificateRecord,
  ClusterRecord,
  GrantRecord,
  GroupRecord,
  InstallationRecord,
  JoinTokenRecord,
  Labels,
  RevokedCredential,
  RoleRecord,
  StateAhead,
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
}

export interface PutGroup extends PutMeta {
  readonly displayName?: string;
  /** uids of users. Given: exactly these are members afterwards. Absent: membership stays. */
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
  readonly subjects: readonly GrantSubject[];
  readonly roleUid: string;
  readonly scope: GrantScope;
  readonly notBefore?: Millis;
  readonly until?: Millis;
  readonly reason?: string;
}

export interface PutCluster extends PutMeta {
  readonly subjectMode: SubjectMode;
  readonly userPrefix: string;
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

/** The kinds whose objects have names. */
export type NamedKind = Exclude<PolicyKind, 'Membership'>;

export type NamesByKind = Readonly<Partial<Record<NamedKind, Iterable<string>>>>;

/** uids of named objects. */
export class KnownNames {
  readonly #uids = new Map<string, string>();

  uid(kind: NamedKind, name: string): string | undefined {
    return this.#uids.get(`${kind}/${name}`);
  }

  add(kind: NamedKind, name: string, uid: string): void {
    this.#uids.set(`${kind}/${name}`, uid);
  }
}

export interface NameStore {
  /** Those that exist, whatever their kinds, in one round trip. */
  find(names: NamesByKind): Promise<KnownNames>;
}

export interface RemoveOptions {
  readonly precondition?: Precondition;
}

export interface UserStore extends NamedStore<UserRecord, PutUser> {
  /** Takes memberships, subject entries and grants left without subject along. Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<Removed<UserRecord>>;
}

export interface GroupStore extends NamedStore<GroupRecord, PutGroup> {
  /** Takes memberships, subject entries and grants left without subject along. Throws not_found, stale_resource. */
  remove(name: string, options?: RemoveOptions): Promise<Removed<GroupRecord>>;
}

export interface MemberStore {
  /** uids of the users who were no members before. Throws not_found. */
  add(groupUid: string, userUids: readonly string[]): Promise<readonly string[]>;
  /** uids of the users who were members before. */
  remove(groupUid: string, userUids: readonly string[]): Promise<readonly string[]>;
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

export interface NewJoinToken {
  readonly id: string;
  readonly secretHash: Uint8Array;
  /** Public key that a proof of the token is checked with. */
  readonly proofKey?: Uint8Array;
  readonly clusterUid: string;
  readonly createdBy: string;
  readonly ttlMs: number;
}

export type JoinTokenUse =
  | { readonly ok: true; readonly clusterUid: string; readonly clusterName: string }
  | { readonly ok: false; readonly reason: 'unknown' | 'used' | 'expired' };

export interface JoinTokenStore {
  insert(token: NewJoinToken): Promise<JoinTokenRecord>;
  /** Exactly one caller ever gets `ok` for a token, whatever runs beside it. Time is the database's. */
  consume(id: string, secretHash: Uint8Array): Promise<JoinTokenUse>;
  /** The key that proofs of this token are checked with; undefined when it is not known here. */
  proofKey(id: string): Promise<Uint8Array | undefined>;
  /** As `consume`, for a caller whose proof was good. */
  consumeProven(id: string, proofKey: Uint8Array): Promise<JoinTokenUse>;
  /** Takes an unused token back. Throws not_found. */
  revoke(id: string, clusterUid: string): Promise<JoinTokenRecord>;
  /** Removes tokens that were used or ended before. Gives how many. */
  purge(before: Millis): Promise<number>;
}

/** What a Hello says of the session that it opens. */
export type NewSession = Omit<HelloFacts, 'clusterUid'>;

export type HelloTaken =
  | {
      readonly ok: true;
      readonly identity: AgentIdentity;
      readonly sessionEpoch: number;
      /** uids of the identities that this Hello revoked. */
      readonly replaced: readonly string[];
    }
  | { readonly ok: false; readonly identity: AgentIdentity | null };

export interface AgentStore {
  /** A new identity with its first certificate. */
  enrol(input: {
    readonly agentUid: string;
    readonly clusterUid: string;
    readonly certificate: CertificateRecord;
  }): Promise<void>;
  /** `renewedBy`: fingerprint of the certificate by whose right it was got. */
  addCertificate(
    agentUid: string,
    certificate: CertificateRecord,
    renewedBy?: string,
  ): Promise<void>;
  /** The record of a certificate, locked; null when we never issued it. */
  byFingerprint(fingerprint: string): Promise<AgentIdentity | null>;
  /**
   * Takes a Hello: refused when the certificate is not known, revoked or superseded. The first one of a certificate
   * supersedes the others of its agent, but for those that were got by its own right, and revokes the identities enrolled before. What runs beside it waits, so that
   * a certificate that is refused afterwards never gets the later session.
   */
  takeHello(fingerprint: string, hello: NewSession): Promise<HelloTaken>;
  /** Revokes every live identity of the cluster. Gives their uids. */
  revokeCluster(clusterUid: string, because: string): Promise<readonly string[]>;
  insertNonce(nonceHash: Uint8Array, fingerprint: string, ttlMs: number): Promise<void>;
  /** True for exactly one caller per nonce, and only in time and for that certificate. */
  consumeNonce(nonceHash: Uint8Array, fingerprint: string): Promise<boolean>;
  purgeNonces(): Promise<number>;
}

export interface ApiTokenStore {
  /** Throws already_exists for the name of a live token. */
  insert(
    token: Pick<ApiTokenRecord, 'id' | 'name' | 'hash' | 'role'> & { readonly ttlMs?: number },
  ): Promise<ApiTokenRecord>;
  /** By name or id. Throws not_found. Revoking twice is no error. */
  revoke(nameOrId: string): Promise<ApiTokenRecord>;
  purge(before: Millis): Promise<number>;
}

/** What is known when an installation is made. */
export type NewInstallation = Omit<
  InstallationRecord,
  'bootstrappedAt' | 'explainedFrom' | 'epochRaise'
>;

export interface InstallationStore {
  find(): Promise<InstallationRecord | null>;
  create(record: NewInstallation): Promise<void>;
  /** Records that agents believe other keys from now on. */
  setKeys(keys: Pick<InstallationRecord, 'caFingerprint' | 'stateKeyFingerprint'>): Promise<void>;
  /** Records the compiler and makes a revision for it when it is newer. True when it did. */
  setCompilerVersion(version: number): Promise<boolean>;
  /** True for exactly one caller in the life of the installation. */
  markBootstrapped(): Promise<boolean>;
  /**
   * Makes the state epoch one higher than every epoch that is known or was proved, its first revision higher than every
   * revision that was proved, and lets commits through again.
   */
  raiseStateEpoch(raise: RaiseEpoch): Promise<EpochRaised>;
  /**
   * From now on nothing that changes the state is committed until the epoch is raised. `isAhead` judges once more, while
   * nobody else can commit; undefined when it says no.
   */
  proveAhead(proof: ProofAhead, isAhead: IsAhead): Promise<StateAhead | undefined>;
}

export interface RaiseEpoch {
  /** The envelope that proves the epoch to agents. */
  readonly sign: (stateEpoch: number) => Uint8Array;
  /** Of the program that raises: an older one takes the installation back to its compiler. */
  readonly compilerVersion: number;
}

export interface EpochRaised {
  readonly from: number;
  readonly stateEpoch: number;
  /** Who was ahead. */
  readonly ahead: readonly StateAhead[];
}

export type ProofAhead = Omit<StateAhead, 'stateEpoch' | 'revision' | 'provedAt'>;

export type IsAhead = (standing: Standing) => boolean;

/** What the database says about a revision that somebody holds. */
export interface Standing {
  readonly stateEpoch: number;
  /** The last revision. */
  readonly revision: number;
  /** Of the revision that was asked for; absent when the database never made it. */
  readonly lineage?: Uint8Array;
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
  /** What this transaction changes so far, in order. */
  changes(): readonly PolicyChange[];
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
  readonly joinTokens: JoinTokenStore;
  readonly agents: AgentStore;
  readonly apiTokens: ApiTokenStore;
  readonly installation: InstallationStore;
  readonly sync: SyncStore;
  readonly audit: AuditStore;
  readonly policy: PolicyRecorder;
}
