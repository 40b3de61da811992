import { groupKind, type Group } from '@ambit/contracts';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns: Column<Group>[] = [
  { title: 'MEMBERS', value: ({ status }) => String(status.memberCount) },
  { title: 'WHO', value: ({ spec }) => spec.members.join(','), flexible: true },
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

function groupLines({ spec }: Group): Line[] {
  return [
    ['Display name', spec.displayName ?? ''],
    ['Closed to', spec.closedTo === undefined ? '' : spec.closedTo.join(', ') || 'nobody'],
    ['Members', spec.members.length === 0 ? 'nobody' : spec.members],
  ];
}
