// Generated from proto/ by `npm run gen`. Do not edit.

/** One entry of the desired state. Sections sort by their number; an entry lives in the section its key begins with. A section, a value or a field below 100 that an agent does not know makes it skip the entry: nothing is given by what is not wholly understood. Fields from 100 on are hints, which it may ignore. Of ConfigEntry and DenyEntry, which give nothing, unknown fields are ignored. What a newer central adds must not be needed to take access away. */
export interface StateEntry {
  /** "CONFIG/...", "ROLE/...", "DENY/...", "BINDING/...", "CREDENTIALS/...", "PROFILE/..." or "NAMESPACE/...". */
  readonly key: string;
  /** A ConfigEntry, RoleIntent, DenyEntry, BindingIntent, CredentialsEntry, ProfileEntry or NamespaceEntry. */
  readonly body: Uint8Array;
}

/** Key "CONFIG/cluster". */
export interface ConfigEntry {
  readonly clusterName: string;
  readonly clusterUid: string;
  /** Prefix of every Kubernetes user name of ours. */
  readonly userPrefix: string;
  /** How people appear as subjects. */
  readonly subjectMode: SubjectMode;
}

export type SubjectMode =
  | 'SUBJECT_MODE_UNSPECIFIED'
  | 'SUBJECT_MODE_USERS'
  | 'SUBJECT_MODE_GROUPS'
  | 'SUBJECT_MODE_SERVICE_ACCOUNTS';

/** Key "ROLE/<role uid>": a role whose rules come from central and that becomes a ClusterRole of ours. */
export interface RoleIntent {
  readonly uid: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceUrls: readonly string[];
  readonly verbs: readonly string[];
}

/** Key "DENY/<user uid>": a subject that loses everything at once. */
export interface DenyEntry {
  readonly userUid: string;
  /** As bindings name the person: the whole Kubernetes user name, prefix included, or the ServiceAccount. */
  readonly subject: string;
}

/** Key "BINDING/<hash of role, scope, class or grant, shard>". */
export interface BindingIntent {
  readonly role: RoleReference | null;
  readonly scope: IntentScope | null;
  /** Set for a time-bound intent; empty for a standing one. */
  readonly grantUid: string;
  /** Prefix of SHA-256(subject) as a text of 0 and 1; empty when there is one shard. */
  readonly shard: string;
  /** Kubernetes user names (group names or ServiceAccounts in these modes), sorted, unique, at most 256. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970; 0 means none. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Names of the grants this stands for, sorted, at most 16: for people who read the object in Kubernetes. */
  readonly grants: readonly string[];
  readonly subjectKind: SubjectMode;
}

/** Key "CREDENTIALS/webhook": by what an agent judges the tokens that its API server shows it. */
export interface CredentialsEntry {
  readonly issuer: string;
  readonly audience: string;
  /** What every name in a token begins with. */
  readonly userPrefix: string;
  readonly keys: readonly IssuerKey[];
  /** Ids of sessions that ended within the longest life of a token, sorted, unique, at most 2000. */
  readonly endedSessions: readonly string[];
  /** Seconds since 1970; tokens issued before it are refused. 0 means none. */
  readonly issuedFrom: number;
  /** Where bindings name groups: who left a group within the longest life of a token. Sorted by id, at most 1500. */
  readonly departures: readonly Departure[];
  /** Seconds since 1970; of tokens issued before it no group counts. 0 means none. */
  readonly groupsFrom: number;
}

/** Of tokens issued before, the group does not count for the person, or for anybody. */
export interface Departure {
  /** The first 60 bits of SHA-256(group + "\n" + user uid) in base32; without the prefix of names, and without a user uid when it is about everybody. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly before: number;
}

/** A public key on the curve P-256, for ES256. */
export interface IssuerKey {
  readonly kid: string;
  /** The point, base64url as in a JWK. */
  readonly x: string;
  readonly y: string;
}

/** Key "PROFILE/<profile uid>": what stands in the namespaces that are kept by it. */
export interface ProfileEntry {
  readonly uid: string;
  readonly name: string;
  /** A namespace that is named and missing is created. */
  readonly create: boolean;
  /** Of the namespace, sorted by key. */
  readonly labels: readonly NamespaceLabel[];
  /** Sorted by kind and name. */
  readonly objects: readonly ProfileObject[];
}

export interface NamespaceLabel {
  readonly key: string;
  readonly value: string;
}

export interface ProfileObject {
  readonly kind: ProfileObjectKind;
  /** Begins with "ambit-". */
  readonly name: string;
  /** The spec as JSON, its keys sorted. */
  readonly spec: string;
}

export type ProfileObjectKind =
  | 'PROFILE_OBJECT_KIND_UNSPECIFIED'
  | 'PROFILE_OBJECT_KIND_RESOURCE_QUOTA'
  | 'PROFILE_OBJECT_KIND_LIMIT_RANGE'
  | 'PROFILE_OBJECT_KIND_NETWORK_POLICY';

/** Key "NAMESPACE/<pattern>": a namespace that belongs to a team. */
export interface NamespaceEntry {
  /** A name, or how names begin and "*": then those are meant that exist, and none is created. */
  readonly pattern: string;
  readonly teamUid: string;
  readonly team: string;
  /** uid of a ProfileEntry of the same state. */
  readonly profileUid: string;
}

export type RoleReference =
  | {
      readonly target: 'clusterRole';
      /** Name of a ClusterRole that the cluster's owner installed. */
      readonly clusterRole: string;
    }
  | {
      readonly target: 'roleUid';
      /** uid of a RoleIntent of the same state. */
      readonly roleUid: string;
    }
  | { readonly target?: undefined };

export type IntentScope =
  | { readonly where: 'clusterWide'; readonly clusterWide: ClusterWide }
  | { readonly where: 'namespaces'; readonly namespaces: NamespaceList }
  | { readonly where: 'namespaceSelector'; readonly namespaceSelector: LabelSelector }
  | { readonly where?: undefined };

export interface ClusterWide {}

export interface NamespaceList {
  /** Sorted, unique, 1 to 500. */
  readonly names: readonly string[];
}

/** Kubernetes' label selector. Without requirements it selects every namespace that is not protected. */
export interface LabelSelector {
  /** matchLabels are requirements with operator In and one value; sorted. */
  readonly requirements: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  /** In, NotIn, Exists, DoesNotExist. */
  readonly operator: string;
  readonly values: readonly string[];
}

/** The signed head of a state. The signature covers the bytes of the Manifest as sent (DSSE style). */
export interface Manifest {
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly stateEpoch: number;
  /** Revision of the policy the state was compiled at. */
  readonly revision: number;
  readonly root: Uint8Array;
  readonly sections: readonly SectionCount[];
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** Revision at or above which every difference comes from a commit that passed central's removal guard. */
  readonly explainedFrom: number;
  readonly intentionallyEmpty: boolean;
  readonly compilerVersion: number;
  /** Random, drawn once per revision and stored with it: tells a database from its restored copy that went on differently. */
  readonly lineage: Uint8Array;
}

export interface SectionCount {
  readonly section: string;
  readonly entries: number;
}

/** Ed25519 over "ambit/1 " + payload_type + "\n" + payload. */
export interface SignedEnvelope {
  /** "manifest", "revoke", "central-time", "command", "credential", "trust" or "epoch". */
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Signature[];
}

export interface Signature {
  readonly keyId: string;
  readonly signature: Uint8Array;
  /** Empty: it signs the payload. Otherwise, of manifests to agents with `compact` alone: it is Ed25519 over "ambit/1 " + payload_type + "-tree\n" + root of a Merkle tree of payloads that were signed together, and this leads from the payload to that root. A leaf is SHA-256(0x00 + payload), a node SHA-256(0x01 + left + right); each step, from the leaf on, has 33 bytes: 0x00 when its 32 bytes stand on the left, 0x01 when they stand on the right. At most 16 steps. */
  readonly path: Uint8Array;
}

/** Payload "revoke": masks subjects until a state of at least this revision is accepted. */
export interface Revocation {
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly stateEpoch: number;
  readonly revision: number;
  readonly revoked: readonly RevokedSubject[];
}

export interface RevokedSubject {
  /** Key of the binding entry; empty: every entry. */
  readonly key: string;
  /** The whole Kubernetes user name; empty: every subject of the entry. */
  readonly subject: string;
}

/** Payload "central-time": the only time the agent persists. */
export interface CentralTime {
  readonly installationUid: string;
  readonly stateEpoch: number;
  readonly now: number;
}

/** Payload "epoch": lets agents accept a raised state epoch, so that revisions may go back after a restore. Signed by the epoch key, which a serving central does not hold. */
export interface EpochRaise {
  readonly installationUid: string;
  readonly stateEpoch: number;
}

/** Payload "command": an order to one stream of one process of an agent. Good once: the sequence only grows within it. */
export interface CommandOrder {
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly stateEpoch: number;
  /** Of the Hello that opened the stream. */
  readonly instanceId: string;
  readonly sessionEpoch: number;
  readonly sequence: number;
  readonly order: Order;
  /** Of the same Hello: the agent counts its streams itself, so that no order of an old one fits a new one. */
  readonly attempt: number;
}

export type Order =
  | 'ORDER_UNSPECIFIED'
  | 'ORDER_RESYNC'
  | 'ORDER_RELEASE_REMOVALS'
  | 'ORDER_ROTATE_CERTIFICATE'
  | 'ORDER_RELEASE_GAINS';

/** Payload "credential": asks one stream of one process of an agent for a credential of its cluster. Good once: its sequence is one of those of the commands of that stream. */
export type CredentialOrder = {
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly stateEpoch: number;
  /** Of the Hello that opened the stream. */
  readonly instanceId: string;
  readonly sessionEpoch: number;
  readonly sequence: number;
  /** Of the same Hello. */
  readonly attempt: number;
  /** What the answer names. */
  readonly requestId: string;
  /** The whole name of the person or program in this cluster, prefix included. */
  readonly name: string;
  readonly principalUid: string;
  readonly sessionId: string;
  readonly ttlSeconds: number;
  /** Milliseconds since 1970: after it nobody waits for the answer, and nothing may be made. */
  readonly notAfter: number;
} & (
  | { readonly wanted: 'clientCertificate'; readonly clientCertificate: ClientCertificateWish }
  | {
      readonly wanted: 'serviceAccountToken';
      readonly serviceAccountToken: ServiceAccountTokenWish;
    }
  | { readonly wanted?: undefined }
);

/** A certificate that the API server's own signer makes, for the key of who asked. */
export interface ClientCertificateWish {
  /** A PKCS #10 request, DER. */
  readonly csr: Uint8Array;
}

/** A token of the ServiceAccount that stands for the person or program. */
export interface ServiceAccountTokenWish {}

export interface EnrollRequest {
  /** The id of the join token. Agents without `token_proof` send `<id>.<secret>`, which whoever ends TLS could use itself. */
  readonly joinToken: string;
  /** PKCS #10, DER. Only its public key is used; central chooses the subject. */
  readonly csr: Uint8Array;
  /** uid of the namespace kube-system: the identity of the cluster. */
  readonly kubeSystemUid: string;
  readonly agentVersion: string;
  readonly kubernetesVersion: string;
  /** Ed25519 by the key that the token's secret is the seed of, over "ambit-join\n" + token id + "\n" + kube_system_uid + "\n" + csr. */
  readonly tokenProof: Uint8Array;
}

export interface EnrollResponse {
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  readonly agentUid: string;
  /** X.509, DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  /** Unsigned, for agents that know no `trust`; ignored by others. */
  readonly ca: readonly Uint8Array[];
  readonly stateKeys: readonly TrustedKey[];
  /** Unsigned, as above: others begin at 1 and follow what the epoch key signed. */
  readonly stateEpoch: number;
  readonly epochKeys: readonly TrustedKey[];
  /** Payload type "trust", oldest first. */
  readonly trust: readonly SignedEnvelope[];
  /** By the key of the CA that the join token pins, ECDSA P-256 with SHA-256 (DER form), over "ambit-enrolled\n" + SHA-256(csr) + SHA-256(cluster_name) + payload of the last of `trust`. */
  readonly caSignature: Uint8Array;
}

/** Payload "trust": whom an agent believes from now on, all of it. Good when its version is higher than the one held and a state key that is trusted already signed it; other epoch keys need a signature of a trusted epoch key too. */
export interface TrustBundle {
  readonly installationUid: string;
  /** Only grows. */
  readonly version: number;
  /** Certificates of the CAs that may vouch for central and agents, DER. */
  readonly ca: readonly Uint8Array[];
  readonly stateKeys: readonly TrustedKey[];
  /** Keys that may raise the state epoch. */
  readonly epochKeys: readonly TrustedKey[];
}

/** A public key that state manifests may be signed with. */
export interface TrustedKey {
  /** Lower-case hexadecimal SHA-256 of the SPKI. */
  readonly keyId: string;
  /** SubjectPublicKeyInfo, DER, Ed25519. */
  readonly spki: Uint8Array;
}

export interface RenewRequest {
  readonly csr: Uint8Array;
}

export interface RenewResponse {
  readonly certificateChain: readonly Uint8Array[];
  /** Unsigned, for agents that know no `trust`; ignored by others. */
  readonly ca: readonly Uint8Array[];
  readonly stateKeys: readonly TrustedKey[];
  /** Payload type "trust", oldest first, each signed by a key of the one before. */
  readonly trust: readonly SignedEnvelope[];
}

export interface RenewChallengeRequest {
  /** The certificate that ended, DER. */
  readonly certificate: Uint8Array;
}

export interface RenewChallengeResponse {
  /** Good once, for 60 seconds. */
  readonly nonce: Uint8Array;
}

export interface RenewExpiredRequest {
  readonly certificate: Uint8Array;
  readonly nonce: Uint8Array;
  readonly csr: Uint8Array;
  /** By the old key, ECDSA P-256 with SHA-256 (DER form), over "ambit-renew-expired\n" + nonce + csr. */
  readonly signature: Uint8Array;
}

export type AgentMessage =
  | { readonly message: 'hello'; readonly hello: Hello }
  | { readonly message: 'stateAck'; readonly stateAck: StateAck }
  | { readonly message: 'stateNack'; readonly stateNack: StateNack }
  | { readonly message: 'status'; readonly status: Status }
  | { readonly message: 'inventory'; readonly inventory: Inventory }
  | { readonly message: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly message: 'goodbye'; readonly goodbye: Goodbye }
  | { readonly message: 'revokeAck'; readonly revokeAck: RevokeAck }
  | { readonly message: 'credentialAnswer'; readonly credentialAnswer: CredentialAnswer }
  | { readonly message?: undefined };

export type CentralMessage =
  | { readonly message: 'welcome'; readonly welcome: Welcome }
  | { readonly message: 'stateBegin'; readonly stateBegin: StateBegin }
  | { readonly message: 'stateChunk'; readonly stateChunk: StateChunk }
  | { readonly message: 'stateEnd'; readonly stateEnd: StateEnd }
  | { readonly message: 'revoke'; readonly revoke: Revoke }
  | { readonly message: 'centralTime'; readonly centralTime: SignedTime }
  | { readonly message: 'drain'; readonly drain: Drain }
  | { readonly message: 'superseded'; readonly superseded: Superseded }
  | { readonly message: 'heartbeatAck'; readonly heartbeatAck: HeartbeatAck }
  | { readonly message: 'command'; readonly command: Command }
  | { readonly message: 'upToDate'; readonly upToDate: UpToDate }
  | { readonly message: 'stateDelta'; readonly stateDelta: StateDelta }
  | { readonly message: 'credentialRequest'; readonly credentialRequest: CredentialRequest }
  | { readonly message?: undefined };

/** First message of the agent, exactly once. */
export interface Hello {
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly agentVersion: string;
  readonly clusterUid: string;
  /** Random per process. */
  readonly instanceId: string;
  readonly attempt: number;
  readonly capabilities: readonly string[];
  readonly kubernetesVersion: string;
  readonly ceilingDigest: string;
  /** The effective ceiling as JSON. */
  readonly ceilingJson: string;
  readonly held: HeldState | null;
  readonly appliedRevision: number;
  readonly spoolEpoch: string;
  readonly wallClock: number;
  readonly monotonic: number;
  readonly kubeSystemUid: string;
}

export interface HeldState {
  readonly stateEpoch: number;
  readonly revision: number;
  /** Empty: the agent holds nothing. */
  readonly root: Uint8Array;
  /** True when the disk failed under the state: only a FULL mends it. */
  readonly stale: boolean;
  /** Of the manifest that was accepted last. */
  readonly lineage: Uint8Array;
  /** That manifest as it was signed: it proves to central that the database of central is older than this. Left out on the first try after a stream that central took; who is not welcome without it comes again with it. */
  readonly manifest: SignedEnvelope | null;
}

/** First message of central on a stream it accepts. */
export interface Welcome {
  readonly sessionEpoch: number;
  readonly protocol: number;
  readonly serverTime: number;
  readonly heartbeatIntervalMs: number;
  readonly maxChunkBytes: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly inventoryIntervalMs: number;
  readonly centralTime: SignedTime | null;
  /** Payload type "epoch"; set once the state epoch was raised. */
  readonly epochRaise: SignedEnvelope | null;
}

/** The agent holds the newest state. Carries the current manifest, as a change may leave the root as it was; to agents with `compact` it is left out when it is the one that they hold. */
export interface UpToDate {
  readonly manifest: SignedEnvelope | null;
  readonly nonce: number;
}

export interface StateBegin {
  readonly nonce: number;
  readonly manifest: SignedEnvelope | null;
  readonly mode: StateBeginMode;
  /** Of a delta: the state it is made against. */
  readonly baseRevision: number;
  readonly baseRoot: Uint8Array;
  readonly chunks: number;
  readonly bytes: number;
}

export type StateBeginMode = 'MODE_UNSPECIFIED' | 'MODE_FULL' | 'MODE_DELTA';

export interface StateChunk {
  readonly nonce: number;
  /** Counted from 0. */
  readonly index: number;
  readonly removed: readonly string[];
  readonly entries: readonly StateEntry[];
}

export interface StateEnd {
  readonly nonce: number;
}

/** A delta that one message holds, to agents with `compact`: a StateBegin of one chunk, the chunk, and the end. */
export interface StateDelta {
  readonly begin: StateBegin | null;
  readonly removed: readonly string[];
  readonly entries: readonly StateEntry[];
}

export interface StateAck {
  readonly nonce: number;
  readonly revision: number;
  readonly root: Uint8Array;
  readonly phase: StateAckPhase;
  readonly report: ApplyReport | null;
}

export type StateAckPhase = 'PHASE_UNSPECIFIED' | 'PHASE_ACCEPTED' | 'PHASE_APPLIED';

export interface ApplyReport {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly durationMs: number;
  /** Only intents that are not fully applied. */
  readonly problems: readonly IntentResult[];
  /** Problems beyond those listed. */
  readonly moreProblems: number;
  /** Removals that wait for the owner of the cluster. */
  readonly heldRemovals: number;
  /** What a raised epoch would give beyond what was held before it; waits for the owner of the cluster too. */
  readonly heldGains: number;
}

export interface IntentResult {
  readonly key: string;
  /** ceiling_refused, not_yet_active, namespace_missing, role_missing, foreign_object, kubernetes_refused, held, retrying, contended, not_understood. */
  readonly reason: string;
  readonly message: string;
  readonly namespace: string;
  /** KIND/NAMESPACE/NAME or KIND/NAME of the object; empty when no single object is behind it. */
  readonly object: string;
  /** Kubernetes subject names that have what they should not, or lack what they should have; at most 20. */
  readonly subjects: readonly string[];
  readonly moreSubjects: number;
  readonly effect: ProblemEffect;
  /** Field managers that last changed the object, when somebody else keeps changing it. */
  readonly changedBy: string;
  /** KIND/NAME of the role that the object gives to whom it should not; empty when it is no binding. */
  readonly binds: string;
}

/** What the problem means for people. */
export type ProblemEffect =
  'PROBLEM_EFFECT_UNSPECIFIED' | 'PROBLEM_EFFECT_LACKS' | 'PROBLEM_EFFECT_EXCESS';

export interface StateNack {
  readonly nonce: number;
  readonly offeredRevision: number;
  readonly heldRevision: number;
  readonly heldRoot: Uint8Array;
  /** bad_signature, unknown_key, wrong_cluster, rollback, root_mismatch, base_mismatch, duplicate_key, too_large, storage_full, empty_state_refused, malformed, equivocation. */
  readonly code: string;
  readonly message: string;
  readonly items: readonly string[];
}

export interface Revoke {
  readonly nonce: number;
  /** Payload type "revoke". */
  readonly envelope: SignedEnvelope | null;
}

export interface RevokeAck {
  readonly nonce: number;
  readonly revision: number;
}

export interface SignedTime {
  /** Payload type "central-time". */
  readonly envelope: SignedEnvelope | null;
}

export interface Heartbeat {
  readonly sequence: number;
  readonly wallClock: number;
  readonly monotonic: number;
}

export interface HeartbeatAck {
  readonly sequence: number;
  readonly serverTime: number;
}

/** Level-triggered: the whole of what changed since the last one. */
export interface Status {
  readonly appliedRevision: number;
  readonly objects: number;
  readonly driftRepairs: number;
  readonly ceilingDigest: string;
  readonly ceilingJson: string;
  readonly conditions: readonly string[];
  readonly report: ApplyReport | null;
  /** The audit spool and the last event in it when this was told; empty: not told. */
  readonly spoolEpoch: string;
  readonly spooledSequence: number;
}

export interface Inventory {
  /** True: replaces everything central holds of this cluster. */
  readonly complete: boolean;
  readonly namespaces: readonly NamespaceFact[];
  readonly removedNamespaces: readonly string[];
  readonly clusterRoles: readonly ClusterRoleFact[];
  readonly removedClusterRoles: readonly string[];
  /** What the API server serves; absent: as it was told before, or never read. */
  readonly apiResources: ApiResources | null;
  /** Bindings that are not ours. */
  readonly unmanagedBindings: readonly UnmanagedBindingFact[];
  /** KIND/NAMESPACE/NAME of such bindings, and of roles that they named, which are no longer there. */
  readonly removedUnmanaged: readonly string[];
  /** Roles that those bindings name, ClusterRoles among them; one that is not told is not there. */
  readonly unmanagedRoles: readonly RoleFact[];
  /** Which part of all that is not ours this message tells; absent: nothing of it. */
  readonly unmanaged: UnmanagedPart | null;
}

export interface UnmanagedPart {
  /** True: of all keys after `after` and up to `through`, in the order of their bytes, what is not in this message is not there. False: what is not in it is as it was told before. */
  readonly whole: boolean;
  readonly after: string;
  /** Empty: to the end. */
  readonly through: string;
  /** Bindings that are there and are not told, because there are too many. */
  readonly leftOut: number;
}

export interface UnmanagedBindingFact {
  /** RoleBinding or ClusterRoleBinding. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Role or ClusterRole. */
  readonly roleKind: string;
  readonly roleName: string;
  readonly subjects: readonly BindingSubject[];
  /** Subjects beyond those told. */
  readonly moreSubjects: number;
  /** Who says that it is theirs, in words, as `Helm release shop/api`; empty: nobody. */
  readonly owner: string;
  /** Who wrote into it, as the API server notes it. */
  readonly fieldManagers: readonly string[];
  /** Kubernetes itself put it there. */
  readonly system: boolean;
}

export interface BindingSubject {
  /** User, Group or ServiceAccount. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface RoleFact {
  /** Empty: a ClusterRole. */
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** The rules are too many to be told. */
  readonly rulesLeftOut: boolean;
}

/** A part of the list of all resources that an API server serves, in the order in which kubectl prefers them. */
export interface ApiResources {
  /** The list begins with this part. */
  readonly first: boolean;
  /** The list is whole with this part and takes the place of the one told before. */
  readonly last: boolean;
  readonly items: readonly ApiResourceFact[];
}

export interface ApiResourceFact {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, or plural/subresource. */
  readonly resource: string;
  /** Empty for subresources. */
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

export interface NamespaceFact {
  readonly name: string;
  readonly labels: readonly Label[];
  readonly phase: string;
}

export interface Label {
  readonly key: string;
  readonly value: string;
}

export interface ClusterRoleFact {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

export interface Goodbye {
  readonly reason: string;
}

/** Reconnect at a random time in the window. */
export interface Drain {
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
  readonly reason: string;
}

/** Another stream of this identity is newer: stop, and wait a minute before trying again. */
export interface Superseded {
  readonly newerSessionEpoch: number;
}

export interface Command {
  readonly action: CommandAction;
  /** Payload type "command". An order without it is not obeyed. */
  readonly envelope: SignedEnvelope | null;
}

export type CommandAction =
  'ACTION_UNSPECIFIED' | 'ACTION_RESYNC' | 'ACTION_RELEASE_REMOVALS' | 'ACTION_ROTATE_CERTIFICATE';

/** To agents with `credentials` alone. */
export interface CredentialRequest {
  /** Payload type "credential". */
  readonly envelope: SignedEnvelope | null;
}

/** What became of a CredentialRequest. It goes back by the stream on which that came, or not at all. */
export type CredentialAnswer = {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** By which the API server's own audit log names it. */
  readonly credentialId: string;
} & (
  | { readonly answer: 'certificates'; readonly certificates: CertificateChain }
  | { readonly answer: 'token'; readonly token: string }
  | { readonly answer: 'refusal'; readonly refusal: CredentialRefusal }
  | { readonly answer?: undefined }
);

export interface CertificateChain {
  /** DER, the one that was asked for first, then what leads from it to its issuer. */
  readonly certificates: readonly Uint8Array[];
}

export interface CredentialRefusal {
  /** ceiling_refused, no_access, invalid_request, rate_limited, credential_refused, kubernetes_unavailable, storage_full, timed_out, unsupported_field, internal. */
  readonly reason: string;
  readonly message: string;
}

/** At most 512 events and 256 KiB. Events have ascending sequence numbers within a spool epoch. */
export interface AuditBatch {
  readonly spoolEpoch: string;
  readonly records: readonly AuditRecord[];
  /** SHA-256 of the previous batch's bytes as sent; empty for the first of a stream. */
  readonly previousHash: Uint8Array;
}

export type AuditRecord = { readonly sequence: number } & (
  | {
      readonly content: 'event';
      /** One event as JSON, by the schema of `@ambit/contracts` AuditEvent. */
      readonly event: Uint8Array;
    }
  | { readonly content: 'gap'; readonly gap: AuditGap }
  | { readonly content?: undefined }
);

/** Events that the agent no longer has. */
export interface AuditGap {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** trimmed, corrupted or new_spool. */
  readonly reason: string;
}

export type AuditReply =
  | { readonly reply: 'ack'; readonly ack: AuditAck }
  | { readonly reply: 'resend'; readonly resend: AuditResend }
  | { readonly reply?: undefined };

/** Everything up to this sequence is committed. */
export interface AuditAck {
  readonly spoolEpoch: string;
  readonly sequence: number;
}

/** Central misses events: send again from here. */
export interface AuditResend {
  readonly spoolEpoch: string;
  readonly fromSequence: number;
}
