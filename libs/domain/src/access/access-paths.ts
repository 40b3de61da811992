import { compareText, defined, type Millis } from '@ambit/kernel';
import { hoursText } from '../grants/grant-hours.ts';
import { grantScopeText, reachText } from '../names/scope-text.ts';
import type { GrantSubject } from '../policy-objects.ts';
import { writtenGrant, type CompiledGrant } from '../policy/compiled-grant.ts';
import { teamsBetween, teamsBetweenAll } from '../policy/grant-parts.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import type { AccessPath } from './access-answer.ts';

/** What stands between somebody and a grant. */
export type Between = Pick<AccessPath, 'through' | 'throughUid' | 'team' | 'conditionGroup'>;

/** Somebody whom a grant names, or a group of theirs: `uid` is that of the person, or of the group with the name `through`. */
interface Named {
  readonly uid: string;
  readonly through: string | undefined;
}

/** The same, and the person who comes by it. */
interface NamedPerson extends Named {
  readonly userUid: string;
}

const between = ({ uid, through }: Named, team: string | undefined): Between =>
  defined({ through, throughUid: through === undefined ? undefined : uid, team });

/**
 * Every way by which a grant reaches somebody that it names, or a group of theirs: itself, and by each of its teams. Of a grant
 * whose condition holds for the person they are those by which the person is among its subjects.
 */
export function waysBetween(
  policy: PolicyView,
  grant: CompiledGrant,
  { userUid, ...named }: NamedPerson,
): readonly Between[] {
  const group = grant.part?.group;
  if (group !== undefined) {
    const ways = waysToSubjects(policy, grant.part?.names ?? [], userUid);
    // Whoever was found to be a subject is in force as one, also where what was read then is not at hand.
    return (ways.length > 0 ? ways : [between(named, undefined)]).map((way) => ({
      ...way,
      conditionGroup: group,
    }));
  }
  const teams = teamsBetween(grant, named.uid, (team) => policy.team(team));
  return teams.map((team) => between(named, team));
}

/** As `waysBetween`, of everybody that the grant names. */
export function waysBetweenAll(
  policy: PolicyView,
  { part }: CompiledGrant,
): (to: Named) => readonly Between[] {
  // Of the group of a condition: who comes by which subject differs from person to person.
  if (part === undefined) return (named) => [between(named, undefined)];
  const teams = teamsBetweenAll(part.names, (team) => policy.team(team));
  return (named) => (teams.get(named.uid) ?? []).map((team) => between(named, team));
}

/** By what somebody is among those whom a grant names: themselves, a group, a team, or a group in a team. */
export function waysToSubjects(
  policy: PolicyView,
  subjects: readonly GrantSubject[],
  userUid: string,
): readonly Between[] {
  const groups = new Set(policy.groupsOf(userUid));
  return subjects.flatMap((subject) => {
    const team = subject.kind === 'Team' ? policy.team(subject.uid) : undefined;
    const members = subject.kind === 'Team' ? (team?.members ?? []) : [subject];
    return members.flatMap(({ kind, uid }) => {
      if (kind === 'User')
        return uid === userUid ? [between({ uid, through: undefined }, team?.name)] : [];
      const name = groups.has(uid) ? policy.group(uid)?.name : undefined;
      return name === undefined ? [] : [between({ uid, through: name }, team?.name)];
    });
  });
}

export function accessPath(policy: PolicyView, grant: CompiledGrant, by: Between = {}): AccessPath {
  return {
    grant: grant.name,
    grantUid: writtenGrant(grant).uid,
    role: policy.role(grant.roleUid)?.name ?? '',
    ...by,
    ...defined({ match: grant.match }),
    scope: grantScopeText(grant.scope, (uid) => policy.cluster(uid)?.name ?? uid),
    reach: reachText(grant.scope.namespaces),
    ...(grant.until === undefined ? {} : { until: grant.until }),
    ...(grant.hours === undefined ? {} : { hours: hoursText(grant.hours) }),
  };
}

/** Those without end first, then the last to end; by name where equal. */
export function byLastingLongest(a: AccessPath, b: AccessPath): number {
  const ends = (b.until ?? Infinity) - (a.until ?? Infinity);
  if (ends !== 0 && !Number.isNaN(ends)) return ends;
  return compareText(orderOf(a), orderOf(b));
}

/** A space comes before everything that a name can have. */
const orderOf = ({ grant, through = '', team = '' }: AccessPath): string =>
  `${grant} ${through} ${team}`;

/** When access by any of the paths ends: `{}` when one of them has no end. */
export function untilOf(paths: readonly AccessPath[]): { readonly until?: Millis } {
  let last: Millis | undefined;
  for (const { until } of paths) {
    if (until === undefined) return {};
    if (last === undefined || until > last) last = until;
  }
  return last === undefined ? {} : { until: last };
}
