import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@ambit/testing';
import { ObjectInventory } from './object-inventory.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-inventory-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (): Promise<ObjectInventory> =>
  ObjectInventory.open(join(folder, 'inventory'), silentLogger);

test('it knows how many there are of each kind, whatever was noted twice, and after a restart', async () => {
  const inventory = await open();
  const counts = { ClusterRole: 0, ClusterRoleBinding: 1, RoleBinding: 1 };
  const [one, two] = [
    'RoleBinding/n/ambit-view-abcdefghijkl',
    'RoleBinding/n/ambit-edit-abcdefghijkl',
  ];
  for (const uid of ['u1', 'u1', 'u2']) inventory.put(one, uid, 5);
  inventory.put(two, 'u3');
  inventory.put('ClusterRoleBinding//ambit-view-abcdefghijkl', 'u4');
  for (let time = 0; time < 2; time++) inventory.remove(two);
  expect(Object.fromEntries(inventory.countByKind())).toEqual(counts);
  await inventory.flush();
  expect(Object.fromEntries((await open()).countByKind())).toEqual(counts);
});
