import { scopeHolds, serviceOfHolder } from '@ambit/domain';
import type {
  ClusterSelector,
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyMembership,
  PolicyObject,
  PolicyTeam,
  PolicyUser,
} from '@ambit/domain';
import type { Database } from '../database.ts';
import {
  eachPast,
  pastMemberships,
  pastNamed,
  pastObjects,
  tooMuch,
  type PastReading,
} from './past-rows.ts';

/** The part of a past policy that an answer rests on. Names are those of then. */
export type PastPart =
  /** What leads to these people and programs. Programs by the names of their holders. */
  | { readonly of: 'holders'; readonly names: readonly string[] }
  /** What leads to this cluster. */
  | { readonly of: 'cluster'; readonly name: string }
  | { readonly of: 'team'; readonly name: string };

/** Most objects of one answer: a policy of the size of the largest that we serve, without the people that nobody asks about. */
const mostObjects = 200_000;

/**
 * The objects that a part of the policy was made of at a revision, read from its history. It costs the grants of the
 * installation and what the part holds, not the whole policy. Rejects with the reason of `ended` when that aborts, and throws
 * `invalid_request` for a part of more than 200,000 objects.
 */
export function readPastPolicy(
  database: Database,
  part: PastPart,
  { revision, ended }: Pick<PastReading, 'revision' | 'ended'>,
): Promise<readonly PolicyObject[]> {
  return database.transaction(
    async (sql) => {
      await sql.query('SET TRANSACTION READ ONLY');
      const reader = new PartReader({ sql, revision, ended });
      await reader.read(part);
      return reader.objects;
    },
    { isolation: 'REPEATABLE READ' },
  );
}

class PartReader {
  readonly objects: PolicyObject[] = [];
  readonly #reading: PastReading;

  constructor(reading: PastReading) {
    this.#reading = reading;
  }

  async read(part: PastPart): Promise<void> {
    if (part.of === 'holders') return this.#holders(part.names);
    return part.of === 'cluster' ? this.#cluster(part.name) : this.#team(part.name);
  }

  async #holders(names: readonly string[]): Promise<void> {
    const users: PolicyUser[] = [];
    for (const name of new Set(names)) {
      const service = serviceOfHolder(name);
      const found = await (service === undefined
        ? pastNamed<PolicyUser>(this.#reading, 'User', name)
        : pastNamed<PolicyUser>(this.#reading, 'ServiceIdentity', service));
      if (found !== undefined) users.push(found);
    }
    this.#keep(users);
    const memberships = await this.#memberships('user', users);
    const subjects = new Set([
      ...users.map(({ uid }) => uid),
      ...memberships.map(({ groupUid }) => groupUid),
    ]);
    await this.#groups(memberships.map(({ groupUid }) => groupUid));
    const all = this.objects;
    await eachPast<PolicyTeam>(this.#reading, 'Team', (team) => {
      if (!team.members.some(({ uid }) => subjects.has(uid))) return;
      subjects.add(team.uid);
      all.push(team);
    });
    await this.#grants(({ subjects: named }) => named.some(({ uid }) => subjects.has(uid)));
    await this.#clusters();
  }

  async #cluster(name: string): Promise<void> {
    const cluster = await pastNamed<PolicyCluster>(this.#reading, 'Cluster', name);
    if (cluster === undefined) return;
    const grants = await this.#grants((grant) => scopeHolds(grant, cluster));
    await this.#conditions(grants);
    const subjects = grants.flatMap((grant) => grant.subjects);
    const teams = await pastObjects<PolicyTeam>(this.#reading, ['Team'], uidsOf(subjects, 'Team'));
    this.#keep(teams);
    await this.#people([...subjects, ...teams.flatMap(({ members }) => members)]);
    // The others only have names: scopes are told in them.
    const places = [
      ...grants.map(({ scope }) => scope.clusters),
      ...teams.flatMap(({ owns }) => owns.map(({ clusters }) => clusters)),
    ];
    const named = places.flatMap(uidsOfSelector);
    this.#keep(await pastObjects(this.#reading, ['Cluster'], [cluster.uid, ...named]));
  }

  async #team(name: string): Promise<void> {
    const team = await pastNamed<PolicyTeam>(this.#reading, 'Team', name);
    if (team === undefined) return;
    this.#keep([team]);
    await this.#people(team.members);
    await this.#conditions(
      await this.#grants(({ subjects }) => subjects.some(({ uid }) => uid === team.uid)),
    );
    await this.#clusters();
  }

  /** For whom the conditions of these grants held. */
  async #conditions(grants: readonly PolicyGrant[]): Promise<void> {
    const conditional = new Set(
      grants.filter(({ match }) => match !== undefined).map(({ uid }) => uid),
    );
    if (conditional.size === 0) return;
    const groups: PolicyGroup[] = [];
    await eachPast<PolicyGroup>(this.#reading, 'Group', (group) => {
      if (group.condition !== undefined && conditional.has(group.condition.grantUid))
        groups.push(group);
    });
    this.#keep(groups);
    await this.#memberships('group', groups);
  }

  /** Everybody who is named, or in a group that is. */
  async #people(members: PolicyGrant['subjects']): Promise<void> {
    const groups = await this.#groups(uidsOf(members, 'Group'));
    const memberships = await this.#memberships('group', groups);
    const uids = [...uidsOf(members, 'User'), ...memberships.map(({ userUid }) => userUid)];
    this.#keep(await pastObjects(this.#reading, ['User', 'ServiceIdentity'], uids));
  }

  async #memberships(
    side: 'group' | 'user',
    of: readonly { readonly uid: string }[],
  ): Promise<PolicyMembership[]> {
    const uids = await pastMemberships(this.#reading, {
      side,
      uids: of.map(({ uid }) => uid),
      most: mostObjects,
    });
    const found = await pastObjects<PolicyMembership>(this.#reading, ['Membership'], uids);
    this.#keep(found);
    return found;
  }

  async #groups(uids: readonly string[]): Promise<PolicyObject[]> {
    const groups = await pastObjects(this.#reading, ['Group'], uids);
    this.#keep(groups);
    return groups;
  }

  /** The grants that are to be kept, with their roles. */
  async #grants(wanted: (grant: PolicyGrant) => boolean): Promise<readonly PolicyGrant[]> {
    const grants: PolicyGrant[] = [];
    await eachPast<PolicyGrant>(this.#reading, 'Grant', (grant) => {
      if (!wanted(grant)) return;
      if (grants.push(grant) > mostObjects) throw tooMuch(mostObjects);
    });
    this.#keep(grants);
    const roles = grants.map(({ roleUid }) => roleUid);
    this.#keep(await pastObjects(this.#reading, ['Role'], roles));
    return grants;
  }

  #clusters(): Promise<void> {
    return eachPast<PolicyCluster>(this.#reading, 'Cluster', (cluster) => this.#keep([cluster]));
  }

  #keep(objects: readonly PolicyObject[]): void {
    if (this.objects.length + objects.length > mostObjects) throw tooMuch(mostObjects);
    for (const object of objects) this.objects.push(object);
  }
}

const uidsOf = (subjects: PolicyGrant['subjects'], kind: 'User' | 'Group' | 'Team'): string[] =>
  subjects.filter((subject) => subject.kind === kind).map(({ uid }) => uid);

const uidsOfSelector = (clusters: ClusterSelector): readonly string[] =>
  clusters.type === 'names' ? clusters.uids : [];
