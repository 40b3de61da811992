import { expect, test } from '@jest/globals';
import type { ClusterTold } from '@ambit/persistence';
import { ToldMemory } from './told-memory.ts';

const ready = { facts: { namespaces: new Map(), clusterRoles: new Map() } };
const told = (clusterUid: string, namespaces: number, version = '1'): ClusterTold => ({
  clusterUid,
  version,
  namespaces: Array.from({ length: namespaces }, (_, at) => ({
    name: `n${at}`,
    labels: {},
    phase: 'Active',
  })),
  clusterRoles: [],
});

test('what is of another version is not given', () => {
  const memory = new ToldMemory();
  memory.keep(told('a', 1), ready);
  expect(memory.get('a', '1')).toBe(ready);
  expect(memory.get('a', '2')).toBeUndefined();
});

test('beyond its bound it forgets what was not asked for longest, and nothing else', () => {
  const memory = new ToldMemory(25);
  for (const uid of ['a', 'b']) memory.keep(told(uid, 9), ready);
  memory.get('a', '1');
  memory.keep(told('c', 9), ready);
  expect(['a', 'b', 'c'].map((uid) => memory.get(uid, '1') === ready)).toEqual([true, false, true]);
});

test('what is told again counts once', () => {
  const memory = new ToldMemory(25);
  memory.keep(told('a', 9), ready);
  for (let version = 1; version < 9; version++) memory.keep(told('b', 9, String(version)), ready);
  expect(memory.get('a', '1')).toBe(ready);
});
