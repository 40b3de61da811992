// Generated from proto/ by `npm run gen`. Do not edit.

export const descriptor: object = {
  nested: {
    ambit: {
      nested: {
        agent: {
          nested: {
            v1: {
              nested: {
                StateEntry: {
                  fields: { key: { type: 'string', id: 1 }, body: { type: 'bytes', id: 2 } },
                },
                ConfigEntry: {
                  fields: {
                    clusterName: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    userPrefix: { type: 'string', id: 3 },
                    subjectMode: { type: 'SubjectMode', id: 4 },
                  },
                },
                SubjectMode: {
                  values: {
                    SUBJECT_MODE_UNSPECIFIED: 0,
                    SUBJECT_MODE_USERS: 1,
                    SUBJECT_MODE_GROUPS: 2,
                    SUBJECT_MODE_SERVICE_ACCOUNTS: 3,
                  },
                },
                RoleIntent: {
                  fields: {
                    uid: { type: 'string', id: 1 },
                    name: { type: 'string', id: 2 },
                    rules: { rule: 'repeated', type: 'PolicyRule', id: 3 },
                  },
                },
                PolicyRule: {
                  fields: {
                    apiGroups: { rule: 'repeated', type: 'string', id: 1 },
                    resources: { rule: 'repeated', type: 'string', id: 2 },
                    resourceNames: { rule: 'repeated', type: 'string', id: 3 },
                    nonResourceUrls: { rule: 'repeated', type: 'string', id: 4 },
                    verbs: { rule: 'repeated', type: 'string', id: 5 },
                  },
                },
                DenyEntry: {
                  fields: {
                    userUid: { type: 'string', id: 1 },
                    subject: { type: 'string', id: 2 },
                  },
                },
                BindingIntent: {
                  fields: {
                    role: { type: 'RoleReference', id: 1 },
                    scope: { type: 'IntentScope', id: 2 },
                    grantUid: { type: 'string', id: 3 },
                    shard: { type: 'string', id: 4 },
                    subjects: { rule: 'repeated', type: 'string', id: 5 },
                    notBefore: { type: 'int64', id: 6 },
                    notAfter: { type: 'int64', id: 7 },
                    grants: { rule: 'repeated', type: 'string', id: 8 },
                    subjectKind: { type: 'SubjectMode', id: 9 },
                  },
                },
                CredentialsEntry: {
                  fields: {
                    issuer: { type: 'string', id: 1 },
                    audience: { type: 'string', id: 2 },
                    userPrefix: { type: 'string', id: 3 },
                    keys: { rule: 'repeated', type: 'IssuerKey', id: 4 },
                    endedSessions: { rule: 'repeated', type: 'string', id: 5 },
                    issuedFrom: { type: 'int64', id: 6 },
                    departures: { rule: 'repeated', type: 'Departure', id: 7 },
                    groupsFrom: { type: 'int64', id: 8 },
                  },
                },
                Departure: {
                  fields: { id: { type: 'string', id: 1 }, before: { type: 'int64', id: 2 } },
                },
                IssuerKey: {
                  fields: {
                    kid: { type: 'string', id: 1 },
                    x: { type: 'string', id: 2 },
                    y: { type: 'string', id: 3 },
                  },
                },
                ProfileEntry: {
                  fields: {
                    uid: { type: 'string', id: 1 },
                    name: { type: 'string', id: 2 },
                    create: { type: 'bool', id: 3 },
                    labels: { rule: 'repeated', type: 'NamespaceLabel', id: 4 },
                    objects: { rule: 'repeated', type: 'ProfileObject', id: 5 },
                  },
                },
                NamespaceLabel: {
                  fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } },
                },
                ProfileObject: {
                  fields: {
                    kind: { type: 'ProfileObjectKind', id: 1 },
                    name: { type: 'string', id: 2 },
                    spec: { type: 'string', id: 3 },
                  },
                },
                ProfileObjectKind: {
                  values: {
                    PROFILE_OBJECT_KIND_UNSPECIFIED: 0,
                    PROFILE_OBJECT_KIND_RESOURCE_QUOTA: 1,
                    PROFILE_OBJECT_KIND_LIMIT_RANGE: 2,
                    PROFILE_OBJECT_KIND_NETWORK_POLICY: 3,
                  },
                },
                NamespaceEntry: {
                  fields: {
                    pattern: { type: 'string', id: 1 },
                    teamUid: { type: 'string', id: 2 },
                    team: { type: 'string', id: 3 },
                    profileUid: { type: 'string', id: 4 },
                  },
                },
                RoleReference: {
                  oneofs: { target: { oneof: ['clusterRole', 'roleUid'] } },
                  fields: {
                    clusterRole: { type: 'string', id: 1 },
                    roleUid: { type: 'string', id: 2 },
                  },
                },
                IntentScope: {
                  oneofs: { where: { oneof: ['clusterWide', 'namespaces', 'namespaceSelector'] } },
                  fields: {
                    clusterWide: { type: 'ClusterWide', id: 1 },
                    namespaces: { type: 'NamespaceList', id: 2 },
                    namespaceSelector: { type: 'LabelSelector', id: 3 },
                  },
                },
                ClusterWide: { fields: {} },
                NamespaceList: { fields: { names: { rule: 'repeated', type: 'string', id: 1 } } },
                LabelSelector: {
                  fields: { requirements: { rule: 'repeated', type: 'LabelRequirement', id: 1 } },
                },
                LabelRequirement: {
                  fields: {
                    key: { type: 'string', id: 1 },
                    operator: { type: 'string', id: 2 },
                    values: { rule: 'repeated', type: 'string', id: 3 },
                  },
                },
                Manifest: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    stateEpoch: { type: 'uint64', id: 3 },
                    revision: { type: 'uint64', id: 4 },
                    root: { type: 'bytes', id: 5 },
                    sections: { rule: 'repeated', type: 'SectionCount', id: 6 },
                    issuedAt: { type: 'int64', id: 7 },
                    explainedFrom: { type: 'uint64', id: 8 },
                    intentionallyEmpty: { type: 'bool', id: 9 },
                    compilerVersion: { type: 'uint32', id: 10 },
                    lineage: { type: 'bytes', id: 11 },
                  },
                },
                SectionCount: {
                  fields: {
                    section: { type: 'string', id: 1 },
                    entries: { type: 'uint32', id: 2 },
                  },
                },
                SignedEnvelope: {
                  fields: {
                    payloadType: { type: 'string', id: 1 },
                    payload: { type: 'bytes', id: 2 },
                    signatures: { rule: 'repeated', type: 'Signature', id: 3 },
                  },
                },
                Signature: {
                  fields: {
                    keyId: { type: 'string', id: 1 },
                    signature: { type: 'bytes', id: 2 },
                    path: { type: 'bytes', id: 3 },
                  },
                },
                Revocation: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    stateEpoch: { type: 'uint64', id: 3 },
                    revision: { type: 'uint64', id: 4 },
                    revoked: { rule: 'repeated', type: 'RevokedSubject', id: 5 },
                  },
                },
                RevokedSubject: {
                  fields: { key: { type: 'string', id: 1 }, subject: { type: 'string', id: 2 } },
                },
                CentralTime: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    stateEpoch: { type: 'uint64', id: 2 },
                    now: { type: 'int64', id: 3 },
                  },
                },
                EpochRaise: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    stateEpoch: { type: 'uint64', id: 2 },
                  },
                },
                CommandOrder: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    stateEpoch: { type: 'uint64', id: 3 },
                    instanceId: { type: 'string', id: 4 },
                    sessionEpoch: { type: 'uint64', id: 5 },
                    sequence: { type: 'uint64', id: 6 },
                    order: { type: 'Order', id: 7 },
                    attempt: { type: 'uint32', id: 8 },
                  },
                },
                Order: {
                  values: {
                    ORDER_UNSPECIFIED: 0,
                    ORDER_RESYNC: 1,
                    ORDER_RELEASE_REMOVALS: 2,
                    ORDER_ROTATE_CERTIFICATE: 3,
                    ORDER_RELEASE_GAINS: 4,
                  },
                },
                CredentialOrder: {
                  oneofs: { wanted: { oneof: ['clientCertificate', 'serviceAccountToken'] } },
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    stateEpoch: { type: 'uint64', id: 3 },
                    instanceId: { type: 'string', id: 4 },
                    sessionEpoch: { type: 'uint64', id: 5 },
                    sequence: { type: 'uint64', id: 6 },
                    attempt: { type: 'uint32', id: 7 },
                    requestId: { type: 'string', id: 8 },
                    name: { type: 'string', id: 9 },
                    principalUid: { type: 'string', id: 10 },
                    sessionId: { type: 'string', id: 11 },
                    ttlSeconds: { type: 'uint32', id: 12 },
                    notAfter: { type: 'int64', id: 13 },
                    clientCertificate: { type: 'ClientCertificateWish', id: 14 },
                    serviceAccountToken: { type: 'ServiceAccountTokenWish', id: 15 },
                  },
                },
                ClientCertificateWish: { fields: { csr: { type: 'bytes', id: 1 } } },
                ServiceAccountTokenWish: { fields: {} },
                Enrollment: {
                  methods: {
                    Enroll: { requestType: 'EnrollRequest', responseType: 'EnrollResponse' },
                    Renew: { requestType: 'RenewRequest', responseType: 'RenewResponse' },
                    RenewChallenge: {
                      requestType: 'RenewChallengeRequest',
                      responseType: 'RenewChallengeResponse',
                    },
                    RenewExpired: {
                      requestType: 'RenewExpiredRequest',
                      responseType: 'RenewResponse',
                    },
                  },
                },
                EnrollRequest: {
                  fields: {
                    joinToken: { type: 'string', id: 1 },
                    csr: { type: 'bytes', id: 2 },
                    kubeSystemUid: { type: 'string', id: 3 },
                    agentVersion: { type: 'string', id: 4 },
                    kubernetesVersion: { type: 'string', id: 5 },
                    tokenProof: { type: 'bytes', id: 6 },
                  },
                },
                EnrollResponse: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    clusterUid: { type: 'string', id: 2 },
                    clusterName: { type: 'string', id: 3 },
                    agentUid: { type: 'string', id: 4 },
                    certificateChain: { rule: 'repeated', type: 'bytes', id: 5 },
                    ca: { rule: 'repeated', type: 'bytes', id: 6 },
                    stateKeys: { rule: 'repeated', type: 'TrustedKey', id: 7 },
                    stateEpoch: { type: 'uint64', id: 8 },
                    epochKeys: { rule: 'repeated', type: 'TrustedKey', id: 9 },
                    trust: { rule: 'repeated', type: 'SignedEnvelope', id: 10 },
                    caSignature: { type: 'bytes', id: 11 },
                  },
                },
                TrustBundle: {
                  fields: {
                    installationUid: { type: 'string', id: 1 },
                    version: { type: 'uint64', id: 2 },
                    ca: { rule: 'repeated', type: 'bytes', id: 3 },
                    stateKeys: { rule: 'repeated', type: 'TrustedKey', id: 4 },
                    epochKeys: { rule: 'repeated', type: 'TrustedKey', id: 5 },
                  },
                },
                TrustedKey: {
                  fields: { keyId: { type: 'string', id: 1 }, spki: { type: 'bytes', id: 2 } },
                },
                RenewRequest: { fields: { csr: { type: 'bytes', id: 1 } } },
                RenewResponse: {
                  fields: {
                    certificateChain: { rule: 'repeated', type: 'bytes', id: 1 },
                    ca: { rule: 'repeated', type: 'bytes', id: 2 },
                    stateKeys: { rule: 'repeated', type: 'TrustedKey', id: 3 },
                    trust: { rule: 'repeated', type: 'SignedEnvelope', id: 4 },
                  },
                },
                RenewChallengeRequest: { fields: { certificate: { type: 'bytes', id: 1 } } },
                RenewChallengeResponse: { fields: { nonce: { type: 'bytes', id: 1 } } },
                RenewExpiredRequest: {
                  fields: {
                    certificate: { type: 'bytes', id: 1 },
                    nonce: { type: 'bytes', id: 2 },
                    csr: { type: 'bytes', id: 3 },
                    signature: { type: 'bytes', id: 4 },
                  },
                },
                Sync: {
                  methods: {
                    Connect: {
                      requestType: 'AgentMessage',
                      requestStream: true,
                      responseType: 'CentralMessage',
                      responseStream: true,
                    },
                  },
                },
                AgentMessage: {
                  oneofs: {
                    message: {
                      oneof: [
                        'hello',
                        'stateAck',
                        'stateNack',
                        'status',
                        'inventory',
                        'heartbeat',
                        'goodbye',
                        'revokeAck',
                        'credentialAnswer',
                      ],
                    },
                  },
                  fields: {
                    hello: { type: 'Hello', id: 1 },
                    stateAck: { type: 'StateAck', id: 2 },
                    stateNack: { type: 'StateNack', id: 3 },
                    status: { type: 'Status', id: 4 },
                    inventory: { type: 'Inventory', id: 5 },
                    heartbeat: { type: 'Heartbeat', id: 6 },
                    goodbye: { type: 'Goodbye', id: 7 },
                    revokeAck: { type: 'RevokeAck', id: 8 },
                    credentialAnswer: { type: 'CredentialAnswer', id: 9 },
                  },
                },
                CentralMessage: {
                  oneofs: {
                    message: {
                      oneof: [
                        'welcome',
                        'stateBegin',
                        'stateChunk',
                        'stateEnd',
                        'revoke',
                        'centralTime',
                        'drain',
                        'superseded',
                        'heartbeatAck',
                        'command',
                        'upToDate',
                        'stateDelta',
                        'credentialRequest',
                      ],
                    },
                  },
                  fields: {
                    welcome: { type: 'Welcome', id: 1 },
                    stateBegin: { type: 'StateBegin', id: 2 },
                    stateChunk: { type: 'StateChunk', id: 3 },
                    stateEnd: { type: 'StateEnd', id: 4 },
                    revoke: { type: 'Revoke', id: 5 },
                    centralTime: { type: 'SignedTime', id: 6 },
                    drain: { type: 'Drain', id: 7 },
                    superseded: { type: 'Superseded', id: 8 },
                    heartbeatAck: { type: 'HeartbeatAck', id: 9 },
                    command: { type: 'Command', id: 10 },
                    upToDate: { type: 'UpToDate', id: 11 },
                    stateDelta: { type: 'StateDelta', id: 12 },
                    credentialRequest: { type: 'CredentialRequest', id: 13 },
                  },
                },
                Hello: {
                  fields: {
                    protocolMin: { type: 'uint32', id: 1 },
                    protocolMax: { type: 'uint32', id: 2 },
                    agentVersion: { type: 'string', id: 3 },
                    clusterUid: { type: 'string', id: 4 },
                    instanceId: { type: 'string', id: 5 },
                    attempt: { type: 'uint32', id: 6 },
                    capabilities: { rule: 'repeated', type: 'string', id: 7 },
                    kubernetesVersion: { type: 'string', id: 8 },
                    ceilingDigest: { type: 'string', id: 9 },
                    ceilingJson: { type: 'string', id: 10 },
                    held: { type: 'HeldState', id: 11 },
                    appliedRevision: { type: 'uint64', id: 12 },
                    spoolEpoch: { type: 'string', id: 13 },
                    wallClock: { type: 'int64', id: 14 },
                    monotonic: { type: 'int64', id: 15 },
                    kubeSystemUid: { type: 'string', id: 16 },
                  },
                },
                HeldState: {
                  fields: {
                    stateEpoch: { type: 'uint64', id: 1 },
                    revision: { type: 'uint64', id: 2 },
                    root: { type: 'bytes', id: 3 },
                    stale: { type: 'bool', id: 4 },
                    lineage: { type: 'bytes', id: 5 },
                    manifest: { type: 'SignedEnvelope', id: 6 },
                  },
                },
                Welcome: {
                  fields: {
                    sessionEpoch: { type: 'uint64', id: 1 },
                    protocol: { type: 'uint32', id: 2 },
                    serverTime: { type: 'int64', id: 3 },
                    heartbeatIntervalMs: { type: 'uint32', id: 4 },
                    maxChunkBytes: { type: 'uint32', id: 5 },
                    backoffBaseMs: { type: 'uint32', id: 6 },
                    backoffCapMs: { type: 'uint32', id: 7 },
                    inventoryIntervalMs: { type: 'uint32', id: 8 },
                    centralTime: { type: 'SignedTime', id: 9 },
                    epochRaise: { type: 'SignedEnvelope', id: 10 },
                  },
                },
                UpToDate: {
                  fields: {
                    manifest: { type: 'SignedEnvelope', id: 1 },
                    nonce: { type: 'uint64', id: 2 },
                  },
                },
                StateBegin: {
                  fields: {
                    nonce: { type: 'uint64', id: 1 },
                    manifest: { type: 'SignedEnvelope', id: 2 },
                    mode: { type: 'Mode', id: 3 },
                    baseRevision: { type: 'uint64', id: 4 },
                    baseRoot: { type: 'bytes', id: 5 },
                    chunks: { type: 'uint32', id: 6 },
                    bytes: { type: 'uint64', id: 7 },
                  },
                  nested: {
                    Mode: { values: { MODE_UNSPECIFIED: 0, MODE_FULL: 1, MODE_DELTA: 2 } },
                  },
                },
                StateChunk: {
                  fields: {
                    nonce: { type: 'uint64', id: 1 },
                    index: { type: 'uint32', id: 2 },
                    removed: { rule: 'repeated', type: 'string', id: 3 },
                    entries: { rule: 'repeated', type: 'StateEntry', id: 4 },
                  },
                },
                StateEnd: { fields: { nonce: { type: 'uint64', id: 1 } } },
                StateDelta: {
                  fields: {
                    begin: { type: 'StateBegin', id: 1 },
                    removed: { rule: 'repeated', type: 'string', id: 2 },
                    entries: { rule: 'repeated', type: 'StateEntry', id: 3 },
                  },
                },
                StateAck: {
                  fields: {
                    nonce: { type: 'uint64', id: 1 },
                    revision: { type: 'uint64', id: 2 },
                    root: { type: 'bytes', id: 3 },
                    phase: { type: 'Phase', id: 4 },
                    report: { type: 'ApplyReport', id: 5 },
                  },
                  nested: {
                    Phase: {
                      values: { PHASE_UNSPECIFIED: 0, PHASE_ACCEPTED: 1, PHASE_APPLIED: 2 },
                    },
                  },
                },
                ApplyReport: {
                  fields: {
                    created: { type: 'uint32', id: 1 },
                    updated: { type: 'uint32', id: 2 },
                    deleted: { type: 'uint32', id: 3 },
                    unchanged: { type: 'uint32', id: 4 },
                    durationMs: { type: 'uint32', id: 5 },
                    problems: { rule: 'repeated', type: 'IntentResult', id: 6 },
                    moreProblems: { type: 'uint32', id: 7 },
                    heldRemovals: { type: 'uint32', id: 8 },
                    heldGains: { type: 'uint32', id: 9 },
                  },
                },
                IntentResult: {
                  fields: {
                    key: { type: 'string', id: 1 },
                    reason: { type: 'string', id: 2 },
                    message: { type: 'string', id: 3 },
                    namespace: { type: 'string', id: 4 },
                    object: { type: 'string', id: 5 },
                    subjects: { rule: 'repeated', type: 'string', id: 6 },
                    moreSubjects: { type: 'uint32', id: 7 },
                    effect: { type: 'ProblemEffect', id: 8 },
                    changedBy: { type: 'string', id: 9 },
                    binds: { type: 'string', id: 10 },
                  },
                },
                ProblemEffect: {
                  values: {
                    PROBLEM_EFFECT_UNSPECIFIED: 0,
                    PROBLEM_EFFECT_LACKS: 1,
                    PROBLEM_EFFECT_EXCESS: 2,
                  },
                },
                StateNack: {
                  fields: {
                    nonce: { type: 'uint64', id: 1 },
                    offeredRevision: { type: 'uint64', id: 2 },
                    heldRevision: { type: 'uint64', id: 3 },
                    heldRoot: { type: 'bytes', id: 4 },
                    code: { type: 'string', id: 5 },
                    message: { type: 'string', id: 6 },
                    items: { rule: 'repeated', type: 'string', id: 7 },
                  },
                },
                Revoke: {
                  fields: {
                    nonce: { type: 'uint64', id: 1 },
                    envelope: { type: 'SignedEnvelope', id: 2 },
                  },
                },
                RevokeAck: {
                  fields: { nonce: { type: 'uint64', id: 1 }, revision: { type: 'uint64', id: 2 } },
                },
                SignedTime: { fields: { envelope: { type: 'SignedEnvelope', id: 1 } } },
                Heartbeat: {
                  fields: {
                    sequence: { type: 'uint64', id: 1 },
                    wallClock: { type: 'int64', id: 2 },
                    monotonic: { type: 'int64', id: 3 },
                  },
                },
                HeartbeatAck: {
                  fields: {
                    sequence: { type: 'uint64', id: 1 },
                    serverTime: { type: 'int64', id: 2 },
                  },
                },
                Status: {
                  fields: {
                    appliedRevision: { type: 'uint64', id: 1 },
                    objects: { type: 'uint32', id: 2 },
                    driftRepairs: { type: 'uint64', id: 3 },
                    ceilingDigest: { type: 'string', id: 4 },
                    ceilingJson: { type: 'string', id: 5 },
                    conditions: { rule: 'repeated', type: 'string', id: 6 },
                    report: { type: 'ApplyReport', id: 7 },
                    spoolEpoch: { type: 'string', id: 8 },
                    spooledSequence: { type: 'uint64', id: 9 },
                  },
                },
                Inventory: {
                  fields: {
                    complete: { type: 'bool', id: 1 },
                    namespaces: { rule: 'repeated', type: 'NamespaceFact', id: 2 },
                    removedNamespaces: { rule: 'repeated', type: 'string', id: 3 },
                    clusterRoles: { rule: 'repeated', type: 'ClusterRoleFact', id: 4 },
                    removedClusterRoles: { rule: 'repeated', type: 'string', id: 5 },
                    apiResources: { type: 'ApiResources', id: 6 },
                    unmanagedBindings: { rule: 'repeated', type: 'UnmanagedBindingFact', id: 7 },
                    removedUnmanaged: { rule: 'repeated', type: 'string', id: 8 },
                    unmanagedRoles: { rule: 'repeated', type: 'RoleFact', id: 9 },
                    unmanaged: { type: 'UnmanagedPart', id: 10 },
                  },
                },
                UnmanagedPart: {
                  fields: {
                    whole: { type: 'bool', id: 1 },
                    after: { type: 'string', id: 2 },
                    through: { type: 'string', id: 3 },
                    leftOut: { type: 'uint32', id: 4 },
                  },
                },
                UnmanagedBindingFact: {
                  fields: {
                    kind: { type: 'string', id: 1 },
                    namespace: { type: 'string', id: 2 },
                    name: { type: 'string', id: 3 },
                    roleKind: { type: 'string', id: 4 },
                    roleName: { type: 'string', id: 5 },
                    subjects: { rule: 'repeated', type: 'BindingSubject', id: 6 },
                    moreSubjects: { type: 'uint32', id: 7 },
                    owner: { type: 'string', id: 8 },
                    fieldManagers: { rule: 'repeated', type: 'string', id: 9 },
                    system: { type: 'bool', id: 10 },
                  },
                },
                BindingSubject: {
                  fields: {
                    kind: { type: 'string', id: 1 },
                    namespace: { type: 'string', id: 2 },
                    name: { type: 'string', id: 3 },
                  },
                },
                RoleFact: {
                  fields: {
                    namespace: { type: 'string', id: 1 },
                    name: { type: 'string', id: 2 },
                    rules: { rule: 'repeated', type: 'PolicyRule', id: 3 },
                    rulesLeftOut: { type: 'bool', id: 4 },
                  },
                },
                ApiResources: {
                  fields: {
                    first: { type: 'bool', id: 1 },
                    last: { type: 'bool', id: 2 },
                    items: { rule: 'repeated', type: 'ApiResourceFact', id: 3 },
                  },
                },
                ApiResourceFact: {
                  fields: {
                    group: { type: 'string', id: 1 },
                    version: { type: 'string', id: 2 },
                    resource: { type: 'string', id: 3 },
                    singular: { type: 'string', id: 4 },
                    shortNames: { rule: 'repeated', type: 'string', id: 5 },
                    kind: { type: 'string', id: 6 },
                    namespaced: { type: 'bool', id: 7 },
                    verbs: { rule: 'repeated', type: 'string', id: 8 },
                  },
                },
                NamespaceFact: {
                  fields: {
                    name: { type: 'string', id: 1 },
                    labels: { rule: 'repeated', type: 'Label', id: 2 },
                    phase: { type: 'string', id: 3 },
                  },
                },
                Label: {
                  fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } },
                },
                ClusterRoleFact: {
                  fields: {
                    name: { type: 'string', id: 1 },
                    rules: { rule: 'repeated', type: 'PolicyRule', id: 2 },
                  },
                },
                Goodbye: { fields: { reason: { type: 'string', id: 1 } } },
                Drain: {
                  fields: {
                    minWaitMs: { type: 'uint32', id: 1 },
                    maxWaitMs: { type: 'uint32', id: 2 },
                    reason: { type: 'string', id: 3 },
                  },
                },
                Superseded: { fields: { newerSessionEpoch: { type: 'uint64', id: 1 } } },
                Command: {
                  fields: {
                    action: { type: 'Action', id: 1, options: { deprecated: true } },
                    envelope: { type: 'SignedEnvelope', id: 2 },
                  },
                  nested: {
                    Action: {
                      values: {
                        ACTION_UNSPECIFIED: 0,
                        ACTION_RESYNC: 1,
                        ACTION_RELEASE_REMOVALS: 2,
                        ACTION_ROTATE_CERTIFICATE: 3,
                      },
                    },
                  },
                },
                CredentialRequest: { fields: { envelope: { type: 'SignedEnvelope', id: 1 } } },
                CredentialAnswer: {
                  oneofs: { answer: { oneof: ['certificates', 'token', 'refusal'] } },
                  fields: {
                    requestId: { type: 'string', id: 1 },
                    certificates: { type: 'CertificateChain', id: 2 },
                    token: { type: 'string', id: 3 },
                    refusal: { type: 'CredentialRefusal', id: 4 },
                    expiresAt: { type: 'int64', id: 5 },
                    credentialId: { type: 'string', id: 6 },
                  },
                },
                CertificateChain: {
                  fields: { certificates: { rule: 'repeated', type: 'bytes', id: 1 } },
                },
                CredentialRefusal: {
                  fields: { reason: { type: 'string', id: 1 }, message: { type: 'string', id: 2 } },
                },
                Audit: {
                  methods: {
                    Push: {
                      requestType: 'AuditBatch',
                      requestStream: true,
                      responseType: 'AuditReply',
                      responseStream: true,
                    },
                  },
                },
                AuditBatch: {
                  fields: {
                    spoolEpoch: { type: 'string', id: 1 },
                    records: { rule: 'repeated', type: 'AuditRecord', id: 2 },
                    previousHash: { type: 'bytes', id: 3 },
                  },
                },
                AuditRecord: {
                  oneofs: { content: { oneof: ['event', 'gap'] } },
                  fields: {
                    sequence: { type: 'uint64', id: 1 },
                    event: { type: 'bytes', id: 2 },
                    gap: { type: 'AuditGap', id: 3 },
                  },
                },
                AuditGap: {
                  fields: {
                    firstSequence: { type: 'uint64', id: 1 },
                    lastSequence: { type: 'uint64', id: 2 },
                    reason: { type: 'string', id: 3 },
                  },
                },
                AuditReply: {
                  oneofs: { reply: { oneof: ['ack', 'resend'] } },
                  fields: {
                    ack: { type: 'AuditAck', id: 1 },
                    resend: { type: 'AuditResend', id: 2 },
                  },
                },
                AuditAck: {
                  fields: {
                    spoolEpoch: { type: 'string', id: 1 },
                    sequence: { type: 'uint64', id: 2 },
                  },
                },
                AuditResend: {
                  fields: {
                    spoolEpoch: { type: 'string', id: 1 },
                    fromSequence: { type: 'uint64', id: 2 },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
