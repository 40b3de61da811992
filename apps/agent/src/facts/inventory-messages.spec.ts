import { describe, expect, test } from '@jest/globals';
import { agentServices } from '@ambit/protocol';
import { inventoryMessages } from './inventory-messages.ts';

const nothing = {
  namespaces: [],
  removedNamespaces: [],
  clusterRoles: [],
  removedClusterRoles: [],
};
const inventories = (...given: Parameters<typeof inventoryMessages>) =>
  Array.from(inventoryMessages(...given)).flatMap((message) =>
    message.message === 'inventory' ? [message.inventory] : [],
  );

describe('an inventory', () => {
  test('of nothing is told when it is complete, and not told when it is a change', () => {
    expect(inventories(nothing, true)).toHaveLength(1);
    expect(inventories(nothing, false)).toEqual([]);
  });

  test('of a large cluster comes in messages of at most 256 KiB, the first of which replaces', () => {
    const namespaces = Array.from({ length: 5_000 }, (_, index) => ({
      name: `namespace-${index}`,
      labels: { team: `team-${index % 7}`, 'kubernetes.io/metadata.name': `namespace-${index}` },
      phase: 'Active',
    }));
    const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
    const clusterRoles = [['view', Array.from({ length: 200 }, () => rule)] as const];
    const parts = { ...nothing, namespaces, clusterRoles };
    const messages = Array.from(inventoryMessages(parts, true));
    const { requestSerialize } = agentServices.sync.Connect;
    for (const message of messages) {
      expect(requestSerialize(message).length).toBeLessThanOrEqual(256 * 1024);
    }
    const told = inventories(parts, true);
    expect(told.map(({ complete }) => complete)).toEqual(told.map((_, index) => index === 0));
    expect(told.flatMap((each) => each.namespaces.map(({ name }) => name))).toEqual(
      namespaces.map(({ name }) => name),
    );
    expect(told.flatMap((each) => each.clusterRoles)).toHaveLength(1);
  });

  test('outside case 06: what is served says in which message its list begins and is whole', () => {
    const apiResources = Array.from({ length: 4_000 }, (_, index) => ({
      group: 'example.com',
      version: 'v1',
      resource: `things-of-kind-${index}`,
      singular: `thing-of-kind-${index}`,
      shortNames: ['t'],
      kind: `Thing${index}`,
      namespaced: true,
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    }));
    const messages = inventories({ ...nothing, apiResources }, true);
    expect(messages.length).toBeGreaterThan(2);
    const parts = messages.flatMap((each) => each.apiResources ?? []);
    expect(parts.map(({ first }) => first)).toEqual(parts.map((_, index) => index === 0));
    expect(parts.map(({ last }) => last)).toEqual(
      parts.map((_, index) => index === parts.length - 1),
    );
    expect(parts.flatMap(({ items }) => items)).toEqual(apiResources);
    for (const inventory of messages) {
      const bytes = agentServices.sync.Connect.requestSerialize({
        message: 'inventory',
        inventory,
      });
      expect(bytes.length).toBeLessThanOrEqual(256 * 1024);
    }
    expect(inventories({ ...nothing, apiResources: undefined }, true)).toMatchObject([
      { apiResources: null },
    ]);
  });
});
