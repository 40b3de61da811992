import type { AmbitClient } from '@ambit/client';
import { userKind, type User } from '@ambit/contracts';
import { isAppError } from '@ambit/kernel';
import type { Column } from '../output/table.ts';
import { kindView, type Line } from './kind-view.ts';

const mostGroups = 100;

const columns: Column<User>[] = [
  { title: 'ACTIVE', value: ({ spec }) => (spec.active ? 'yes' : 'no') },
  { title: 'GROUPS', value: ({ status }) => status.groups.join(','), flexible: true },
  { title: 'DISPLAY-NAME', value: ({ spec }) => spec.displayName ?? '', wide: true },
];

export const userView = kindView<User>({
  contract: userKind,
  columns: () => columns,
  lines: userLines,
  asked: async (client, user) => [['Groups', await groupTexts(client, user)]],
});

/** Each with where the membership comes from, as far as central tells: one of before does not. */
async function groupTexts(
  client: AmbitClient,
  { metadata: { name }, status }: User,
): Promise<readonly string[]> {
  try {
    const asked = { params: { name }, query: { limit: mostGroups } };
    const { items, metadata } = await client.api.listUserGroups(asked);
    const texts = items.map(({ group, sources }) => `${group} (${sources.join(', ')})`);
    return metadata.continue === undefined ? texts : [...texts, 'and more'];
  } catch (error) {
    if (isAppError(error, 'not_found')) return status.groups;
    throw error;
  }
}

function userLines({ spec, status }: User): Line[] {
  return [
    ['Display name', spec.displayName ?? ''],
    ['Active', spec.active ? 'yes' : 'no: has no access anywhere'],
    [
      'Attributes',
      Object.entries(status.attributes ?? {}).map(([name, value]) => `${name}: ${String(value)}`),
    ],
    ['Said by', (status.given ?? []).map(({ source }) => source)],
  ];
}
