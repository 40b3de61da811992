import { expect, test } from '@jest/globals';
import type { DemoCluster } from '../stage/demo-cluster.ts';
import { clusterPlans } from '../stage/demo-cluster.ts';
import { accessLines, placesOf, type AccessTable } from './access-table.ts';

const clusters = clusterPlans.map((plan) => ({ plan }) as DemoCluster);

function aTable(cells: readonly (readonly string[])[]): AccessTable {
  return { people: ['ada', 'finn'], places: placesOf(clusters), cells };
}

test('the table has a column for each namespace and one for the cluster', () => {
  const before = aTable([
    ['r--', '---', '-', 'rwx', 'rwx', '---', '-'],
    ['r--', 'r--', '-', 'r--', 'r--', 'r--', '-'],
  ]);
  expect(accessLines(before)).toEqual([
    '      prod-eu                staging-eu',
    'WHO   payments  shop  nodes  payments    payments-preview  shop  nodes',
    'ada   r--       ---   -      rwx         rwx               ---   -',
    'finn  r--       r--   -      r--         r--               r--   -',
  ]);
});

test('what changed is marked', () => {
  const row = ['r--', '---', '-', 'rwx', 'rwx', '---', '-'];
  const before = aTable([row, row]);
  const after = aTable([row, ['---', ...row.slice(1)]]);
  const [, , ada, finn] = accessLines(after, before);
  expect(ada).not.toContain('*');
  expect(finn).toMatch(/^finn {2}--- \*/);
});
