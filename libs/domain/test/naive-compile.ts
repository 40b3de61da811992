import type { Intent } from '@ambit/rbac';
import { accountName, selectorMatches, shardSubjects } from '@ambit/rbac';
import type {
  ClusterSelector,
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyMembership,
  PolicyObject,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
  SubjectMode,
} from '../src/index.ts';
import { naiveCredentials } from './naive-credentials.ts';
import { naiveNamespaces } from './naive-namespaces.ts';
import { nodeDigests } from './node-digests.ts';

/**
 * The oracle: what a cluster should hold, worked out from the whole policy by nested loops and without any index.
 * BINDING entries come without keys, because a key is only a name.
 */
export function naiveCompile(objects: readonly PolicyObject[], cluster: PolicyCluster): string[] {
  const world = worldOf(objects, cluster);
  const live = world.grants.filter(
    (grant) => reaches(grant, cluster) && hasSubject(world, grant) && usable(grant, world.roles),
  );
  const people = live.flatMap((grant) => peopleOf(world, grant));
  const roles = live.flatMap((grant) => world.roles.filter(({ uid }) => uid === grant.roleUid));
  const entries = new Set([
    text(configOf(cluster)),
    ...roles.filter(({ rules }) => rules !== undefined).map((role) => text(roleOf(role))),
    ...people.filter(({ active }) => !active).map((user) => text(denyOf(cluster, user))),
    ...folded(world, live).flatMap((family) => bindingsOf(world, cluster, family)),
    ...naiveCredentials(objects, cluster, live).map(text),
    ...naiveNamespaces(objects, cluster, selects).map(text),
  ]);
  return [...entries].sort();
}

interface World {
  readonly users: readonly PolicyUser[];
  readonly groups: ReadonlySet<string>;
  readonly groupNames: ReadonlyMap<string, string>;
  readonly members: readonly PolicyMembership[];
  readonly roles: readonly PolicyRole[];
  readonly grants: readonly PolicyGrant[];
}

function worldOf(objects: readonly PolicyObject[], cluster: PolicyCluster): World {
  const teams = objects.filter((each) => each.kind === 'Team');
  const groups = new Set<string>();
  for (const each of objects) if (each.kind === 'Group') groups.add(each.uid);
  return {
    users: objects.filter((each) => each.kind === 'User'),
    groups,
    groupNames: new Map(
      objects.filter((each) => each.kind === 'Group').map(({ uid, name }) => [uid, name]),
    ),
    members: objects
      .filter((each) => each.kind === 'Membership')
      .filter(({ groupUid }) => groups.has(groupUid)),
    roles: objects.filter((each) => each.kind === 'Role'),
    grants: objects
      .filter((each) => each.kind === 'Grant')
      .filter(({ ended }) => !ended)
      .flatMap((grant) => withoutTeams(grant, teams, cluster))
      .flatMap((grant) => conditioned(grant, objects, cluster))
      .flatMap(withoutHours),
  };
}

/** A grant with hours is one for each of its windows. */
function withoutHours(grant: PolicyGrant): PolicyGrant[] {
  if (grant.hours === undefined) return [grant];
  return (grant.windows ?? []).map(({ from, until }) => ({ ...grant, notBefore: from, until }));
}

/** The grants to people and groups that a grant means in a cluster. */
function withoutTeams(
  grant: PolicyGrant,
  teams: readonly PolicyTeam[],
  cluster: PolicyCluster,
): PolicyGrant[] {
  const membersOf = (uid: string) => teams.find((team) => team.uid === uid)?.members ?? [];
  if (grant.scope.namespaces.type !== 'owned') {
    const subjects = grant.subjects.flatMap((each) =>
      each.kind === 'Team' ? membersOf(each.uid) : [each],
    );
    return [{ ...grant, subjects }];
  }
  // Its condition is true for its subjects together, who own nothing together.
  if (grant.match !== undefined && grant.subjects.length > 1) return [];
  const named = teams.filter(({ uid }) => grant.subjects.some((each) => each.uid === uid));
  return named.flatMap(({ members, owns }) => {
    const here = owns.filter(({ clusters }) => selects(clusters, cluster));
    // What is said twice of the same clusters is said once.
    const whereOf = ({ clusters }: (typeof here)[number]): string => JSON.stringify(clusters);
    return [...new Set(here.map(whereOf))].map((where): PolicyGrant => {
      const same = here.filter((each) => whereOf(each) === where);
      const all = new Set(same.flatMap(({ namespaces }) => namespaces));
      const names = [...all].filter((name) => !name.includes('*')).sort();
      const scope = { ...grant.scope, namespaces: { type: 'names', names } } as const;
      return { ...grant, subjects: members, scope };
    });
  });
}

/** A grant that has a condition is one to the groups for whom it holds there. */
export function conditioned(
  grant: PolicyGrant,
  objects: readonly PolicyObject[],
  { labels }: PolicyCluster,
): PolicyGrant[] {
  if (grant.match === undefined) return [grant];
  const holds = ({ condition }: PolicyGroup): boolean =>
    condition?.grantUid === grant.uid &&
    Object.entries(condition.labels).every(([name, value]) => (labels[name] ?? null) === value);
  return objects
    .filter((each) => each.kind === 'Group')
    .filter(holds)
    .map(({ kind, uid }) => ({ ...grant, subjects: [{ kind, uid }] }));
}

const reaches = ({ scope }: PolicyGrant, cluster: PolicyCluster): boolean =>
  selects(scope.clusters, cluster);

function selects(clusters: ClusterSelector, cluster: PolicyCluster): boolean {
  if (clusters.type === 'all') return true;
  if (clusters.type === 'names') return clusters.uids.includes(cluster.uid);
  const { requirements } = clusters.selector;
  return requirements.length > 0 && selectorMatches(clusters.selector, cluster.labels);
}

const hasSubject = ({ users, groups }: World, grant: PolicyGrant): boolean =>
  grant.subjects.some(({ kind, uid }) =>
    kind === 'User' ? users.some((user) => user.uid === uid) : groups.has(uid),
  );

const peopleOf = ({ users, members }: World, grant: PolicyGrant): PolicyUser[] =>
  users.filter(({ uid }) =>
    grant.subjects.some((subject) =>
      subject.kind === 'User'
        ? subject.uid === uid
        : members.some((each) => each.groupUid === subject.uid && each.userUid === uid),
    ),
  );

const isTimed = ({ until, notBefore }: PolicyGrant): boolean =>
  until !== undefined || notBefore !== undefined;

/** Grants of one role and one scope together, timed ones each alone. */
function folded({ roles }: World, grants: readonly PolicyGrant[]): PolicyGrant[][] {
  const families = new Map<string, PolicyGrant[]>();
  for (const grant of grants) {
    const role = roles.find(({ uid }) => uid === grant.roleUid);
    const family = text([
      role && referenceOf(role),
      scopeOf(grant),
      isTimed(grant) ? [grant.uid, grant.hours && grant.notBefore] : '',
    ]);
    families.set(family, [...(families.get(family) ?? []), grant]);
  }
  return [...families.values()];
}

function bindingsOf(
  world: World,
  cluster: PolicyCluster,
  grants: readonly PolicyGrant[],
): string[] {
  const [first] = grants;
  const role = world.roles.find(({ uid }) => uid === first?.roleUid);
  if (first === undefined || role === undefined) return [];
  const mode = modeOf(cluster);
  if (mode !== 'Groups') {
    const subjectsOf = (grant: PolicyGrant) =>
      peopleOf(world, grant).map((user) => subjectOf(cluster, user));
    return entriesOf(grants, { subjectsOf, role, kind: mode });
  }
  return (['Users', 'Groups'] as const).flatMap((kind) => {
    const subjectsOf = (grant: PolicyGrant) =>
      namedBy(world, grant, kind).map((name) => cluster.userPrefix + name);
    return entriesOf(grants, { subjectsOf, role, kind });
  });
}

/** Whom the grant names itself. */
function namedBy({ users, groupNames }: World, grant: PolicyGrant, kind: SubjectMode): string[] {
  return grant.subjects.flatMap((subject) => {
    if (kind === 'Groups') {
      const name = subject.kind === 'Group' ? groupNames.get(subject.uid) : undefined;
      return name === undefined ? [] : [`group:${name}`];
    }
    const user = users.find(({ uid }) => subject.kind === 'User' && uid === subject.uid);
    return user === undefined ? [] : [user.name];
  });
}

function entriesOf(
  grants: readonly PolicyGrant[],
  {
    subjectsOf,
    role,
    kind,
  }: {
    readonly subjectsOf: (grant: PolicyGrant) => string[];
    readonly role: PolicyRole;
    readonly kind: SubjectMode;
  },
): string[] {
  const [first] = grants;
  if (first === undefined) return [];
  const times = isTimed(first)
    ? { grantUid: first.uid, notBefore: first.notBefore, notAfter: first.until }
    : {};
  return shardSubjects(grants.flatMap(subjectsOf), nodeDigests).map(({ shard, subjects }) => {
    const behind = grants.filter((grant) =>
      subjectsOf(grant).some((subject) => subjects.includes(subject)),
    );
    return text({
      section: 'BINDING',
      role: referenceOf(role),
      scope: scopeOf(first),
      shard,
      subjectKind: kind,
      subjects,
      ...times,
      grants: [...new Set(behind.map(({ name }) => name))].sort().slice(0, 16),
    });
  });
}

/** The entries of a compiled cluster in the form of the oracle. */
export function comparable(entries: Iterable<Intent>): string[] {
  return Array.from(entries, (entry) => {
    if (entry.section === 'PROFILE') {
      const { objects: _objects, ...rest } = entry;
      return text(rest);
    }
    if (entry.section !== 'BINDING') return text(entry);
    const { key: _key, ...rest } = entry;
    return text(rest);
  }).sort();
}

function usable(grant: PolicyGrant, roles: readonly PolicyRole[]): boolean {
  const role = roles.find(({ uid }) => uid === grant.roleUid);
  const { namespaces } = grant.scope;
  const named = namespaces.type !== 'names' || namespaces.names.length > 0;
  return (
    role !== undefined && (role.rules === undefined) !== (role.clusterRole === undefined) && named
  );
}

function scopeOf({ scope: { namespaces } }: PolicyGrant): unknown {
  if (namespaces.type === 'clusterWide') return { type: 'clusterWide' };
  if (namespaces.type === 'all') return { type: 'selector', selector: { requirements: [] } };
  if (namespaces.type === 'selector' || namespaces.type === 'owned') return namespaces;
  return { type: 'namespaces', names: [...new Set(namespaces.names)].sort() };
}

const modeOf = ({ subjectMode, access }: PolicyCluster) =>
  access?.credential === 'ServiceAccountToken' ? 'ServiceAccounts' : subjectMode;

const subjectOf = (cluster: PolicyCluster, { name, uid }: PolicyUser): string => {
  const user = cluster.userPrefix + name;
  return modeOf(cluster) !== 'ServiceAccounts' ? user : accountName(user, uid, nodeDigests);
};

const configOf = (cluster: PolicyCluster) => ({
  section: 'CONFIG',
  key: 'CONFIG/cluster',
  clusterName: cluster.name,
  clusterUid: cluster.uid,
  userPrefix: cluster.userPrefix,
  subjectMode: modeOf(cluster),
});

const referenceOf = ({ uid, clusterRole, rules }: PolicyRole) =>
  rules === undefined ? { type: 'existing', clusterRole } : { type: 'ours', roleUid: uid };

const denyOf = (cluster: PolicyCluster, user: PolicyUser) => ({
  section: 'DENY',
  key: `DENY/${user.uid}`,
  userUid: user.uid,
  subject: subjectOf(cluster, user),
});

const roleOf = ({ uid, name, rules }: PolicyRole) => ({
  section: 'ROLE',
  key: `ROLE/${uid}`,
  uid,
  name,
  rules,
});

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]),
  );
};

const text = (value: unknown): string => JSON.stringify(sorted(value));
