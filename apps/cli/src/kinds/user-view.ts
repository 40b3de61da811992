import { userKind, type User } from '@ambit/contracts';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns: Column<User>[] = [
  { title: 'ACTIVE', value: ({ spec }) => (spec.active ? 'yes' : 'no') },
  { title: 'GROUPS', value: ({ status }) => status.groups.join(','), flexible: true },
  { title: 'DISPLAY-NAME', value: ({ spec }) => spec.displayName ?? '', wide: true },
];

export const userView = kindView<User>({
  contract: userKind,
  columns: () => columns,
  lines: userLines,
});

function userLines({ spec, status }: User): Line[] {
  return [
    ['Display name', spec.displayName ?? ''],
    ['Active', spec.active ? 'yes' : 'no: has no access anywhere'],
    ['Groups', status.groups],
    [
      'Attributes',
      Object.entries(status.attributes ?? {}).map(([name, value]) => `${name}: ${String(value)}`),
    ],
    ['Said by', (status.given ?? []).map(({ source }) => source)],
  ];
}
