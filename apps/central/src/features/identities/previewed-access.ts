import type { GrantSubject, PolicyView } from '@ambit/domain';
import { compareText, defined } from '@ambit/kernel';
import type { GivenGroups, NamedReference } from '@ambit/persistence';
import type { PreviewedAccess } from './upstream-sign-in.ts';

/** Grants that a person holds, by name and through groups and teams, once memberships have come and gone. */
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
  const holders = [
    { kind: 'User', uid, group: undefined } as const,
    ...Array.from(groups, (group) => {
      return { kind: 'Group', uid: group, group: policy.group(group)?.name ?? '' } as const;
    }),
  ];
  const access = holders.flatMap((holder) => [
    ...grantsOf(policy, holder, holder),
    ...Array.from(policy.teamsOf(holder.uid)).flatMap((team) => {
      const named = { group: holder.group, team: policy.team(team)?.name ?? '' };
      return grantsOf(policy, { kind: 'Team', uid: team }, named);
    }),
  ]);
  return access.sort((a, b) => compareText(orderOf(a), orderOf(b)));
}

const orderOf = ({ grant, group = '', team = '' }: PreviewedAccess): string =>
  `${grant} ${group} ${team}`;

function grantsOf(
  policy: PolicyView,
  { kind, uid }: GrantSubject,
  { group, team }: { readonly group: string | undefined; readonly team?: string },
): PreviewedAccess[] {
  return Array.from(policy.grantsNaming(kind, uid))
    .filter(({ ended }) => !ended)
    .map(({ name, roleUid }) => ({
      grant: name,
      role: policy.role(roleUid)?.name ?? '',
      ...defined({ group, team }),
    }));
}
