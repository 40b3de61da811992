import type { PolicyView } from '@ambit/domain';
import { compareText } from '@ambit/kernel';
import type { GivenGroups, NamedReference } from '@ambit/persistence';
import type { PreviewedAccess } from './upstream-sign-in.ts';

/** Grants that a person holds, by name and through groups, once memberships have come and gone. */
export function previewedAccess(
  policy: PolicyView,
  { uid }: NamedReference,
  given: GivenGroups | undefined,
): readonly PreviewedAccess[] {
  const left = new Set((given?.left ?? []).map((group) => group.uid));
  const groups = new Set([
    ...Array.from(policy.groupsOf(uid)).filter((group) => !left.has(group)),
    ...(given?.joined ?? []).map((group) => group.uid),
  ]);
  const held = (kind: 'User' | 'Group', subject: string): PreviewedAccess[] =>
    Array.from(policy.grantsNaming(kind, subject))
      .filter(({ ended }) => !ended)
      .map(({ name, roleUid }) => ({
        grant: name,
        role: policy.role(roleUid)?.name ?? '',
        ...(kind === 'User' ? {} : { group: policy.group(subject)?.name ?? '' }),
      }));
  const access = [...held('User', uid), ...[...groups].flatMap((group) => held('Group', group))];
  return access.sort(
    (a, b) => compareText(a.grant, b.grant) || compareText(a.group ?? '', b.group ?? ''),
  );
}
