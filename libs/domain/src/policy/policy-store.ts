import type {
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyKind,
  PolicyMembership,
  PolicyObject,
  PolicyPlain,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
} from '../policy-objects.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import { isInParts, partsOfGrant, teamsNamedBy } from './grant-parts.ts';
import { isTeamGroup } from '../teams/team-group.ts';
import { SetIndex } from './set-index.ts';
import { namespaceProfileKind } from '../teams/namespace-profile.ts';
import { endedSessionKind, leftGroupKind } from './token-kinds.ts';

/** The kind that people know an object by. */
const kindOf = (object: PolicyObject): string =>
  object.kind === 'Plain' ? object.of : object.kind;

/** The objects of one revision by uid and name, with the indexes that follow from them alone. */
export class PolicyStore {
  readonly users = new Map<string, PolicyUser>();
  readonly groups = new Map<string, PolicyGroup>();
  readonly memberships = new Map<string, PolicyMembership>();
  readonly roles = new Map<string, PolicyRole>();
  readonly grants = new Map<string, PolicyGrant>();
  readonly clusters = new Map<string, PolicyCluster>();
  readonly teams = new Map<string, PolicyTeam>();
  readonly plain = new Map<string, PolicyPlain>();
  /** Those of `plain`, by uid. */
  readonly endedSessions = new Map<string, PolicyPlain>();
  /** Those of `plain`, by uid. */
  readonly leftGroups = new Map<string, PolicyPlain>();
  /** Their uids, by the name of the group as it was called. */
  readonly leftOfGroup = new SetIndex();
  /** NamespaceProfiles, those of `plain`, by uid. */
  readonly profiles = new Map<string, PolicyPlain>();
  /** uids of teams. */
  readonly teamsOfProfile = new SetIndex();

  private readonly kept: Readonly<Partial<Record<string, Map<string, PolicyPlain>>>> = {
    [endedSessionKind]: this.endedSessions,
    [leftGroupKind]: this.leftGroups,
    [namespaceProfileKind]: this.profiles,
  };

  /** uids of the groups whose members follow from the rules of teams. */
  readonly teamGroups = new Set<string>();
  /** uids of the groups for whom conditions hold, by uid of the grant. */
  readonly groupsOfCondition = new SetIndex();
  /** uids of grants that have a condition, by uid of each person, group and team that they name. */
  readonly conditionalOf = new SetIndex();
  readonly groupsOfUser = new SetIndex();
  readonly membersOfGroup = new SetIndex();
  /** By uid of the user or group, the teams that name it. */
  readonly teamsOfMember = new SetIndex();
  /** This and the next are of grants as they are compiled: of the parts of those that have some. */
  readonly grantsOfUser = new SetIndex();
  readonly grantsOfGroup = new SetIndex();
  /** By uid of the user or group. */
  readonly endedGrantsNaming = new SetIndex();
  readonly grantsOfRole = new SetIndex();
  readonly grantsNamingCluster = new SetIndex();
  /** Grants as they are written. */
  readonly grantsOfTeam = new SetIndex();
  readonly grantsNaming = {
    User: this.grantsOfUser,
    Group: this.grantsOfGroup,
    Team: this.grantsOfTeam,
    Role: this.grantsOfRole,
    Cluster: this.grantsNamingCluster,
  } as const;
  /** Parts of the grants that are compiled in parts, by uid of the grant, and each by its own. */
  private readonly partsOfGrants = new Map<string, readonly CompiledGrant[]>();
  private readonly parts = new Map<string, CompiledGrant>();
  /** Kind → name → object. */
  private readonly names = new Map<string, Map<string, PolicyObject>>();
  private readonly tables: { readonly [K in PolicyKind]: ReadonlyMap<string, PolicyObject> } = {
    User: this.users,
    Group: this.groups,
    Membership: this.memberships,
    Role: this.roles,
    Grant: this.grants,
    Cluster: this.clusters,
    Team: this.teams,
    Plain: this.plain,
  };

  byUid(kind: PolicyKind, uid: string): PolicyObject | undefined {
    return this.table(kind).get(uid);
  }

  byName(kind: string, name: string): PolicyObject | undefined {
    return this.names.get(kind)?.get(name);
  }

  *namesOf(kind: string): Iterable<string> {
    const objects =
      (this.tables as Readonly<Partial<Record<string, ReadonlyMap<string, PolicyObject>>>>)[kind] ??
      this.plain;
    for (const object of objects.values()) if (kindOf(object) === kind) yield object.name;
  }

  /** A grant as it is compiled, or a part of one. */
  compiled(uid: string): CompiledGrant | undefined {
    return this.parts.get(uid) ?? this.grants.get(uid);
  }

  /** A grant as it is compiled: itself, or its parts. */
  partsOf(grantUid: string): readonly CompiledGrant[] {
    const parts = this.partsOfGrants.get(grantUid);
    if (parts !== undefined) return parts;
    const only = this.compiled(grantUid);
    return only === undefined ? [] : [only];
  }

  /** The parts that a grant will have once this team is another one, or is gone. */
  partsWith(
    grantUid: string,
    teamUid: string,
    team: PolicyTeam | undefined,
  ): readonly CompiledGrant[] {
    const grant = this.grants.get(grantUid);
    if (grant === undefined) return [];
    const teamOf = (uid: string) => (uid === teamUid ? team : this.teams.get(uid));
    return partsOfGrant(grant, teamOf, this.conditioned(grantUid));
  }

  /** The parts that a grant will have once this group of its condition is another one, or is gone. */
  partsWithGroup(
    grantUid: string,
    groupUid: string,
    group: PolicyGroup | undefined,
  ): readonly CompiledGrant[] {
    const grant = this.grants.get(grantUid);
    if (grant === undefined) return [];
    if (!isInParts(grant)) return [grant];
    const others = this.conditioned(grantUid).filter(({ uid }) => uid !== groupUid);
    const groups = group === undefined ? others : [...others, group];
    return partsOfGrant(grant, (uid) => this.teams.get(uid), groups);
  }

  /** The groups for whom the condition of a grant holds. */
  conditioned(grantUid: string): PolicyGroup[] {
    return [...this.groupsOfCondition.get(grantUid)].flatMap((uid) => this.groups.get(uid) ?? []);
  }

  /** Every grant as it is compiled. */
  *compiledGrants(): Iterable<CompiledGrant> {
    for (const grant of this.grants.values()) {
      const parts = this.partsOfGrants.get(grant.uid);
      if (parts === undefined) yield grant;
      else yield* parts;
    }
  }

  /** Those of these grants and parts that are there. */
  *grantsOf(uids: Iterable<string>): Iterable<CompiledGrant> {
    for (const uid of uids) {
      const grant = this.compiled(uid);
      if (grant !== undefined) yield grant;
    }
  }

  put(object: PolicyObject): void {
    this.remove(object.kind, object.uid);
    this.keep(object, 'add');
  }

  /** As `put` for a policy that is being loaded. */
  load(object: PolicyObject): void {
    if (this.table(object.kind).has(object.uid)) this.put(object);
    else this.keep(object, 'append');
  }

  private keep(object: PolicyObject, how: 'add' | 'append'): void {
    this.table(object.kind).set(object.uid, object);
    const names = this.names.get(kindOf(object));
    if (names === undefined) this.names.set(kindOf(object), new Map([[object.name, object]]));
    else names.set(object.name, object);
    this.index(object, how);
  }

  remove(kind: PolicyKind, uid: string): void {
    const object = this.table(kind).get(uid);
    if (object === undefined) return;
    this.table(kind).delete(uid);
    const names = this.names.get(kindOf(object));
    // A commit may give the name to a new object before it deletes the old one.
    if (names?.get(object.name) === object) names.delete(object.name);
    this.index(object, 'delete');
  }

  private index(object: PolicyObject, how: 'add' | 'append' | 'delete'): void {
    if (object.kind === 'Membership') {
      this.groupsOfUser[how](object.userUid, object.groupUid);
      this.membersOfGroup[how](object.groupUid, object.userUid);
    } else if (object.kind === 'Group') {
      this.indexGroup(object, how);
    } else if (object.kind === 'Grant') {
      this.indexWritten(object, how);
    } else if (object.kind === 'Team') {
      this.indexTeam(object, how);
    } else if (object.kind === 'Plain') {
      this.indexPlain(object, how);
    }
  }

  private indexGroup(
    { uid, name, condition }: PolicyGroup,
    how: 'add' | 'append' | 'delete',
  ): void {
    if (how === 'delete') this.teamGroups.delete(uid);
    else if (isTeamGroup(name)) this.teamGroups.add(uid);
    if (condition === undefined) return;
    this.groupsOfCondition[how](condition.grantUid, uid);
    this.divideAnew([condition.grantUid]);
  }

  private indexPlain(object: PolicyPlain, how: 'add' | 'append' | 'delete'): void {
    const kept = this.kept[object.of];
    if (how === 'delete') kept?.delete(object.uid);
    else kept?.set(object.uid, object);
    if (object.of === leftGroupKind)
      this.leftOfGroup[how](String(object.spec['group']), object.uid);
  }

  private indexTeam({ uid, members, profile }: PolicyTeam, how: 'add' | 'append' | 'delete'): void {
    for (const member of members) this.teamsOfMember[how](member.uid, uid);
    if (profile !== undefined) this.teamsOfProfile[how](profile, uid);
    this.divideAnew(this.grantsOfTeam.get(uid));
  }

  private indexWritten(grant: PolicyGrant, how: 'add' | 'append' | 'delete'): void {
    for (const uid of teamsNamedBy(grant)) this.grantsOfTeam[how](uid, grant.uid);
    if (grant.match !== undefined)
      for (const { uid } of grant.subjects) this.conditionalOf[how](uid, grant.uid);
    if (!isInParts(grant)) this.indexGrant(grant, how);
    else if (how === 'delete') this.forgetParts(grant.uid);
    else this.divide(grant);
  }

  /** What these teams are made of has changed. */
  private divideAnew(grantUids: Iterable<string>): void {
    for (const uid of grantUids) {
      this.forgetParts(uid);
      const grant = this.grants.get(uid);
      if (grant !== undefined && isInParts(grant)) this.divide(grant);
    }
  }

  private divide(grant: PolicyGrant): void {
    const parts = partsOfGrant(grant, (uid) => this.teams.get(uid), this.conditioned(grant.uid));
    this.partsOfGrants.set(grant.uid, parts);
    for (const part of parts) {
      this.parts.set(part.uid, part);
      this.indexGrant(part, 'add');
    }
  }

  private forgetParts(grantUid: string): void {
    for (const part of this.partsOfGrants.get(grantUid) ?? []) {
      this.parts.delete(part.uid);
      this.indexGrant(part, 'delete');
    }
    this.partsOfGrants.delete(grantUid);
  }

  private indexGrant(grant: CompiledGrant, how: 'add' | 'append' | 'delete'): void {
    for (const subject of grant.subjects) {
      const index = subject.kind === 'User' ? this.grantsOfUser : this.grantsOfGroup;
      index[how](subject.uid, grant.uid);
      if (grant.ended) this.endedGrantsNaming[how](subject.uid, grant.uid);
    }
    this.grantsOfRole[how](grant.roleUid, grant.uid);
    const { clusters } = grant.scope;
    if (clusters.type === 'names') {
      for (const uid of clusters.uids) this.grantsNamingCluster[how](uid, grant.uid);
    }
  }

  private table(kind: PolicyKind): Map<string, PolicyObject> {
    // Each table holds objects of its own kind only; `put` chooses it by the object's kind.
    return this.tables[kind] as Map<string, PolicyObject>;
  }
}
