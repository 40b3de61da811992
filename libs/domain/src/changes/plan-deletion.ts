import type { GrantSubject, PolicyChange, PolicyGrant } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';

/**
 * Everything that goes with a user: its memberships, its place in grants, and grants left without any subject.
 * References go first, so that no moment of the commit names what is not there. Empty for an unknown user.
 */
export function planUserDeletion(policy: PolicyView, userUid: string): PolicyChange[] {
  if (policy.user(userUid) === undefined) return [];
  const memberships = Array.from(policy.groupsOf(userUid), (groupUid) =>
    membershipGone(groupUid, userUid),
  );
  return [
    ...subjectGone(policy, { kind: 'User', uid: userUid }),
    ...memberships,
    { op: 'delete', kind: 'User', uid: userUid },
  ];
}

/** The same for a group; its members lose what they held through it and stay. */
export function planGroupDeletion(policy: PolicyView, groupUid: string): PolicyChange[] {
  if (policy.group(groupUid) === undefined) return [];
  const memberships = Array.from(policy.membersOf(groupUid), (userUid) =>
    membershipGone(groupUid, userUid),
  );
  return [
    ...subjectGone(policy, { kind: 'Group', uid: groupUid }),
    ...memberships,
    { op: 'delete', kind: 'Group', uid: groupUid },
  ];
}

/** The grant without the subject; its deletion when it was the last one. */
export function withoutSubject(grant: PolicyGrant, subject: GrantSubject): PolicyChange {
  const subjects = grant.subjects.filter(
    ({ kind, uid }) => kind !== subject.kind || uid !== subject.uid,
  );
  return subjects.length === 0
    ? { op: 'delete', kind: 'Grant', uid: grant.uid }
    : { op: 'put', object: { ...grant, subjects } };
}

function subjectGone(policy: PolicyView, subject: GrantSubject): PolicyChange[] {
  return Array.from(policy.grantsNaming(subject.kind, subject.uid), (grant) =>
    withoutSubject(grant, subject),
  );
}

const membershipGone = (groupUid: string, userUid: string): PolicyChange => ({
  op: 'delete',
  kind: 'Membership',
  uid: `${groupUid}/${userUid}`,
});
