import { SetIndex } from './set-index.ts';
import type { PolicyGrant } from '../policy-objects.ts';

/** Grants that one subject has in one cluster: nearly always one, and a set for each would triple the memory. */
type Uids = string | Set<string>;

/** A grant that names more clusters than this is kept once for each subject and not once for each cluster. */
const mostNamedClusters = 64;

/** Finds the linked grants of a user or group in one cluster without looking at those in others. */
export class ReachIndex {
  private readonly narrow = new Map<string, Map<string, Uids>>();
  private readonly wide = new SetIndex();

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
    if (!isNarrow(grant)) return;
    let subjects = this.narrow.get(cluster);
    if (subjects === undefined) this.narrow.set(cluster, (subjects = new Map<string, Uids>()));
    for (const { uid } of grant.subjects) subjects.set(uid, withUid(subjects.get(uid), grant.uid));
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
    const uids = this.narrow.get(cluster)?.get(subjectUid);
    if (typeof uids === 'string') yield uids;
    else if (uids !== undefined) yield* uids;
    yield* this.wide.get(subjectUid);
  }
}

const isNarrow = ({ scope: { clusters } }: PolicyGrant): boolean =>
  clusters.type === 'names' && clusters.uids.length <= mostNamedClusters;

function withUid(uids: Uids | undefined, uid: string): Uids {
  if (uids === undefined || uids === uid) return uid;
  return typeof uids === 'string' ? new Set([uids, uid]) : uids.add(uid);
}

function withoutUid(uids: Uids | undefined, uid: string): Uids | undefined {
  if (uids === undefined || uids === uid) return undefined;
  if (typeof uids === 'string') return uids;
  uids.delete(uid);
  const [only] = uids;
  return uids.size === 1 ? only : uids;
}
