import { hex } from '@ambit/kernel';
import type { InventoryUpdate } from '@ambit/persistence';
import { ruleFromWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';

/** What an agent told of its cluster, as it is stored. */
export function inventoryFacts(
  inventory: wire.Inventory,
): Omit<InventoryUpdate, 'clusterUid' | 'sessionEpoch'> {
  return {
    complete: inventory.complete,
    namespaces: lastByName(inventory.namespaces).map(({ name, labels, phase }) => ({
      name,
      phase,
      labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])),
    })),
    removedNamespaces: inventory.removedNamespaces,
    clusterRoles: lastByName(inventory.clusterRoles).map(({ name, rules }) => {
      const plain = rules.map(ruleFromWire);
      const hash = hex(nodeDigests.sha256(nodeDigests.utf8(JSON.stringify(plain))));
      return { name, rules: plain, hash };
    }),
    removedClusterRoles: inventory.removedClusterRoles,
  };
}

/** One row per name: what is told twice counts as it was told last. */
function lastByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}
