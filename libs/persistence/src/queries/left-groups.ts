import { leftGroupKind } from '@ambit/domain';
import type { PolicyMembership, PolicyPlain } from '@ambit/domain';
import type { SnapshotSource } from '../kinds/stored-kind.ts';

/**
 * A membership that ended, as the policy knows it: webhooks of clusters do not count the group of older tokens. `leftAt` is
 * filled in when it is committed, so that the same work twice is the same change.
 */
export function leftGroup({ uid, name, groupUid, userUid }: PolicyMembership): PolicyPlain {
  const [group = ''] = name.split('/');
  const spec = { groupUid, userUid, group, leftAt: 0 };
  return { kind: 'Plain', of: leftGroupKind, uid, name, labels: {}, spec };
}

/** Those of the hour before the last one that ended, and more than the step by which that hour moves: no token outlives them longer. */
export const leftGroups: SnapshotSource = {
  select: `SELECT DISTINCT ON (uid) object FROM policy_changes
    WHERE kind = '${leftGroupKind}'
      AND at > (SELECT max(at) FROM policy_changes WHERE kind = '${leftGroupKind}') - interval '90 minutes'
    ORDER BY uid, revision DESC`,
  toObject: ({ object }: { readonly object: PolicyPlain }) => object,
};
