import type { RoleIntent } from '@ambit/rbac';
import type { PolicyCluster, PolicyGrant } from '../policy-objects.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import { familyOf, type Family } from './family.ts';
import type { FamilyInstance, GrantWays } from './family-instance.ts';
import type { FamilyTable, Place } from './family-table.ts';
import type { PolicyStore } from './policy-store.ts';
import { ReachIndex } from './reach-index.ts';
import { SetIndex } from './set-index.ts';
import { roleIntent, roleKey } from './single-entries.ts';

interface Link {
  readonly family: Family;
  readonly grant: PolicyGrant;
  readonly stamp: number;
  readonly clusters: Set<string>;
}

const noClusters: ReadonlySet<string> = new Set();

/** A cluster in a mode that is not built is granted nothing. */
const compilesBindings = (cluster: PolicyCluster): boolean => cluster.subjectMode === 'Users';

/**
 * Which grants are in force in which clusters. Every method leaves links, families and indexes agreeing with the
 * store; rendering waits for the end of the commit.
 */
export class GrantLinks {
  private readonly links = new Map<string, Link>();
  private readonly byCluster = new SetIndex();
  private readonly reachIndex = new ReachIndex();
  /** Cluster → rule role → grants that need it there. */
  private readonly roleUse = new Map<string, Map<string, number>>();
  private readonly store: PolicyStore;
  private readonly index: ClusterIndex;
  private readonly table: FamilyTable;
  private lastStamp = 0;

  constructor(store: PolicyStore, index: ClusterIndex, table: FamilyTable) {
    this.store = store;
    this.index = index;
    this.table = table;
  }

  clustersOf(grantUid: string): ReadonlySet<string> {
    return this.links.get(grantUid)?.clusters ?? noClusters;
  }

  familyOf(grantUid: string): Family | undefined {
    return this.links.get(grantUid)?.family;
  }

  grantsOf(clusterUid: string): ReadonlySet<string> {
    return this.byCluster.get(clusterUid);
  }

  rolesOf(clusterUid: string): Iterable<string> {
    return this.roleUse.get(clusterUid)?.keys() ?? [];
  }

  usesRole(clusterUid: string, roleUid: string): boolean {
    return this.roleUse.get(clusterUid)?.has(roleUid) ?? false;
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

  /** The instances a grant is part of. */
  instancesOf(grantUid: string): Set<FamilyInstance> {
    const found = new Set<FamilyInstance>();
    const link = this.links.get(grantUid);
    for (const cluster of link?.clusters ?? noClusters) {
      const instance = this.table.at(cluster, link?.family.text ?? '');
      if (instance !== undefined) found.add(instance);
    }
    return found;
  }

  /** Links the grant unless it can compile to nothing. */
  link(grantUid: string, record: CommitRecord): void {
    const grant = this.store.grants.get(grantUid);
    if (grant === undefined || this.links.has(grantUid) || !this.hasSubject(grant)) return;
    const family = familyOf(grant, this.store.roles.get(grant.roleUid));
    if (family === undefined) return;
    const stamp = this.nextStamp();
    const known = this.table.known(family);
    this.links.set(grantUid, { family: known, grant, stamp, clusters: new Set() });
    this.reachIndex.link(grant);
    this.extend(grantUid, this.reach(grant), record);
  }

  unlink(grantUid: string, record: CommitRecord): void {
    const link = this.links.get(grantUid);
    if (link === undefined) return;
    this.shrink(grantUid, [...link.clusters], record);
    this.links.delete(grantUid);
    this.reachIndex.unlink(link.grant);
  }

  /** Unlinks a grant that lost its last subject and links one that got its first. */
  relinkBySubjects(grantUid: string, record: CommitRecord): void {
    const grant = this.store.grants.get(grantUid);
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
      if (link.clusters.has(cluster.uid) || !compilesBindings(cluster)) continue;
      places.push({ uid: cluster.uid, prefix: cluster.userPrefix });
    }
    this.table.extend(link.family, this.waysOf(link), places, record);
    for (const { uid } of places) {
      link.clusters.add(uid);
      this.byCluster.add(uid, grantUid);
      this.reachIndex.extend(link.grant, uid);
      this.useRole(link, uid, 1, record);
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
    const uids = clusters.filter((uid) => link?.clusters.has(uid));
    if (link === undefined || uids.length === 0) return;
    this.table.shrink(link.family, this.waysOf(link), uids, record);
    for (const uid of uids) {
      link.clusters.delete(uid);
      this.byCluster.delete(uid, grantUid);
      this.reachIndex.shrink(link.grant, uid);
      this.useRole(link, uid, -1, record);
    }
    this.recordDenials(link.grant, uids, record);
  }

  /** The user of each way to the grant: once for itself, once for each group that exists. */
  *waysTo(grant: PolicyGrant): Iterable<string> {
    for (const subject of subjectsOnce(grant)) {
      if (subject.kind === 'User') yield subject.uid;
      else if (this.store.groups.has(subject.uid))
        yield* this.store.membersOfGroup.get(subject.uid);
    }
  }

  private waysOf(link: Link): GrantWays {
    return { uid: link.grant.uid, stamp: link.stamp, ways: () => this.waysTo(link.grant) };
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
    if (link.family.role.type !== 'ours') return;
    const { roleUid } = link.family.role;
    let use = this.roleUse.get(cluster);
    if (use === undefined) this.roleUse.set(cluster, (use = new Map<string, number>()));
    const count = (use.get(roleUid) ?? 0) + by;
    if (count === 0 || count === by) {
      record.single(cluster, roleKey(roleUid), () => this.roleEntry(cluster, roleUid));
    }
    if (count > 0) use.set(roleUid, count);
    else use.delete(roleUid);
    if (use.size === 0) this.roleUse.delete(cluster);
  }

  private recordDenials(
    grant: PolicyGrant,
    clusters: readonly string[],
    record: CommitRecord,
  ): void {
    for (const userUid of this.waysTo(grant)) {
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

function* subjectsOnce(grant: PolicyGrant): Iterable<PolicyGrant['subjects'][number]> {
  const seen = new Set<string>();
  for (const subject of grant.subjects) {
    if (seen.has(subject.uid)) continue;
    seen.add(subject.uid);
    yield subject;
  }
}
