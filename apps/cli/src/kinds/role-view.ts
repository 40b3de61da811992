import { roleKind, type Role } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const columns: Column<Role>[] = [
  { title: 'MADE-OF', value: roleText, flexible: true },
  { title: 'BUILT-IN', value: ({ status }) => (status.builtIn ? 'yes' : 'no') },
  { title: 'DESCRIPTION', value: ({ spec }) => spec.description ?? '', wide: true },
];

export const roleView = kindView<Role>({
  contract: roleKind,
  columns: () => columns,
  lines: roleLines,
});

function roleText({ spec }: Role): string {
  if (spec.clusterRole !== undefined) return `ClusterRole/${spec.clusterRole}`;
  const count = spec.rules?.length ?? 0;
  return counted(count, 'rule');
}

function roleLines({ spec, status }: Role): Line[] {
  const rules = (spec.rules ?? []).map(
    ({ verbs, resources, nonResourceURLs, apiGroups, resourceNames }) => {
      const what = (resources ?? nonResourceURLs ?? []).join(', ');
      const groups = (apiGroups ?? []).map((group) => (group === '' ? 'core' : group)).join(', ');
      const only = resourceNames === undefined ? '' : ` named ${resourceNames.join(', ')}`;
      return `${verbs.join(', ')}: ${what}${only}${groups === '' ? '' : ` (${groups})`}`;
    },
  );
  return [
    ['Description', spec.description ?? ''],
    ['Built in', status.builtIn ? 'yes' : ''],
    ['ClusterRole', spec.clusterRole ?? ''],
    ['Rules', rules],
  ];
}
