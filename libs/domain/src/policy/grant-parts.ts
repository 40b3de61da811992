import type {
  ClusterSelector,
  GrantScope,
  GrantSubject,
  OwnedNamespaces,
  PolicyGrant,
  PolicyGroup,
  PolicyTeam,
  TeamMember,
} from '../policy-objects.ts';
import { namesByClusters } from '../teams/owned-namespaces.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import { conditionParts } from './condition-parts.ts';
import { sameEntry } from './settle-commit.ts';

export type TeamOfUid = (uid: string) => PolicyTeam | undefined;

/** uids of the teams that a grant names. */
export const teamsNamedBy = ({ subjects }: PolicyGrant): readonly string[] =>
  subjects.filter(({ kind }) => kind === 'Team').map(({ uid }) => uid);

/** True for a grant that is compiled in parts. */
export const isInParts = (grant: PolicyGrant): boolean =>
  grant.match !== undefined ||
  grant.hours !== undefined ||
  grant.subjects.some(({ kind }) => kind === 'Team');

/**
 * The parts of a grant that is compiled in parts, and there is always one. A team that does not exist is nobody. Of owned
 * namespaces those count that are named: which names begin so is known in the cluster alone. The uid of a part depends on what
 * it is about and not on the other parts. `conditioned`: the groups for whom its condition holds.
 */
export function partsOfGrant(
  grant: PolicyGrant,
  teamOf: TeamOfUid,
  conditioned: readonly PolicyGroup[] = [],
): readonly CompiledGrant[] {
  const parts = partsBySubjects(grant, teamOf, conditioned);
  return grant.hours === undefined ? parts : parts.flatMap(partsByWindows);
}

/** Without a window a part gives nothing, and is there to be told of. */
function partsByWindows(part: CompiledGrant): readonly CompiledGrant[] {
  const { windows = [], ...rest } = part;
  if (windows.length === 0) return [{ ...rest, ended: true }];
  return windows.map(({ from, until }) => ({
    ...rest,
    uid: `${part.uid}@${from}`,
    notBefore: from,
    until,
    window: from,
  }));
}

function partsBySubjects(
  grant: PolicyGrant,
  teamOf: TeamOfUid,
  conditioned: readonly PolicyGroup[],
): readonly CompiledGrant[] {
  const { subjects, scope } = grant;
  if (grant.match !== undefined) return conditionParts(grant, scopesOf(grant, teamOf), conditioned);
  if (scope.namespaces.type !== 'owned') {
    const people = uniqueMembers(subjects.flatMap((subject) => membersOf(subject, teamOf)));
    return [{ ...grant, subjects: people, part: { of: grant, names: subjects } }];
  }
  const parts = subjects.flatMap((subject) => ownedParts(grant, subject, teamOf));
  if (parts.length > 0) return parts;
  return [{ ...grant, subjects: [], part: { of: grant, names: [] } }];
}

/** The groups of a condition are of all that the grant names, so of owned namespaces those of an only team count. */
function scopesOf(grant: PolicyGrant, teamOf: TeamOfUid): Parameters<typeof conditionParts>[1] {
  const { uid, subjects: names, scope } = grant;
  if (scope.namespaces.type !== 'owned') return [{ uid, scope, names }];
  const [subject] = names;
  if (subject === undefined || names.length > 1) return [];
  return ownedParts(grant, subject, teamOf).map((part) => ({ ...part, names }));
}

function membersOf(subject: GrantSubject, teamOf: TeamOfUid): readonly TeamMember[] {
  return subject.kind === 'Team' ? (teamOf(subject.uid)?.members ?? []) : [subject];
}

const uniqueMembers = (members: readonly TeamMember[]): TeamMember[] => [
  ...new Map(members.map((member) => [member.uid, member])).values(),
];

/** What only a team can own is nobody else's. */
function ownedParts(
  grant: PolicyGrant,
  subject: GrantSubject,
  teamOf: TeamOfUid,
): readonly CompiledGrant[] {
  const team = subject.kind === 'Team' ? teamOf(subject.uid) : undefined;
  if (team === undefined) return [];
  const subjects = uniqueMembers(team.members);
  return Array.from(namesByClusters(team.owns), ([where, owned]) => ({
    ...grant,
    uid: `${grant.uid}/${team.uid}/${where}`,
    subjects,
    scope: ownedScope(grant.scope.clusters, owned),
    part: { of: grant, names: [subject] },
  }));
}

function ownedScope(
  clusters: ClusterSelector,
  { clusters: within, namespaces: names }: OwnedNamespaces,
): GrantScope {
  const selected = { type: 'names', names } as const;
  if (clusters.type === 'all') return { clusters: within, namespaces: selected };
  if (within.type === 'all') return { clusters, namespaces: selected };
  return { clusters, within, namespaces: selected };
}

/**
 * Names of the teams by which a grant names a person or group, and undefined where it does so itself: one for each way. `uid`
 * is that of the person or the group.
 */
export function teamsBetween(
  { part }: CompiledGrant,
  uid: string,
  teamOf: TeamOfUid,
): readonly (string | undefined)[] {
  if (part === undefined) return [undefined];
  return part.names.flatMap((subject) => {
    if (subject.kind !== 'Team') return subject.uid === uid ? [undefined] : [];
    const team = teamOf(subject.uid);
    return team?.members.some((member) => member.uid === uid) === true ? [team.name] : [];
  });
}

/** As `teamsBetween`, of everybody that a part of a grant names: looks at each member of its teams once. */
export function teamsBetweenAll(
  names: readonly GrantSubject[],
  teamOf: TeamOfUid,
): ReadonlyMap<string, readonly (string | undefined)[]> {
  const found = new Map<string, (string | undefined)[]>();
  const add = (uid: string, team?: string): void => {
    const known = found.get(uid);
    if (known === undefined) found.set(uid, [team]);
    else known.push(team);
  };
  for (const { kind, uid } of names) {
    const team = kind === 'Team' ? teamOf(uid) : undefined;
    if (kind !== 'Team') add(uid);
    for (const member of uniqueMembers(team?.members ?? [])) add(member.uid, team?.name);
  }
  return found;
}

/** Those of the first parts that are not among the others, or are other ones there. */
export function partsThatDiffer(
  parts: readonly CompiledGrant[],
  others: readonly CompiledGrant[],
): readonly CompiledGrant[] {
  const known = new Map(others.map((part) => [part.uid, part]));
  return parts.filter((part) => {
    const other = known.get(part.uid);
    return other === undefined || !isSamePart(part, other);
  });
}

/** What a replica made itself and what it read have their fields in different orders. */
const isSamePart = (a: CompiledGrant, b: CompiledGrant): boolean =>
  sameEntry(a.subjects, b.subjects) && sameEntry(a.scope, b.scope);
