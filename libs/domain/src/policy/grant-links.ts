import type { RoleIntent } from '@ambit/rbac';
import type { PolicyCluster, PolicyGrant } from '../policy-objects.ts';
import { namingOf } from '../names/cluster-naming.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import { familyOf, GrantFamilies, type Family } from './family.ts';
import type { FamilyInstance } from './family-instance.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import type { GrantWays } from './instance-surroundings.ts';
import type { FamilyTable, Place } from './family-table.ts';
import type { PolicyStore } from './policy-store.ts';
import { ReachIndex } from './reach-index.ts';
import { RoleUse } from './role-use.ts';
import { SetIndex } from './set-index.ts';
import { roleIntent, roleKey } from './single-entries.ts';
import { hasUid, uidsIn, withoutUid, withUid, type Uids } from './uid-set.ts';
import { waysTo } from './ways-to.ts';

interface Link {
  readonly family: Family;
  readonly grant: CompiledGrant;
  readonly stamp: number;
  clusters: Uids;
}

const placeOf = (cluster: PolicyCluster): Place => ({
  uid: cluster.uid,
  prefix: namingOf(cluster),
});

/**
 * Which grants, as they are compiled, are in force in which clusters. Every method leaves links, families and indexes agreeing with the
 * store; rendering waits for the end of the commit.
 */
export class GrantLinks {
  private readonly links = new Map<string, Link>();
  private readonly byCluster = new SetIndex();
  private readonly reachIndex = new ReachIndex((cluster) =>
    Array.from(this.linksIn(cluster), ({ grant }) => grant),
  );
  private readonly roleUse = new RoleUse((cluster) =>
    Array.from(this.linksIn(cluster), ({ family }) => family),
  );
  private readonly store: PolicyStore;
  private readonly index: ClusterIndex;
  private readonly table: FamilyTable;
  private lastStamp = 0;

  constructor(store: PolicyStore, index: ClusterIndex, table: FamilyTable) {
    this.store = store;
    this.index = index;
    this.table = table;
  }

  clustersOf(grantUid: string): Iterable<string> {
    return uidsIn(this.links.get(grantUid)?.clusters);
  }

  reaches(grantUid: string, clusterUid: string): boolean {
    return hasUid(this.links.get(grantUid)?.clusters, clusterUid);
  }

  familyOf(grantUid: string): Family | undefined {
    return this.links.get(grantUid)?.family;
  }

  grantsOf(clusterUid: string): ReadonlySet<string> {
    return this.byCluster.get(clusterUid);
  }

  rolesOf(clusterUid: string): Iterable<string> {
    return this.roleUse.of(clusterUid).keys();
  }

  usesRole(clusterUid: string, roleUid: string): boolean {
    return this.roleUse.of(clusterUid).has(roleUid);
  }

  /** The ROLE entry as the cluster holds it now. */
  roleEntry(clusterUid: string, roleUid: string): RoleIntent | undefined {
    const role = this.store.roles.get(roleUid);
    return role !== undefined && this.usesRole(clusterUid, roleUid) ? roleIntent(role) : undefined;
  }

  /** Direct grants of the user and those of its groups. */
  *grantsReachingUser(userUid: string): Iterable<string> {
    yield* this.store.grantsOfUser.get(userUid);
    for (const group of this.store.groupsOfUser.get(userUid)) {
      if (this.store.groups.has(group)) yield* this.store.grantsOfGroup.get(group);
    }
  }

  /** Grants compiled into the cluster that reach the user; one may come several times, and others as well. */
  *grantsOfUserIn(clusterUid: string, userUid: string): Iterable<string> {
    yield* this.reachIndex.candidates(clusterUid, userUid);
    for (const group of this.store.groupsOfUser.get(userUid)) {
      if (this.store.groups.has(group)) yield* this.reachIndex.candidates(clusterUid, group);
    }
  }

  /** Grants compiled into the cluster that name the user or the group itself. */
  *grantsNamingIn(clusterUid: string, subjectUid: string): Iterable<CompiledGrant> {
    for (const uid of this.reachIndex.candidates(clusterUid, subjectUid)) {
      const link = this.links.get(uid);
      if (link !== undefined && hasUid(link.clusters, clusterUid)) yield link.grant;
    }
  }

  /** The instances a grant is part of. */
  instancesOf(grantUid: string): Set<FamilyInstance> {
    const found = new Set<FamilyInstance>();
    const link = this.links.get(grantUid);
    for (const cluster of uidsIn(link?.clusters)) {
      const instance = this.table.at(cluster, link?.family.text ?? '');
      if (instance !== undefined) found.add(instance);
    }
    return found;
  }

  /** Call before people come to these grants that the grants themselves do not tell of. */
  wake(grants: Iterable<string>): void {
    for (const grant of grants) for (const instance of this.instancesOf(grant)) instance.wake();
  }

  /** The group that these grants name is about to come, to go, or to be called otherwise: where bindings name groups, that shows. */
  question(grants: Iterable<string>, record: CommitRecord): void {
    for (const grant of grants)
      for (const instance of this.instancesOf(grant)) record.instance(instance);
  }

  /** Links the grant unless it can compile to nothing. */
  link(grantUid: string, record: CommitRecord): void {
    const grant = this.store.compiled(grantUid);
    if (grant === undefined || this.links.has(grantUid) || !this.hasSubject(grant)) return;
    const family = familyOf(grant, this.store.roles.get(grant.roleUid));
    if (family === undefined) return;
    const stamp = this.nextStamp();
    const known = this.table.known(family);
    this.links.set(grantUid, { family: known, grant, stamp, clusters: undefined });
    this.reachIndex.link(grant);
    this.extend(grantUid, this.reach(grant), record);
  }

  /** Links every grant of a policy that is being loaded. */
  load(): void {
    const families = new GrantFamilies();
    for (const grant of this.store.compiledGrants()) {
      if (!this.hasSubject(grant)) continue;
      const family = families.of(grant, this.store.roles.get(grant.roleUid));
      if (family === undefined) continue;
      const places = this.reach(grant);
      // A family that stands nowhere has no place in the table.
      const slot = places.length > 0 ? this.table.slotOf(family) : undefined;
      const known = slot?.family ?? this.table.known(family);
      const link: Link = { family: known, grant, stamp: this.nextStamp(), clusters: undefined };
      this.links.set(grant.uid, link);
      this.reachIndex.link(grant);
      for (const { uid } of places) {
        link.clusters = withUid(link.clusters, uid);
        this.byCluster.append(uid, grant.uid);
      }
      if (slot !== undefined) this.table.load(slot, this.waysOf(link), places.map(placeOf));
    }
  }

  unlink(grantUid: string, record: CommitRecord): void {
    const link = this.links.get(grantUid);
    if (link === undefined) return;
    this.shrink(grantUid, [...uidsIn(link.clusters)], record);
    this.links.delete(grantUid);
    this.reachIndex.unlink(link.grant);
  }

  /** Unlinks a grant that lost its last subject and links one that got its first. */
  relinkBySubjects(grantUid: string, record: CommitRecord): void {
    const grant = this.store.compiled(grantUid);
    if (grant === undefined) return;
    if (this.hasSubject(grant)) this.link(grantUid, record);
    else this.unlink(grantUid, record);
  }

  /** Adds clusters to a linked grant. */
  extend(grantUid: string, clusters: readonly PolicyCluster[], record: CommitRecord): void {
    const link = this.links.get(grantUid);
    if (link === undefined) return;
    const places: Place[] = [];
    for (const cluster of clusters) {
      if (hasUid(link.clusters, cluster.uid)) continue;
      places.push(placeOf(cluster));
    }
    this.table.extend(link.family, this.waysOf(link), places, record);
    for (const { uid } of places) {
      this.useRole(link, uid, 1, record);
      link.clusters = withUid(link.clusters, uid);
      this.byCluster.add(uid, grantUid);
      this.reachIndex.extend(link.grant, uid);
    }
    this.recordDenials(
      link.grant,
      places.map(({ uid }) => uid),
      record,
    );
  }

  /** Takes clusters from a linked grant. */
  shrink(grantUid: string, clusters: readonly string[], record: CommitRecord): void {
    const link = this.links.get(grantUid);
    const uids = clusters.filter((uid) => hasUid(link?.clusters, uid));
    if (link === undefined || uids.length === 0) return;
    this.table.shrink(link.family, this.waysOf(link), uids, record);
    for (const uid of uids) {
      this.useRole(link, uid, -1, record);
      link.clusters = withoutUid(link.clusters, uid);
      this.byCluster.delete(uid, grantUid);
      this.reachIndex.shrink(link.grant, uid);
      if (this.byCluster.get(uid).size === 0) this.roleUse.forget(uid);
    }
    this.recordDenials(link.grant, uids, record);
  }

  private waysOf(link: Link): GrantWays {
    return { uid: link.grant.uid, stamp: link.stamp, ways: () => waysTo(link.grant, this.store) };
  }

  private hasSubject(grant: PolicyGrant): boolean {
    return grant.subjects.some(({ kind, uid }) => this.store.byUid(kind, uid) !== undefined);
  }

  private reach(grant: PolicyGrant): PolicyCluster[] {
    const { clusters: selector } = grant.scope;
    const { clusters } = this.store;
    const candidates =
      selector.type === 'names'
        ? new Set(selector.uids)
        : selector.type === 'all'
          ? clusters.keys()
          : this.index.candidates(selector.selector, clusters);
    const reached: PolicyCluster[] = [];
    for (const uid of candidates) {
      const cluster = clusters.get(uid);
      if (cluster !== undefined && this.index.matches(grant, cluster)) reached.push(cluster);
    }
    return reached;
  }

  private useRole(link: Link, cluster: string, by: 1 | -1, record: CommitRecord): void {
    const { role } = link.family;
    if (role.type !== 'ours') return;
    record.single(cluster, roleKey(role.roleUid), () => this.roleEntry(cluster, role.roleUid));
    this.roleUse.count(link.family, cluster, by);
  }

  private *linksIn(cluster: string): Iterable<Link> {
    for (const uid of this.byCluster.get(cluster)) {
      const link = this.links.get(uid);
      if (link !== undefined) yield link;
    }
  }

  private recordDenials(
    grant: PolicyGrant,
    clusters: readonly string[],
    record: CommitRecord,
  ): void {
    for (const userUid of waysTo(grant, this.store)) {
      if (this.store.users.get(userUid)?.active !== false) continue;
      for (const cluster of clusters) record.denial(cluster, userUid);
    }
  }

  /** Spread over 32 bits, so that the sums of different sets differ. */
  private nextStamp(): number {
    this.lastStamp = (this.lastStamp + 1) >>> 0;
    let mixed = Math.imul(this.lastStamp ^ (this.lastStamp >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}
