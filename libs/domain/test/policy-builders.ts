import type {
  ClusterSelector,
  GrantSubject,
  LabelValues,
  NamespaceSelector,
  PolicyChange,
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyMembership,
  PolicyObject,
  PolicyPlain,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
  TeamMember,
  NamespaceProfileSpec,
} from '../src/index.ts';
import { namespaceProfileKind } from '../src/index.ts';

type Parts<T> = Partial<Omit<T, 'kind' | 'uid'>>;

export const put = (object: PolicyObject): PolicyChange => ({ op: 'put', object });
export const gone = ({ kind, uid }: PolicyObject): PolicyChange => ({ op: 'delete', kind, uid });

export const aUser = (name: string, parts: Parts<PolicyUser> = {}): PolicyUser => ({
  kind: 'User',
  uid: `user-uid-${name}`,
  name,
  labels: {},
  active: true,
  ...parts,
});

export const aGroup = (name: string): PolicyGroup => ({
  kind: 'Group',
  uid: `group-uid-${name}`,
  name,
  labels: {},
});

/** The group of those for whom the condition of a grant of that name holds. */
export const aConditionGroup = (grant: string, labels: LabelValues = {}): PolicyGroup => ({
  ...aGroup(`when.${grant}.${Object.values(labels).join('-')}`),
  condition: { grantUid: `grant-uid-${grant}`, labels },
});

export const aTeam = (name: string, parts: Parts<PolicyTeam> = {}): PolicyTeam => ({
  kind: 'Team',
  uid: `team-uid-${name}`,
  name,
  labels: {},
  members: [],
  owns: [],
  ...parts,
});

/** A NamespaceProfile: `parts` are fields of its spec. */
export const aProfile = (name: string, parts: Partial<NamespaceProfileSpec> = {}): PolicyPlain => ({
  kind: 'Plain',
  of: namespaceProfileKind,
  uid: `profile-uid-${name}`,
  name,
  labels: {},
  spec: {
    create: true,
    labels: {},
    networkPolicies: { preset: 'DefaultDeny', own: [] },
    ...parts,
  },
});

export const aMember = (group: PolicyGroup, user: PolicyUser): PolicyMembership => ({
  kind: 'Membership',
  uid: `${group.uid}/${user.uid}`,
  name: `${group.name}/${user.name}`,
  groupUid: group.uid,
  userUid: user.uid,
});

/** A reference to the ClusterRole of the same name unless `parts` says otherwise. */
export const aRole = (
  name: string,
  parts: Parts<PolicyRole> = { clusterRole: name },
): PolicyRole => ({
  kind: 'Role',
  uid: `role-uid-${name}`,
  name,
  labels: {},
  ...parts,
});

export const aCluster = (
  name: string,
  labels: Record<string, string> = {},
  parts: Parts<PolicyCluster> = {},
): PolicyCluster => ({
  kind: 'Cluster',
  uid: `cluster-uid-${name}`,
  name,
  labels,
  subjectMode: 'Users',
  userPrefix: 'ambit:',
  ...parts,
});

export const on = (...clusters: PolicyCluster[]): ClusterSelector => ({
  type: 'names',
  uids: clusters.map(({ uid }) => uid),
});

export const labelled = (key: string, ...values: string[]): ClusterSelector => ({
  type: 'selector',
  selector: { requirements: [{ key, operator: 'In', values }] },
});

export const inNamespaces = (...names: string[]): NamespaceSelector => ({ type: 'names', names });

export const to = (...subjects: (PolicyUser | PolicyGroup | PolicyTeam)[]): GrantSubject[] =>
  subjects.map(({ kind, uid }) => ({ kind, uid }));

export const membersOf = (...members: (PolicyUser | PolicyGroup)[]): TeamMember[] =>
  members.map(({ kind, uid }) => ({ kind, uid }));

export const owning = (
  clusters: ClusterSelector,
  ...namespaces: string[]
): PolicyTeam['owns'][number] => ({ clusters, namespaces });

export interface GrantParts extends Parts<Omit<PolicyGrant, 'scope' | 'roleUid'>> {
  readonly subjects: readonly GrantSubject[];
  readonly role: PolicyRole;
  readonly clusters?: ClusterSelector;
  readonly namespaces?: NamespaceSelector;
}

/** On all clusters and cluster-wide unless `parts` says otherwise. */
export function aGrant(name: string, parts: GrantParts): PolicyGrant {
  const { role, clusters, namespaces, ...rest } = parts;
  return {
    kind: 'Grant',
    uid: `grant-uid-${name}`,
    name,
    labels: {},
    source: 'api',
    ended: false,
    ...rest,
    roleUid: role.uid,
    scope: {
      clusters: clusters ?? { type: 'all' },
      namespaces: namespaces ?? { type: 'clusterWide' },
    },
  };
}

export const aPlain = (of: string, name: string, spec: PolicyPlain['spec']): PolicyPlain => ({
  kind: 'Plain',
  of,
  uid: `${of}-${name}`,
  name,
  labels: {},
  spec,
});

/** Whose tokens webhooks take; of one name in every policy. */
export const anIssuer = (...kids: string[]): PolicyPlain =>
  aPlain('TokenIssuer', 'webhook', {
    issuer: 'https://a/webhook',
    keys: kids.map((kid) => ({ kty: 'EC', crv: 'P-256', kid, x: 'x', y: 'y' })),
  });

/** The end of a membership. `leftAt`: milliseconds since 1970. */
export const aDeparture = (group: PolicyGroup, user: PolicyUser, leftAt: number): PolicyPlain => {
  const { uid, name, groupUid, userUid } = aMember(group, user);
  const spec = { groupUid, userUid, group: group.name, leftAt };
  return { ...aPlain('LeftGroup', name, spec), uid };
};
