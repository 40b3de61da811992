import type { PolicyGrant, PolicyObject, PolicyRole } from '@ambit/domain';
import { SeededRandom } from '@ambit/testing';

/** How many of each kind of object a policy has. */
export interface FleetSize {
  readonly users: number;
  readonly groups: number;
  readonly clusters: number;
  readonly grants: number;
}

export const namespacesPerCluster = 200;
export const rolesOfFleet = 20;
const regions = 10;
const membersPerGroup = 10;
/** 2026-07-01: the ends of the time-bound grants lie after it. */
const firstEnd = 1_782_864_000_000;
const dayMs = 86_400_000;

/** The fleet of B01: 10 grants a person, a hundred a cluster, at every size. */
export const fleetOf = (grants: number): FleetSize => ({
  users: grants / 10,
  groups: grants / 100,
  clusters: grants / 100,
  grants,
});

/** The same numbers for the same seed. */
export function seededRandom(seed: number): (below: number) => number {
  const random = new SeededRandom(seed);
  return (below) => random.below(below);
}

// Of the length and shape of the uids that a database gives.
const uidOf = (kind: number, at: number): string =>
  `0197b2c4-${kind.toString(16).padStart(4, '0')}-7000-8000-${at.toString(16).padStart(12, '0')}`;

export const userUid = (at: number): string => uidOf(1, at);
export const groupUid = (at: number): string => uidOf(2, at);
export const roleUid = (at: number): string => uidOf(3, at);
export const clusterUid = (at: number): string => uidOf(4, at);
export const grantUid = (at: number): string => uidOf(5, at);
export const namespaceName = (at: number): string => `team-${at}`;

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** The first three are Kubernetes' own; the others have rules. */
export function fleetRole(at: number): PolicyRole {
  const named = { kind: 'Role', uid: roleUid(at), name: `role-${at}`, labels: {} } as const;
  const existing = ['view', 'edit', 'admin'][at];
  if (existing !== undefined) return { ...named, clusterRole: existing };
  const resources = ['pods', 'configmaps', 'services', 'secrets'].slice(0, 1 + (at % 4));
  return { ...named, rules: [{ apiGroups: [''], resources, verbs: verbs.slice(0, 1 + (at % 7)) }] };
}

/** One in a hundred goes by label to a tenth of the clusters, one in ten names a group, one in ten ends. */
export function fleetGrant(
  at: number,
  size: FleetSize,
  random: (below: number) => number,
): PolicyGrant {
  const subject =
    at % 10 === 3
      ? ({ kind: 'Group', uid: groupUid(random(size.groups)) } as const)
      : ({ kind: 'User', uid: userUid(random(size.users)) } as const);
  const region = `r${random(regions)}`;
  return {
    kind: 'Grant',
    uid: grantUid(at),
    name: `grant-${at}`,
    labels: {},
    subjects: [subject],
    roleUid: roleUid(random(rolesOfFleet)),
    scope: {
      clusters:
        at % 100 === 7
          ? {
              type: 'selector',
              selector: { requirements: [{ key: 'region', operator: 'In', values: [region] }] },
            }
          : { type: 'names', uids: [clusterUid(random(size.clusters))] },
      namespaces: { type: 'names', names: [namespaceName(random(namespacesPerCluster))] },
    },
    ...(at % 10 === 5 ? { until: firstEnd + random(365) * dayMs } : {}),
    source: 'api',
    ended: false,
  };
}

/** Every object of such a policy, what is referred to first; the same ones each time. */
export function* fleetObjects(size: FleetSize): Iterable<PolicyObject> {
  const random = seededRandom(1);
  for (let at = 0; at < size.clusters; at++) {
    yield {
      kind: 'Cluster',
      uid: clusterUid(at),
      name: `cluster-${at}`,
      labels: { region: `r${at % regions}`, stage: at % 3 === 0 ? 'prod' : 'dev' },
      subjectMode: 'Users',
      userPrefix: 'ambit:',
    };
  }
  for (let at = 0; at < size.users; at++) {
    yield {
      kind: 'User',
      uid: userUid(at),
      name: `person-${at}`,
      labels: {},
      active: at % 50 !== 49,
    };
  }
  for (let at = 0; at < size.groups; at++) {
    yield { kind: 'Group', uid: groupUid(at), name: `group-${at}`, labels: {} };
    for (let member = 0; member < membersPerGroup; member++) {
      const who = (at * membersPerGroup + member * 7) % size.users;
      yield {
        kind: 'Membership',
        uid: `${groupUid(at)}/${userUid(who)}`,
        name: `group-${at}/person-${who}`,
        groupUid: groupUid(at),
        userUid: userUid(who),
      };
    }
  }
  for (let at = 0; at < rolesOfFleet; at++) yield fleetRole(at);
  for (let at = 0; at < size.grants; at++) yield fleetGrant(at, size, random);
}
