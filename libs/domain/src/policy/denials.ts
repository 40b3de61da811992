import type { DenyEntry } from '@ambit/rbac';
import type { GrantLinks } from './grant-links.ts';
import type { PolicyStore } from './policy-store.ts';
import { denyEntry } from './single-entries.ts';
import type { Subjects } from './subjects.ts';

const none: ReadonlyMap<string, DenyEntry> = new Map();

/** The DENY entries: in each cluster, the inactive users that occur in its bindings. */
export class Denials {
  private readonly byCluster = new Map<string, Map<string, DenyEntry>>();
  private readonly store: PolicyStore;
  private readonly links: GrantLinks;
  private readonly subjects: Subjects;

  constructor(store: PolicyStore, links: GrantLinks, subjects: Subjects) {
    this.store = store;
    this.links = links;
    this.subjects = subjects;
  }

  /** By uid of the user. */
  of(clusterUid: string): ReadonlyMap<string, DenyEntry> {
    return this.byCluster.get(clusterUid) ?? none;
  }

  /** Those of a policy that was just loaded. */
  load(): void {
    for (const { uid, active } of this.store.users.values()) {
      if (active) continue;
      for (const grant of this.links.grantsReachingUser(uid)) {
        for (const cluster of this.links.clustersOf(grant)) this.settle(cluster, uid);
      }
    }
  }

  /** Brings the entry of a user up to date and returns the one before. */
  settle(clusterUid: string, userUid: string): DenyEntry | undefined {
    const users = this.byCluster.get(clusterUid) ?? new Map<string, DenyEntry>();
    const before = users.get(userUid);
    const after = this.wanted(clusterUid, userUid);
    if (after === undefined) users.delete(userUid);
    else if (before?.subject !== after.subject) users.set(userUid, after);
    if (users.size === 0) this.byCluster.delete(clusterUid);
    else this.byCluster.set(clusterUid, users);
    return before;
  }

  private wanted(clusterUid: string, userUid: string): DenyEntry | undefined {
    const cluster = this.store.clusters.get(clusterUid);
    const user = this.store.users.get(userUid);
    if (cluster === undefined || user === undefined || user.active) return undefined;
    for (const grant of this.links.grantsReachingUser(userUid)) {
      if (this.links.reaches(grant, clusterUid))
        return denyEntry(user, this.subjects.in(cluster, user));
    }
    return undefined;
  }
}
