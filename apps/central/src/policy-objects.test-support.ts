import { Policy } from '@ambit/domain';
import type {
  PolicyChange,
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyRole,
  PolicyUser,
} from '@ambit/domain';
import { nodeDigests } from '@ambit/transport';

export const aUser = (name: string, active = true): PolicyUser => ({
  kind: 'User',
  uid: `user-${name}`,
  name,
  labels: {},
  active,
});

export const aGroup = (name: string): PolicyGroup => ({
  kind: 'Group',
  uid: `group-${name}`,
  name,
  labels: {},
});

export const aMember = (group: PolicyGroup, user: PolicyUser): PolicyObject => ({
  kind: 'Membership',
  uid: `${group.uid}/${user.uid}`,
  name: `${group.name}/${user.name}`,
  groupUid: group.uid,
  userUid: user.uid,
});

export const aCluster = (name: string): PolicyCluster => ({
  kind: 'Cluster',
  uid: `cluster-${name}`,
  name,
  labels: {},
  subjectMode: 'Users',
  userPrefix: 'ambit:',
});

/** Of the ClusterRole of that name; with rules, of rules of its own. */
export const aRole = (name: string, rules?: PolicyRole['rules']): PolicyRole => ({
  kind: 'Role',
  uid: `role-${name}`,
  name,
  labels: {},
  ...(rules === undefined ? { clusterRole: name } : { rules }),
});

/** For one person in some namespaces of some clusters. */
export function aGrant(
  name: string,
  parts: {
    readonly user: PolicyUser;
    readonly role: PolicyRole;
    readonly clusters: readonly PolicyCluster[];
    readonly namespaces?: readonly string[];
    readonly notBefore?: number;
  },
): PolicyGrant {
  const { user, role, clusters, namespaces = ['payments'], notBefore } = parts;
  return {
    kind: 'Grant',
    uid: `grant-${name}`,
    name,
    labels: {},
    source: 'api',
    subjects: [{ kind: 'User', uid: user.uid }],
    roleUid: role.uid,
    scope: {
      clusters: { type: 'names', uids: clusters.map(({ uid }) => uid) },
      namespaces: { type: 'names', names: namespaces },
    },
    ended: false,
    ...(notBefore === undefined ? {} : { notBefore }),
  } as PolicyGrant;
}

export const policyOf = (...objects: readonly PolicyObject[]): Policy =>
  Policy.load(1, objects, nodeDigests);
export const put = (object: PolicyObject): PolicyChange => ({ op: 'put', object });
export const gone = ({ kind, uid }: PolicyObject): PolicyChange => ({ op: 'delete', kind, uid });
