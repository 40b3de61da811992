// Generated from proto/ by `npm run gen`. Do not edit.

export const descriptor: object = {
  nested: {
    ambit: {
      nested: {
        api: {
          nested: {
            v1: {
              nested: {
                DirectoryService: {
                  methods: {
                    SyncDirectory: {
                      requestType: 'SyncDirectoryRequest',
                      requestStream: true,
                      responseType: 'SyncDirectoryResponse',
                    },
                    ListDirectoryUsers: {
                      requestType: 'ListDirectoryUsersRequest',
                      responseType: 'ListDirectoryUsersResponse',
                    },
                    ListDirectoryGroups: {
                      requestType: 'ListDirectoryGroupsRequest',
                      responseType: 'ListDirectoryGroupsResponse',
                    },
                  },
                },
                SyncMode: {
                  values: { SYNC_MODE_UNSPECIFIED: 0, SYNC_MODE_FULL: 1, SYNC_MODE_DELTA: 2 },
                },
                SyncDirectoryRequest: {
                  oneofs: { step: { oneof: ['begin', 'page', 'commit'] } },
                  fields: {
                    begin: { type: 'SyncBegin', id: 1 },
                    page: { type: 'SyncPage', id: 2 },
                    commit: { type: 'SyncCommit', id: 3 },
                  },
                },
                SyncBegin: {
                  fields: { mode: { type: 'SyncMode', id: 1 }, dryRun: { type: 'bool', id: 2 } },
                },
                SyncPage: {
                  fields: {
                    users: { rule: 'repeated', type: 'SyncedUser', id: 1 },
                    groups: { rule: 'repeated', type: 'SyncedGroup', id: 2 },
                    joining: { rule: 'repeated', type: 'SyncedMembers', id: 3 },
                    leaving: { rule: 'repeated', type: 'SyncedMembers', id: 4 },
                    removedUsers: { rule: 'repeated', type: 'string', id: 5 },
                    removedGroups: { rule: 'repeated', type: 'string', id: 6 },
                  },
                },
                SyncedUser: {
                  fields: {
                    externalId: { type: 'string', id: 1 },
                    userName: { type: 'string', id: 2 },
                    displayName: { type: 'string', id: 3 },
                    emails: { rule: 'repeated', type: 'string', id: 4 },
                    inactive: { type: 'bool', id: 5 },
                    attributes: { rule: 'repeated', type: 'SyncedAttribute', id: 6 },
                  },
                },
                SyncedAttribute: {
                  oneofs: { value: { oneof: ['text', 'number', 'truth', 'texts'] } },
                  fields: {
                    name: { type: 'string', id: 1 },
                    text: { type: 'string', id: 2 },
                    number: { type: 'double', id: 3 },
                    truth: { type: 'bool', id: 4 },
                    texts: { type: 'SyncedTexts', id: 5 },
                  },
                },
                SyncedTexts: { fields: { values: { rule: 'repeated', type: 'string', id: 1 } } },
                SyncedGroup: {
                  fields: {
                    externalId: { type: 'string', id: 1 },
                    displayName: { type: 'string', id: 2 },
                    members: { rule: 'repeated', type: 'string', id: 3 },
                  },
                },
                SyncedMembers: {
                  fields: {
                    group: { type: 'string', id: 1 },
                    users: { rule: 'repeated', type: 'string', id: 2 },
                  },
                },
                SyncCommit: {
                  fields: {
                    sent: { type: 'SyncCounts', id: 1 },
                    intentionallyEmpty: { type: 'bool', id: 2 },
                  },
                },
                SyncCounts: {
                  fields: { users: { type: 'uint32', id: 1 }, groups: { type: 'uint32', id: 2 } },
                },
                SyncDirectoryResponse: {
                  fields: {
                    users: { type: 'SyncOutcome', id: 1 },
                    groups: { type: 'SyncOutcome', id: 2 },
                    membersJoined: { type: 'uint32', id: 3 },
                    membersLeft: { type: 'uint32', id: 4 },
                    refused: { rule: 'repeated', type: 'SyncRefusal', id: 5 },
                    refusedTotal: { type: 'uint32', id: 6 },
                    dryRun: { type: 'bool', id: 7 },
                    revision: { type: 'uint64', id: 8 },
                  },
                },
                SyncOutcome: {
                  fields: {
                    created: { type: 'uint32', id: 1 },
                    changed: { type: 'uint32', id: 2 },
                    unchanged: { type: 'uint32', id: 3 },
                    removed: { type: 'uint32', id: 4 },
                  },
                },
                SyncRefusal: {
                  fields: {
                    kind: { type: 'string', id: 1 },
                    externalId: { type: 'string', id: 2 },
                    reason: { type: 'string', id: 3 },
                    message: { type: 'string', id: 4 },
                  },
                },
                ListDirectoryUsersRequest: {
                  fields: {
                    pageSize: { type: 'uint32', id: 1 },
                    pageToken: { type: 'string', id: 2 },
                  },
                },
                ListDirectoryUsersResponse: {
                  fields: {
                    users: { rule: 'repeated', type: 'DirectoryUser', id: 1 },
                    nextPageToken: { type: 'string', id: 2 },
                    total: { type: 'uint32', id: 3 },
                  },
                },
                DirectoryUser: {
                  fields: {
                    name: { type: 'string', id: 1 },
                    uid: { type: 'string', id: 2 },
                    externalId: { type: 'string', id: 3 },
                    userName: { type: 'string', id: 4 },
                    displayName: { type: 'string', id: 5 },
                    active: { type: 'bool', id: 6 },
                  },
                },
                ListDirectoryGroupsRequest: {
                  fields: {
                    pageSize: { type: 'uint32', id: 1 },
                    pageToken: { type: 'string', id: 2 },
                  },
                },
                ListDirectoryGroupsResponse: {
                  fields: {
                    groups: { rule: 'repeated', type: 'DirectoryGroup', id: 1 },
                    nextPageToken: { type: 'string', id: 2 },
                    total: { type: 'uint32', id: 3 },
                  },
                },
                DirectoryGroup: {
                  fields: {
                    name: { type: 'string', id: 1 },
                    uid: { type: 'string', id: 2 },
                    externalId: { type: 'string', id: 3 },
                    displayName: { type: 'string', id: 4 },
                    members: { rule: 'repeated', type: 'string', id: 5 },
                  },
                },
                AccessService: {
                  methods: {
                    CheckAccess: {
                      requestType: 'CheckAccessRequest',
                      responseType: 'CheckAccessResponse',
                    },
                    CheckAccessMany: {
                      requestType: 'CheckAccessManyRequest',
                      responseType: 'CheckAccessManyResponse',
                    },
                    WhoCan: { requestType: 'WhoCanRequest', responseType: 'WhoCanResponse' },
                    ListHeldAccess: {
                      requestType: 'ListHeldAccessRequest',
                      responseType: 'ListHeldAccessResponse',
                    },
                    ListEffectiveAccess: {
                      requestType: 'ListEffectiveAccessRequest',
                      responseType: 'ListEffectiveAccessResponse',
                    },
                    ExplainAccess: {
                      requestType: 'ExplainAccessRequest',
                      responseType: 'ExplainAccessResponse',
                    },
                  },
                },
                AsOf: {
                  fields: { revision: { type: 'uint64', id: 1 }, time: { type: 'string', id: 2 } },
                },
                AccessTarget: {
                  fields: {
                    cluster: { type: 'string', id: 1 },
                    namespace: { type: 'string', id: 2 },
                    verb: { type: 'string', id: 3 },
                    apiGroup: { type: 'string', id: 4 },
                    resource: { type: 'string', id: 5 },
                    subresource: { type: 'string', id: 6 },
                    name: { type: 'string', id: 7 },
                  },
                },
                AccessQuestion: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    service: { type: 'string', id: 2 },
                    target: { type: 'AccessTarget', id: 3 },
                  },
                },
                AccessAnswer: {
                  fields: {
                    allowed: { type: 'bool', id: 1 },
                    paths: { rule: 'repeated', type: 'AccessPath', id: 2 },
                    refusals: { rule: 'repeated', type: 'AccessRefusal', id: 3 },
                    until: { type: 'string', id: 4 },
                    notes: { rule: 'repeated', type: 'string', id: 5 },
                    hint: { type: 'string', id: 6 },
                    nextCommand: { type: 'string', id: 7 },
                    unmanaged: { rule: 'repeated', type: 'UnmanagedWay', id: 8 },
                  },
                },
                UnmanagedWay: {
                  fields: {
                    object: { type: 'string', id: 1 },
                    role: { type: 'string', id: 2 },
                    subjects: { rule: 'repeated', type: 'string', id: 3 },
                    moreSubjects: { type: 'uint32', id: 4 },
                    users: { rule: 'repeated', type: 'string', id: 5 },
                    owner: { type: 'string', id: 6 },
                    uncertain: { type: 'bool', id: 7 },
                    system: { type: 'bool', id: 8 },
                  },
                },
                AccessPath: {
                  fields: {
                    grant: { type: 'string', id: 1 },
                    role: { type: 'string', id: 2 },
                    scope: { type: 'string', id: 3 },
                    reach: { type: 'string', id: 4 },
                    group: { type: 'string', id: 5 },
                    until: { type: 'string', id: 6 },
                    team: { type: 'string', id: 7 },
                    sources: { rule: 'repeated', type: 'string', id: 8 },
                    match: { type: 'string', id: 9 },
                    hours: { type: 'string', id: 10 },
                  },
                },
                AccessRefusal: {
                  fields: {
                    reason: { type: 'string', id: 1 },
                    message: { type: 'string', id: 2 },
                    grant: { type: 'string', id: 3 },
                    group: { type: 'string', id: 4 },
                    at: { type: 'string', id: 5 },
                    team: { type: 'string', id: 6 },
                  },
                },
                AccessEvidence: {
                  fields: {
                    cluster: { type: 'string', id: 1 },
                    connected: { type: 'bool', id: 2 },
                    told: { type: 'bool', id: 3 },
                    ageSeconds: { type: 'double', id: 4 },
                    appliedRevision: { type: 'uint64', id: 5 },
                  },
                },
                CheckAccessRequest: {
                  fields: {
                    question: { type: 'AccessQuestion', id: 1 },
                    at: { type: 'string', id: 2 },
                  },
                },
                CheckAccessResponse: {
                  fields: {
                    answer: { type: 'AccessAnswer', id: 1 },
                    evidence: { type: 'AccessEvidence', id: 2 },
                    revision: { type: 'uint64', id: 3 },
                    asOf: { type: 'AsOf', id: 4 },
                  },
                },
                CheckAccessManyRequest: {
                  fields: {
                    questions: { rule: 'repeated', type: 'AccessQuestion', id: 1 },
                    brief: { type: 'bool', id: 2 },
                    at: { type: 'string', id: 3 },
                  },
                },
                CheckAccessManyResponse: {
                  fields: {
                    answers: { rule: 'repeated', type: 'AccessAnswer', id: 1 },
                    evidence: { rule: 'repeated', type: 'AccessEvidence', id: 2 },
                    revision: { type: 'uint64', id: 3 },
                    asOf: { type: 'AsOf', id: 4 },
                  },
                },
                WhoCanRequest: {
                  fields: {
                    target: { type: 'AccessTarget', id: 1 },
                    pageSize: { type: 'uint32', id: 2 },
                    pageToken: { type: 'string', id: 3 },
                    at: { type: 'string', id: 4 },
                  },
                },
                WhoCanResponse: {
                  fields: {
                    holders: { rule: 'repeated', type: 'AccessHolder', id: 1 },
                    evidence: { type: 'AccessEvidence', id: 2 },
                    notes: { rule: 'repeated', type: 'string', id: 3 },
                    standing: { rule: 'repeated', type: 'string', id: 4 },
                    nextPageToken: { type: 'string', id: 5 },
                    revision: { type: 'uint64', id: 6 },
                    asOf: { type: 'AsOf', id: 7 },
                    unmanaged: { rule: 'repeated', type: 'UnmanagedWay', id: 8 },
                    moreUnmanaged: { type: 'uint32', id: 9 },
                    unmanagedLeftOut: { type: 'uint32', id: 10 },
                  },
                },
                AccessHolder: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    paths: { rule: 'repeated', type: 'AccessPath', id: 2 },
                    until: { type: 'string', id: 3 },
                  },
                },
                ListHeldAccessRequest: {
                  fields: { user: { type: 'string', id: 1 }, service: { type: 'string', id: 2 } },
                },
                ListHeldAccessResponse: {
                  fields: {
                    clusters: { rule: 'repeated', type: 'HeldInCluster', id: 1 },
                    revision: { type: 'uint64', id: 2 },
                  },
                },
                HeldInCluster: {
                  fields: {
                    cluster: { type: 'string', id: 1 },
                    roles: { rule: 'repeated', type: 'string', id: 2 },
                    namespaces: { rule: 'repeated', type: 'string', id: 3 },
                    subject: { type: 'string', id: 4 },
                  },
                },
                ListEffectiveAccessRequest: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    service: { type: 'string', id: 2 },
                    team: { type: 'string', id: 3 },
                    scope: { type: 'string', id: 4 },
                    standing: { type: 'bool', id: 5 },
                    at: { type: 'string', id: 6 },
                    pageSize: { type: 'uint32', id: 7 },
                    pageToken: { type: 'string', id: 8 },
                  },
                },
                ListEffectiveAccessResponse: {
                  fields: {
                    rows: { rule: 'repeated', type: 'EffectiveRow', id: 1 },
                    people: { rule: 'repeated', type: 'TeamPerson', id: 2 },
                    owns: { rule: 'repeated', type: 'TeamNamespaces', id: 3 },
                    evidence: { rule: 'repeated', type: 'AccessEvidence', id: 4 },
                    notes: { rule: 'repeated', type: 'string', id: 5 },
                    nextPageToken: { type: 'string', id: 6 },
                    revision: { type: 'uint64', id: 7 },
                    asOf: { type: 'AsOf', id: 8 },
                  },
                },
                EffectiveRow: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    cluster: { type: 'string', id: 2 },
                    path: { type: 'AccessPath', id: 3 },
                    state: { type: 'string', id: 4 },
                    message: { type: 'string', id: 5 },
                    notBefore: { type: 'string', id: 6 },
                    risks: { rule: 'repeated', type: 'string', id: 7 },
                  },
                },
                TeamPerson: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    group: { type: 'string', id: 2 },
                    sources: { rule: 'repeated', type: 'string', id: 3 },
                  },
                },
                TeamNamespaces: {
                  fields: {
                    cluster: { type: 'string', id: 1 },
                    namespaces: { rule: 'repeated', type: 'string', id: 2 },
                  },
                },
                ExplainAccessRequest: {
                  fields: {
                    user: { type: 'string', id: 1 },
                    service: { type: 'string', id: 2 },
                    scope: { type: 'string', id: 3 },
                    at: { type: 'string', id: 4 },
                  },
                },
                ExplainAccessResponse: {
                  fields: {
                    allowed: { type: 'bool', id: 1 },
                    ways: { rule: 'repeated', type: 'AccessWay', id: 2 },
                    refusals: { rule: 'repeated', type: 'AccessRefusal', id: 3 },
                    evidence: { type: 'AccessEvidence', id: 4 },
                    hint: { type: 'string', id: 5 },
                    nextCommand: { type: 'string', id: 6 },
                    revision: { type: 'uint64', id: 7 },
                    asOf: { type: 'AsOf', id: 8 },
                    unmanaged: { rule: 'repeated', type: 'UnmanagedWay', id: 9 },
                  },
                },
                AccessWay: {
                  fields: {
                    path: { type: 'AccessPath', id: 1 },
                    state: { type: 'string', id: 2 },
                    message: { type: 'string', id: 3 },
                    notBefore: { type: 'string', id: 4 },
                    subject: { type: 'string', id: 5 },
                    objects: { rule: 'repeated', type: 'string', id: 6 },
                    applied: { type: 'bool', id: 7 },
                    problem: { type: 'string', id: 8 },
                  },
                },
                PolicyService: {
                  methods: {
                    ApplyPolicy: {
                      requestType: 'ApplyPolicyRequest',
                      responseType: 'ApplyPolicyResponse',
                    },
                    PlanPolicy: {
                      requestType: 'PlanPolicyRequest',
                      responseType: 'PlanPolicyResponse',
                    },
                    GetPolicyObject: {
                      requestType: 'GetPolicyObjectRequest',
                      responseType: 'GetPolicyObjectResponse',
                    },
                    ListPolicyObjects: {
                      requestType: 'ListPolicyObjectsRequest',
                      responseType: 'ListPolicyObjectsResponse',
                    },
                  },
                },
                ApplyPolicyRequest: {
                  fields: {
                    documents: { rule: 'repeated', type: 'string', id: 1 },
                    confirmRemovals: { type: 'string', id: 2 },
                  },
                },
                ApplyPolicyResponse: { fields: { effect: { type: 'PolicyEffect', id: 1 } } },
                PlanPolicyRequest: {
                  fields: { documents: { rule: 'repeated', type: 'string', id: 1 } },
                },
                PlanPolicyResponse: {
                  fields: {
                    effect: { type: 'PolicyEffect', id: 1 },
                    removalsDigest: { type: 'string', id: 2 },
                  },
                },
                PolicyEffect: {
                  fields: {
                    changed: { type: 'bool', id: 1 },
                    revision: { type: 'uint64', id: 2 },
                    objects: { rule: 'repeated', type: 'PolicyOutcome', id: 3 },
                    clusters: { rule: 'repeated', type: 'PolicyClusterEffect', id: 4 },
                    warnings: { rule: 'repeated', type: 'string', id: 5 },
                  },
                },
                PolicyOutcome: {
                  fields: {
                    kind: { type: 'string', id: 1 },
                    name: { type: 'string', id: 2 },
                    uid: { type: 'string', id: 3 },
                    action: { type: 'string', id: 4 },
                  },
                },
                PolicyClusterEffect: {
                  fields: {
                    cluster: { type: 'string', id: 1 },
                    connected: { type: 'bool', id: 2 },
                    bindingsAdded: { type: 'uint32', id: 3 },
                    bindingsRemoved: { type: 'uint32', id: 4 },
                    gain: { rule: 'repeated', type: 'string', id: 5 },
                    gainTotal: { type: 'uint32', id: 6 },
                    lose: { rule: 'repeated', type: 'string', id: 7 },
                    loseTotal: { type: 'uint32', id: 8 },
                  },
                },
                GetPolicyObjectRequest: {
                  fields: { kind: { type: 'string', id: 1 }, name: { type: 'string', id: 2 } },
                },
                GetPolicyObjectResponse: { fields: { object: { type: 'string', id: 1 } } },
                ListPolicyObjectsRequest: {
                  fields: {
                    kind: { type: 'string', id: 1 },
                    pageSize: { type: 'uint32', id: 2 },
                    pageToken: { type: 'string', id: 3 },
                    labelSelector: { type: 'string', id: 4 },
                    q: { type: 'string', id: 5 },
                  },
                },
                ListPolicyObjectsResponse: {
                  fields: {
                    objects: { rule: 'repeated', type: 'string', id: 1 },
                    nextPageToken: { type: 'string', id: 2 },
                    revision: { type: 'uint64', id: 3 },
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
