import type {
  ClusterWayIn,
  GrantHours,
  GrantScope,
  GrantSource,
  GrantSubject,
  LaidHours,
  PolicyChange,
  PolicyCommit,
  PolicyRule,
  SubjectMode,
} from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { SaidAttributes } from './kinds/user/given-attributes.ts';

export type { JoinTokenRecord } from './join-token-record.ts';

export type Labels = Readonly<Record<string, string>>;

/** What every policy object carries. `resourceVersion` is the revision of its last change, `generation` counts spec edits. */
export interface RecordMeta {
  readonly kind: string;
  readonly uid: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly resourceVersion: number;
  readonly generation: number;
  readonly createdAt: Millis;
}

export interface UserRecord extends RecordMeta, SaidAttributes {
  readonly kind: 'User';
  readonly displayName?: string;
  readonly active: boolean;
}

export interface GroupRecord extends RecordMeta {
  readonly kind: 'Group';
  readonly displayName?: string;
  /** Names of the users whom somebody wrote into it, sorted. */
  readonly members: readonly string[];
  /** Who is a member because another source says so, whether or not somebody wrote it too; absent when none does. */
  readonly given?: readonly GivenMembers[];
  /** Token roles that may not change it, as somebody said; absent: what its grants say. */
  readonly closedTo?: readonly string[];
}

/** Members whom one source gives a group. */
export interface GivenMembers {
  /** Such as `claims:corp`. */
  readonly source: string;
  /** User names, sorted. */
  readonly members: readonly string[];
}

export interface RoleRecord extends RecordMeta {
  readonly kind: 'Role';
  readonly description?: string;
  readonly clusterRole?: string;
  readonly rules?: readonly PolicyRule[];
  /** `view`, `edit` and `admin`: nobody can change or remove them. */
  readonly builtIn: boolean;
}

export interface NamedReference {
  readonly uid: string;
  readonly name: string;
}

/** Who holds a grant. To the compiler a service identity is what a person is. */
export interface HolderReference {
  readonly kind: GrantSubject['kind'] | 'ServiceIdentity';
  readonly uid: string;
}

export type SubjectReference = HolderReference & { readonly name: string };

export interface GrantRecord extends RecordMeta {
  readonly kind: 'Grant';
  readonly subjects: readonly SubjectReference[];
  readonly role: NamedReference;
  /** References as uids, as it is compiled. */
  readonly scope: GrantScope;
  /** The clusters that `scope` names; empty for the other selectors. */
  readonly clusters: readonly NamedReference[];
  readonly notBefore?: Millis;
  readonly until?: Millis;
  /** The expression that has to hold besides. */
  readonly match?: string;
  readonly hours?: readonly GrantHours[];
  /** With `hours`, and only then. */
  readonly laid?: LaidHours;
  readonly reason?: string;
  readonly source: GrantSource;
  readonly ended: boolean;
}

export interface ClusterRecord extends RecordMeta {
  readonly kind: 'Cluster';
  readonly subjectMode: SubjectMode;
  readonly userPrefix: string;
  readonly access?: ClusterWayIn;
  /** uid of the namespace kube-system, known since enrolment. */
  readonly kubeSystemUid?: string;
}

/** An object of a kind that needs no table of its own. */
export interface PlainRecord extends RecordMeta {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A credential that ended by hand: replicas close what it holds open. `IssuerKey`: the keys of the issuer are others now, by one that came or went. */
export interface RevokedCredential {
  readonly kind: 'Agent' | 'ApiToken' | 'Session' | 'IssuerKey';
  readonly uid: string;
}

/** A key that signs what people get into clusters with. */
export interface IssuerKeyRecord {
  readonly kid: string;
  /** A JWK without its private half. */
  readonly publicKey: Readonly<Record<string, string>>;
  /** The private half, of use only with a secret that is not in the database. */
  readonly sealed: Uint8Array;
  /** It signs from then until another does. */
  readonly signsFrom: Millis;
}

/** A session that ended, by hand or with its person. */
export interface EndedSession {
  readonly uid: string;
  readonly id: string;
  readonly endedAt: Millis;
}

/** The end of a session; `told`: clusters hear of it, as they may still take a token of it. */
export interface SessionEnd extends EndedSession {
  readonly told: boolean;
}

/** What the agent of a cluster is to do, for the replica that holds its stream. */
export interface AgentOrder {
  readonly clusterUid: string;
  readonly word: 'release_removals' | 'release_gains';
}

/** One revision as the feed delivers it. */
export interface FeedCommit extends PolicyCommit {
  readonly revoked: readonly RevokedCredential[];
  readonly orders: readonly AgentOrder[];
  /** Random bytes of this revision: a restored copy of the database that goes on differently has others. */
  readonly lineage: Uint8Array;
  /** Set when the revision was made by a new compiler or a raised epoch. */
  readonly installation?: StateFacts;
}

/** What stands in every signed state, and follows from the installation. */
export interface StateFacts {
  readonly stateEpoch: number;
  readonly compilerVersion: number;
  /** Revision of the last new compiler or raised epoch; from it on every difference comes from a commit. */
  readonly explainedFrom: number;
  /** The signed envelope of the last raised epoch. */
  readonly epochRaise?: Uint8Array;
}

export type { PolicyChange, PolicyCommit };

/** A role of a Delegation. */
export type DelegatedRole = 'admin' | 'operator' | 'auditor' | 'directory' | 'team-admin';

/** Whom a session stands for. */
export interface SessionPrincipal {
  readonly kind: 'User' | 'ServiceIdentity';
  readonly uid: string;
  /** As it was when the session began. */
  readonly name: string;
}

/** A person or a program that came in. */
export interface SessionRecord {
  readonly uid: string;
  /** The public part of its token. */
  readonly id: string;
  readonly hash: Uint8Array;
  /** `present`: it is there still, and not locked. `roles`: what Delegations give it now, by name or through a group or team. `teams`: those it looks after. */
  readonly principal: SessionPrincipal & {
    readonly present: boolean;
    readonly roles: readonly DelegatedRole[];
    readonly teams: readonly NamedReference[];
  };
  /** The way in, such as the issuer of the token it was exchanged for. */
  readonly signedInBy: string;
  readonly address: string;
  /** uid of the identity at a provider that it began with. */
  readonly identityUid?: string;
  readonly createdAt: Millis;
  readonly expiresAt: Millis;
  /** Its time was over when it was read, by the clock of the database. */
  readonly over: boolean;
  readonly lastUsedAt?: Millis;
  readonly endedAt?: Millis;
  readonly endedBecause?: string;
  /** Of a static token of a service identity. */
  readonly tokenName?: string;
  /** The rules of its identity that let it in. */
  readonly letInBy?: readonly LettingRule[];
}

/** What of a federation rule says whom it lets in. */
export interface LettingRule {
  readonly issuer: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, string>>;
  /** The issuer might be at a private address. */
  readonly internal?: true;
  /** SHA-256 of each CA that alone signed the issuer's certificate; absent: those that everybody trusts did. */
  readonly cas?: readonly string[];
}

/** By which rule an identity was linked. */
export type IdentityLinkedBy = 'ExternalId' | 'Email' | 'OnSignIn';

/** Who a person is at a provider. */
export interface IdentityRecord {
  readonly uid: string;
  readonly issuer: string;
  readonly subject: string;
  /** Name of the provider; absent once it was deleted. */
  readonly provider?: string;
  readonly user: NamedReference & { readonly active: boolean };
  readonly linkedBy: IdentityLinkedBy;
  readonly linkedAt: Millis;
  readonly lastSeenAt: Millis;
  /** Set: it lets nobody in any more, and is never linked to somebody else. */
  readonly unlinkedAt?: Millis;
}

export interface ApiTokenRecord {
  readonly uid: string;
  /** The public part of the text form. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret part. */
  readonly hash: Uint8Array;
  readonly role: 'admin' | 'sync' | 'viewer';
  readonly createdAt: Millis;
  readonly expiresAt?: Millis;
  readonly lastUsedAt?: Millis;
  readonly revokedAt?: Millis;
}

export interface CertificateRecord {
  /** Lower-case hexadecimal SHA-256 of the DER certificate. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  readonly completedHelloAt?: Millis;
}

/** Central's record of an agent's certificate, with what has to hold before it may do anything. */
export interface AgentIdentity {
  readonly agentUid: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  /** Absent until the cluster enrolled. */
  readonly kubeSystemUid?: string;
  readonly certificate: CertificateRecord;
  readonly revokedAt?: Millis;
  readonly revokedBecause?: string;
  /** The cluster was removed: the agent may connect only to be told so. */
  readonly clusterRemovedAt?: Millis;
  /** Another certificate of this agent, not one that it was got by, completed a Hello. */
  readonly superseded: boolean;
}

export interface InstallationRecord extends StateFacts {
  readonly uid: string;
  readonly caFingerprint: string;
  readonly stateKeyFingerprint: string;
  readonly epochKeyFingerprint: string;
  /** The first admin token was made: it is never made again. */
  readonly bootstrappedAt?: Millis;
}
