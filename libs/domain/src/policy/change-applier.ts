import type {
  PolicyChange,
  PolicyCluster,
  PolicyGroup,
  PolicyMembership,
  PolicyObject,
  PolicyRole,
  PolicyUser,
} from '../policy-objects.ts';
import { namingOf, subjectModeOf } from '../names/cluster-naming.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import { roleReferenceOf } from './family.ts';
import { GrantChanges } from './grant-changes.ts';
import type { Holders } from './holders.ts';
import type { GrantLinks } from './grant-links.ts';
import type { PolicyStore } from './policy-store.ts';
import { sameEntry } from './settle-commit.ts';
import { configEntry, configKey, roleIntent, roleKey } from './single-entries.ts';

const sameRoleTarget = (a: PolicyRole, b: PolicyRole): boolean =>
  sameEntry(roleReferenceOf(a), roleReferenceOf(b));

/**
 * Carries single changes into store and links. The changes of a commit may come in any order and may name objects
 * that are not there: what is missing counts for nothing until it appears.
 */
export class ChangeApplier {
  private readonly store: PolicyStore;
  private readonly index: ClusterIndex;
  private readonly links: GrantLinks;
  private readonly holders: Holders;
  private readonly grants: GrantChanges;

  constructor(
    store: PolicyStore,
    index: ClusterIndex,
    { links, holders }: { readonly links: GrantLinks; readonly holders: Holders },
  ) {
    this.store = store;
    this.index = index;
    this.links = links;
    this.holders = holders;
    this.grants = new GrantChanges(store, index, links);
  }

  change(change: PolicyChange, record: CommitRecord): void {
    if (change.op === 'put') {
      this.put(change.object, record);
      return;
    }
    const object = this.store.byUid(change.kind, change.uid);
    if (object !== undefined) this.remove(object, record);
  }

  put(object: PolicyObject, record: CommitRecord): void {
    switch (object.kind) {
      case 'User':
        return this.putUser(object, record);
      case 'Group':
        return this.putGroup(object, record);
      case 'Membership':
        return this.putMembership(object, record);
      case 'Role':
        return this.putRole(object, record);
      case 'Grant':
        return this.grants.put(object, record);
      case 'Cluster':
        return this.putCluster(object, record);
      case 'Team':
        return this.grants.putTeam(object, record);
      case 'Plain':
        return this.store.put(object);
    }
  }

  private remove(object: PolicyObject, record: CommitRecord): void {
    switch (object.kind) {
      case 'User':
        return this.removeUser(object, record);
      case 'Group':
        return this.removeGroup(object, record);
      case 'Membership':
        return this.removeMembership(object, record);
      case 'Role':
        return this.removeRole(object, record);
      case 'Grant':
        return this.grants.remove(object, record);
      case 'Cluster':
        return this.removeCluster(object, record);
      case 'Team':
        return this.grants.removeTeam(object, record);
      case 'Plain':
        return this.store.remove('Plain', object.uid);
    }
  }

  private putUser(user: PolicyUser, record: CommitRecord): void {
    const before = this.store.users.get(user.uid);
    this.noteUser(user.uid, before, record);
    const renamed = before !== undefined && before.name !== user.name;
    if (renamed) this.showUser(user.uid, 'vanish', record);
    if (before === undefined) this.links.wake(this.links.grantsReachingUser(user.uid));
    this.store.put(user);
    if (renamed || before === undefined) this.showUser(user.uid, 'appear', record);
    if (before?.active !== user.active || renamed) this.recordDenials(user.uid, record);
    if (before === undefined) this.relinkSubject(this.store.grantsOfUser.get(user.uid), record);
  }

  private removeUser(user: PolicyUser, record: CommitRecord): void {
    this.noteUser(user.uid, user, record);
    this.showUser(user.uid, 'vanish', record);
    this.recordDenials(user.uid, record);
    this.store.remove('User', user.uid);
    this.relinkSubject(this.store.grantsOfUser.get(user.uid), record);
  }

  private putGroup(group: PolicyGroup, record: CommitRecord): void {
    const before = this.store.groups.get(group.uid);
    const grants = this.store.grantsOfGroup.get(group.uid);
    if (before?.name !== group.name) this.links.question(grants, record);
    if (group.condition === undefined) this.store.put(group);
    else this.grants.aroundCondition(group, record, group, () => this.store.put(group));
    if (before !== undefined) return;
    for (const user of this.store.membersOfGroup.get(group.uid)) {
      for (const grant of grants) this.way('addWay', user, grant, record);
    }
    this.relinkSubject(grants, record);
  }

  private removeGroup(group: PolicyGroup, record: CommitRecord): void {
    const grants = this.store.grantsOfGroup.get(group.uid);
    this.links.question(grants, record);
    for (const user of this.store.membersOfGroup.get(group.uid)) {
      for (const grant of grants) this.way('removeWay', user, grant, record);
    }
    const remove = (): void => this.store.remove('Group', group.uid);
    if (group.condition === undefined) remove();
    else this.grants.aroundCondition(group, record, undefined, remove);
    this.relinkSubject(grants, record);
  }

  private putMembership(membership: PolicyMembership, record: CommitRecord): void {
    const before = this.store.memberships.get(membership.uid);
    if (before !== undefined) {
      if (sameEntry(before, membership)) return;
      this.removeMembership(before, record);
    }
    this.links.wake(this.store.grantsOfGroup.get(membership.groupUid));
    this.store.put(membership);
    this.wayThroughGroup('addWay', membership, record);
  }

  private removeMembership(membership: PolicyMembership, record: CommitRecord): void {
    this.wayThroughGroup('removeWay', membership, record);
    this.store.remove('Membership', membership.uid);
  }

  private putRole(role: PolicyRole, record: CommitRecord): void {
    const before = this.store.roles.get(role.uid);
    if (before !== undefined && sameRoleTarget(before, role)) {
      this.rewriteRole(before, role, record);
      return;
    }
    const grants = [...this.store.grantsOfRole.get(role.uid)];
    for (const uid of grants) this.links.unlink(uid, record);
    this.store.put(role);
    for (const uid of grants) this.links.link(uid, record);
  }

  private rewriteRole(before: PolicyRole, role: PolicyRole, record: CommitRecord): void {
    for (const grant of this.store.grantsOfRole.get(role.uid)) {
      for (const cluster of this.links.clustersOf(grant)) {
        record.clusters.add(cluster);
        if (this.links.usesRole(cluster, role.uid)) {
          record.single(cluster, roleKey(role.uid), () => roleIntent(before));
        }
      }
    }
    this.store.put(role);
  }

  private removeRole(role: PolicyRole, record: CommitRecord): void {
    for (const uid of this.store.grantsOfRole.get(role.uid)) this.links.unlink(uid, record);
    this.store.remove('Role', role.uid);
  }

  private putCluster(cluster: PolicyCluster, record: CommitRecord): void {
    const before = this.store.clusters.get(cluster.uid);
    record.clusters.add(cluster.uid);
    record.single(cluster.uid, configKey, () => before && configEntry(before));
    if (before === undefined) {
      this.index.indexCluster(cluster, 'add');
      this.store.put(cluster);
      this.enter(cluster, record);
      return;
    }
    const sameSubjects =
      namingOf(before) === namingOf(cluster) && subjectModeOf(before) === subjectModeOf(cluster);
    if (!sameSubjects) this.leave(before, record);
    const concerned = sameEntry(before.labels, cluster.labels)
      ? []
      : [...this.index.concernedBy(before, cluster)];
    this.index.indexCluster(before, 'delete');
    this.index.indexCluster(cluster, 'add');
    this.store.put(cluster);
    if (!sameSubjects) this.enter(cluster, record);
    else for (const uid of concerned) this.reconsider(uid, cluster, record);
  }

  private removeCluster(cluster: PolicyCluster, record: CommitRecord): void {
    record.clusters.add(cluster.uid);
    record.single(cluster.uid, configKey, () => configEntry(cluster));
    this.leave(cluster, record);
    this.index.indexCluster(cluster, 'delete');
    this.store.remove('Cluster', cluster.uid);
  }

  private enter(cluster: PolicyCluster, record: CommitRecord): void {
    const candidates = this.index.candidateGrants(cluster);
    for (const uid of this.store.grantsNamingCluster.get(cluster.uid)) candidates.add(uid);
    for (const uid of candidates) this.reconsider(uid, cluster, record);
  }

  private leave(cluster: PolicyCluster, record: CommitRecord): void {
    for (const uid of this.links.grantsOf(cluster.uid)) {
      this.links.shrink(uid, [cluster.uid], record);
    }
  }

  private reconsider(grantUid: string, cluster: PolicyCluster, record: CommitRecord): void {
    const grant = this.store.compiled(grantUid);
    if (grant === undefined) return;
    if (this.index.matches(grant, cluster)) this.links.extend(grantUid, [cluster], record);
    else this.links.shrink(grantUid, [cluster.uid], record);
  }

  private noteUser(uid: string, before: PolicyUser | undefined, record: CommitRecord): void {
    record.user(uid, before);
    this.holders.note(uid);
  }

  private showUser(userUid: string, how: 'appear' | 'vanish', record: CommitRecord): void {
    for (const grant of this.links.grantsReachingUser(userUid)) {
      for (const instance of this.links.instancesOf(grant)) {
        record.instance(instance);
        instance.wake()[how](userUid);
      }
    }
  }

  private wayThroughGroup(
    how: 'addWay' | 'removeWay',
    { groupUid, userUid }: PolicyMembership,
    record: CommitRecord,
  ): void {
    if (!this.store.groups.has(groupUid)) return;
    for (const grant of this.store.grantsOfGroup.get(groupUid)) {
      this.way(how, userUid, grant, record);
    }
  }

  private way(
    how: 'addWay' | 'removeWay',
    userUid: string,
    grantUid: string,
    record: CommitRecord,
  ): void {
    for (const instance of this.links.instancesOf(grantUid)) {
      record.instance(instance);
      instance.wake()[how](userUid, grantUid);
    }
    if (this.store.users.get(userUid)?.active !== false) return;
    for (const cluster of this.links.clustersOf(grantUid)) record.denial(cluster, userUid);
  }

  private recordDenials(userUid: string, record: CommitRecord): void {
    for (const grant of this.links.grantsReachingUser(userUid)) {
      for (const cluster of this.links.clustersOf(grant)) record.denial(cluster, userUid);
    }
  }

  private relinkSubject(grants: ReadonlySet<string>, record: CommitRecord): void {
    for (const uid of grants) this.links.relinkBySubjects(uid, record);
  }
}
