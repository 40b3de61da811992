import { SetIndex } from './set-index.ts';
import { uidsIn, withoutUid, withUid, type Uids } from './uid-set.ts';
import type { PolicyGrant } from '../policy-objects.ts';

/** A grant that names more clusters than this is kept once for each subject and not once for each cluster. */
const mostNamedClusters = 64;

/** Finds the linked grants of a user or group in one cluster without looking at those in others. */
export class ReachIndex {
  /** Of clusters that somebody asked about: the others are looked up whole when somebody does. */
  private readonly narrow = new Map<string, Map<string, Uids>>();
  private readonly wide = new SetIndex();
  private readonly grantsIn: (cluster: string) => Iterable<PolicyGrant>;

  constructor(grantsIn: (cluster: string) => Iterable<PolicyGrant>) {
    this.grantsIn = grantsIn;
  }

  /** Adds a linked grant whatever it reaches. */
  link(grant: PolicyGrant): void {
    if (isNarrow(grant)) return;
    for (const { uid } of grant.subjects) this.wide.add(uid, grant.uid);
  }

  unlink(grant: PolicyGrant): void {
    if (isNarrow(grant)) return;
    for (const { uid } of grant.subjects) this.wide.delete(uid, grant.uid);
  }

  /** The grant reaches one cluster more. */
  extend(grant: PolicyGrant, cluster: string): void {
    const subjects = isNarrow(grant) ? this.narrow.get(cluster) : undefined;
    if (subjects !== undefined) addTo(subjects, grant);
  }

  /** The grant reaches one cluster less. */
  shrink(grant: PolicyGrant, cluster: string): void {
    const subjects = isNarrow(grant) ? this.narrow.get(cluster) : undefined;
    if (subjects === undefined) return;
    for (const { uid } of grant.subjects) {
      const left = withoutUid(subjects.get(uid), grant.uid);
      if (left === undefined) subjects.delete(uid);
      else subjects.set(uid, left);
    }
    if (subjects.size === 0) this.narrow.delete(cluster);
  }

  /** Grants that reach the cluster, and those of many clusters, whether or not they reach this one. */
  *candidates(cluster: string, subjectUid: string): Iterable<string> {
    yield* uidsIn(this.narrowIn(cluster).get(subjectUid));
    yield* this.wide.get(subjectUid);
  }

  private narrowIn(cluster: string): ReadonlyMap<string, Uids> {
    let subjects = this.narrow.get(cluster);
    if (subjects !== undefined) return subjects;
    subjects = new Map<string, Uids>();
    for (const grant of this.grantsIn(cluster)) if (isNarrow(grant)) addTo(subjects, grant);
    if (subjects.size > 0) this.narrow.set(cluster, subjects);
    return subjects;
  }
}

function addTo(subjects: Map<string, Uids>, grant: PolicyGrant): void {
  for (const { uid } of grant.subjects) subjects.set(uid, withUid(subjects.get(uid), grant.uid));
}

const isNarrow = ({ scope: { clusters } }: PolicyGrant): boolean =>
  clusters.type === 'names' && clusters.uids.length <= mostNamedClusters;
