import { hex } from '@ambit/kernel';
import type { InventoryUpdate } from '@ambit/persistence';
import { ruleFromWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import type { ApiResource } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { unmanagedPart } from './unmanaged-facts.ts';

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
    ...resourcesPart(inventory.apiResources),
    ...unmanagedPart(inventory),
  };
}

/** One row per name: what is told twice counts as it was told last. */
function lastByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}

const mostVerbs = 32;
const mostShortNames = 16;
const groupPattern = /^[a-z0-9.-]{0,253}$/;
const wordPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/;
const resourcePattern = /^[a-z0-9][a-z0-9.-]{0,252}(?:\/[A-Za-z0-9][A-Za-z0-9./-]{0,252})?$/;

/** What could be no name of anything that an API server serves is left out: it would only ever be shown to people. */
function resourcesPart(told: wire.ApiResources | null): Pick<InventoryUpdate, 'resources'> {
  if (told === null) return {};
  const { first, last } = told;
  return { resources: { first, last, items: told.items.flatMap(plainResource) } };
}

function plainResource(fact: wire.ApiResourceFact): ApiResource[] {
  const { group, version, resource, singular, kind, namespaced } = fact;
  const sound =
    groupPattern.test(group) &&
    wordPattern.test(version) &&
    resourcePattern.test(resource) &&
    [singular, kind].every((word) => word === '' || wordPattern.test(word));
  if (!sound) return [];
  const words = (list: readonly string[], most: number): string[] =>
    list.filter((word) => word === '*' || wordPattern.test(word)).slice(0, most);
  return [
    {
      group,
      version,
      resource,
      singular,
      shortNames: words(fact.shortNames, mostShortNames),
      kind,
      namespaced,
      verbs: words(fact.verbs, mostVerbs),
    },
  ];
}
