import { groupKind, type Group } from '@ambit/contracts';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns: Column<Group>[] = [
  { title: 'MEMBERS', value: ({ status }) => String(status.memberCount) },
  { title: 'WHO', value: (group) => everybodyOf(group).join(','), flexible: true },
  { title: 'CLOSED-TO', value: ({ spec }) => closedToText(spec), wide: true },
];

export const groupView = kindView<Group>({
  contract: groupKind,
  columns: () => columns,
  lines: groupLines,
});

/** Nothing where nobody said it: then the grants of the group decide. */
function closedToText({ closedTo }: Group['spec']): string {
  return closedTo === undefined ? '' : closedTo.join(',') || 'nobody';
}

/** Those who were written into it, and those whom a provider gives. */
const everybodyOf = ({ spec, status }: Group): string[] =>
  [...new Set([spec.members, ...(status.given ?? []).map(({ members }) => members)].flat())].sort();

function groupLines(group: Group): Line[] {
  const { spec, status } = group;
  const members = everybodyOf(group);
  const given = (status.given ?? []).flatMap((each) =>
    each.members.map((member) => `${member} by ${each.source}`),
  );
  return [
    ['Display name', spec.displayName ?? ''],
    ['Closed to', spec.closedTo === undefined ? '' : spec.closedTo.join(', ') || 'nobody'],
    ['Members', members.length === 0 ? 'nobody' : members],
    ['Given', given],
  ];
}
