import { describe, expect, test } from '@jest/globals';
import type { ApiObject } from './api-object.ts';
import { ObjectStore } from './object-store.ts';
import type { StoreEvent } from './object-store.ts';
import { clusterRoles, roleBindings } from './served-resources.ts';

const object = (name: string, namespace?: string, label = ''): ApiObject => ({
  kind: 'K',
  apiVersion: 'v1',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: { label } },
});
const names = (objects: readonly ApiObject[]): string[] =>
  objects.map(({ metadata }) => metadata.name);

describe('ObjectStore', () => {
  test('shows a kind as it was at any revision that is not compacted', () => {
    const store = new ObjectStore();
    store.put(roleBindings, object('b', 'n'));
    const early = store.revision;
    store.put(roleBindings, object('a', 'n'));
    store.put(roleBindings, object('c', 'other'));
    store.put(roleBindings, object('b', 'n', 'changed'));
    store.delete(roleBindings, { name: 'a', namespace: 'n' });
    expect(names(store.itemsAt(roleBindings, '', early))).toEqual(['b']);
    expect(store.itemsAt(roleBindings, '', early)[0]?.metadata.labels).toEqual({ label: '' });
    expect(names(store.itemsAt(roleBindings, '', early + 2))).toEqual(['a', 'b', 'c']);
    expect(names(store.itemsAt(roleBindings, 'n', store.revision))).toEqual(['b']);
    expect(names(store.itemsAt(roleBindings, '', store.revision))).toEqual(['b', 'c']);
  });

  test('tells every change once, in order, with what was before', () => {
    const store = new ObjectStore();
    const events: StoreEvent[] = [];
    const unsubscribe = store.subscribe((event) => events.push(event));
    const first = store.put(clusterRoles, object('x'));
    expect(store.put(clusterRoles, first)).toBe(first);
    const second = store.put(clusterRoles, object('x', undefined, 'new'));
    store.delete(clusterRoles, { name: 'x', namespace: '' });
    unsubscribe();
    store.put(clusterRoles, object('unheard'));
    expect(events.map(({ object: now, previous }) => [now, previous])).toEqual([
      [first, undefined],
      [second, first],
      [undefined, second],
    ]);
    expect(events.map(({ revision }) => revision)).toEqual([2, 3, 4]);
    expect(store.eventsSince(clusterRoles, 3)).toHaveLength(2);
    expect(store.eventsSince(roleBindings, 0)).toEqual([]);
  });

  test('a compaction forgets what was before', () => {
    const store = new ObjectStore();
    store.put(clusterRoles, object('x'));
    store.compact();
    expect(store.compacted).toBe(store.revision);
    expect(store.eventsSince(clusterRoles, 0)).toEqual([]);
  });
});
