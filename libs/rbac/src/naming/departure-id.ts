import { base32, type Digests } from '@ambit/kernel';

/**
 * By what central tells an agent that a person left a group, without a list of names. `group` is what bindings call it,
 * without the prefix of the cluster. Without a person it stands for everybody's membership.
 */
export function departureId(digests: Digests, group: string, userUid = ''): string {
  return base32(digests.sha256(digests.utf8(`${group}\n${userUid}`)), 12);
}
