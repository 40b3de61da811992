import type { EffectiveAccess as Answer, TeamNamespaces, TeamPerson } from '@ambit/contracts';
import { accessPath, holderText, isToldAt, judgePlace, selectsCluster } from '@ambit/domain';
import type { CompiledGrant, PolicyCluster, PolicyTeam, PolicyView } from '@ambit/domain';
import { compareText, notFound } from '@ambit/kernel';
import { accessRow, factsOf } from './access-rows.ts';
import { counts, evidenceOf } from './effective-rows.ts';
import type { AskedRows } from './effective-rows.ts';
import type { KnownClusters } from './known-clusters.ts';
import type { MembershipOrigins } from './membership-origins.ts';

/** Most rows of grants, and of namespaces, in an answer about a team. */
const mostRows = 500;

type Rows = Pick<Answer, 'items' | 'evidence' | 'people' | 'owns' | 'notes' | 'continue'>;

/** Who is in a team, what it holds and what it owns. */
export class TeamAccess {
  readonly #clusters: KnownClusters;

  constructor(clusters: KnownClusters) {
    this.#clusters = clusters;
  }

  /** A page of its people; the first has its grants and namespaces. Throws `not_found`. */
  async of(name: string, { moment, query, origins }: AskedRows): Promise<Rows> {
    const { policy } = moment;
    const team = policy.byName('Team', name);
    if (team?.kind !== 'Team') throw notFound('Team', name);
    const { continue: after } = query;
    const rest = peopleOf(policy, team).filter(
      (each) => after === undefined || compareText(keyOf(each), after) > 0,
    );
    const page = rest.slice(0, query.limit);
    const last = page.length < rest.length ? page.at(-1) : undefined;
    const people = page.map((each) => personResponse(each, origins));
    const more = last === undefined ? {} : { continue: keyOf(last) };
    if (after !== undefined) return { items: [], evidence: [], people, ...more };
    return { ...(await this.#held(team, { moment, query })), people, ...more };
  }

  async #held(
    team: PolicyTeam,
    { moment, query }: Pick<AskedRows, 'moment' | 'query'>,
  ): Promise<Rows> {
    const { policy, now } = moment;
    const isMeant = (grant: CompiledGrant): boolean => counts(grant, query) && isToldAt(grant, now);
    const standing = grantsIn(policy, team, isMeant);
    const shown = standing.slice(0, mostRows);
    const known = await this.#clusters.of(
      [...new Set(shown.map(({ cluster }) => cluster))],
      moment,
    );
    const items = shown.map(({ cluster, grant }) => {
      const told = known.get(cluster.name);
      const place = { policy, facts: factsOf(told), clusterUid: cluster.uid, now };
      const refusal = judgePlace(place, grant);
      const path = accessPath(policy, grant, { team: team.name });
      const way = { path, grant, ...(refusal === undefined ? {} : { refusal }) };
      return accessRow(way, { policy, known: told, cluster: cluster.name }, `team/${team.name}`);
    });
    const owns = ownedBy(policy, team);
    const cut = Math.max(standing.length, owns.length) > mostRows;
    const note = `The team has more than is told: ${mostRows} rows of grants and of namespaces are.`;
    return {
      items,
      evidence: evidenceOf(known),
      owns: owns.slice(0, mostRows),
      ...(cut ? { notes: [note] } : {}),
    };
  }
}

interface Person {
  readonly user: string;
  readonly userUid: string;
  readonly group?: { readonly uid: string; readonly name: string };
}

/** A space comes before everything that a name can have. */
const keyOf = ({ user, group }: Person): string => `${user} ${group?.name ?? ''}`;

/** Everybody in the team, once for each way into it. */
function peopleOf(policy: PolicyView, team: PolicyTeam): Person[] {
  const people: Person[] = [];
  const add = (userUid: string, group?: Person['group']): void => {
    const user = policy.user(userUid)?.name;
    if (user !== undefined) people.push({ user, userUid, ...(group && { group }) });
  };
  for (const { kind, uid } of team.members) {
    const group = kind === 'Group' ? policy.group(uid) : undefined;
    if (kind === 'User') add(uid);
    if (group !== undefined) for (const member of policy.membersOf(uid)) add(member, group);
  }
  return people.sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function personResponse({ user, userUid, group }: Person, origins: MembershipOrigins): TeamPerson {
  const told: TeamPerson = {
    user: holderText(user),
    ...(group === undefined ? {} : { group: group.name }),
  };
  return origins.note(told, group === undefined ? {} : { throughUid: group.uid }, userUid);
}

interface Standing {
  readonly cluster: PolicyCluster;
  readonly grant: CompiledGrant;
}

/** The grants that name the team, in each cluster where they are in force or will be; some more than are told. */
function grantsIn(
  policy: PolicyView,
  team: PolicyTeam,
  of: (grant: CompiledGrant) => boolean,
): readonly Standing[] {
  const grants = Array.from(policy.grantsNaming('Team', team.uid)).filter((grant) => of(grant));
  const uids = new Set(grants.map(({ uid }) => uid));
  const clusters = new Set(grants.flatMap(({ uid }) => [...policy.clustersReachedBy(uid)]));
  const found: Standing[] = [];
  for (const cluster of named(policy, clusters)) {
    if (found.length > mostRows) break;
    for (const grant of policy.grantsReaching(cluster.uid)) {
      const { part } = grant;
      if (part === undefined || !uids.has(part.of.uid) || !of(grant)) continue;
      if (part.names.some(({ uid }) => uid === team.uid)) found.push({ cluster, grant });
    }
  }
  return found;
}

function named(policy: PolicyView, uids: Iterable<string>): PolicyCluster[] {
  const clusters = Array.from(uids, (uid) => policy.cluster(uid));
  return clusters
    .filter((cluster) => cluster !== undefined)
    .sort((a, b) => compareText(a.name, b.name));
}

function ownedBy(policy: PolicyView, { owns }: PolicyTeam): TeamNamespaces[] {
  const found: TeamNamespaces[] = [];
  for (const cluster of policy.clusters()) {
    const namespaces = owns
      .filter(({ clusters }) => selectsCluster(clusters, cluster))
      .flatMap((each) => each.namespaces);
    if (namespaces.length > 0) {
      const unique = [...new Set(namespaces)].sort(compareText);
      found.push({ cluster: cluster.name, namespaces: unique });
    }
  }
  return found.sort((a, b) => compareText(a.cluster, b.cluster));
}
