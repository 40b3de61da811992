import { emptyInventory, ruleToWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import type { ApiResource, NamespaceState, PolicyRule } from '@ambit/rbac';

/** What an Inventory is made of. */
export interface InventoryParts {
  readonly namespaces: readonly NamespaceState[];
  readonly removedNamespaces: readonly string[];
  readonly clusterRoles: readonly (readonly [string, readonly PolicyRule[]])[];
  readonly removedClusterRoles: readonly string[];
  /** All that the API server serves; absent: as told before, or not known. */
  readonly apiResources?: readonly ApiResource[] | undefined;
}

interface Building {
  readonly complete: boolean;
  readonly namespaces: wire.NamespaceFact[];
  readonly removedNamespaces: string[];
  readonly clusterRoles: wire.ClusterRoleFact[];
  readonly removedClusterRoles: string[];
  apiResources: { first: boolean; last: boolean; items: wire.ApiResourceFact[] } | null;
}

/** JSON is never shorter than the message made of it, so a message stays under 256 KiB. */
const mostTextBytes = 200 * 1024;

/**
 * The messages of an inventory, each of at most 256 KiB unless one fact alone is larger. The first message of a
 * complete one replaces what central holds, the others add to it.
 */
export function* inventoryMessages(
  parts: InventoryParts,
  complete: boolean,
): Generator<wire.AgentMessage, void, undefined> {
  let current = empty(complete);
  let bytes = 0;
  for (const [size, add] of pieces(parts)) {
    if (bytes > 0 && bytes + size > mostTextBytes) {
      yield message(current);
      current = empty(false);
      bytes = 0;
    }
    add(current);
    bytes += size;
  }
  if (complete || bytes > 0) yield message(current);
}

const message = (inventory: Building): wire.AgentMessage => ({
  message: 'inventory',
  inventory: { ...emptyInventory, ...inventory },
});

function empty(complete: boolean): Building {
  return {
    complete,
    namespaces: [],
    removedNamespaces: [],
    clusterRoles: [],
    removedClusterRoles: [],
    apiResources: null,
  };
}

type Piece = readonly [size: number, add: (inventory: Building) => void];

function* pieces(parts: InventoryParts): Generator<Piece> {
  for (const namespace of parts.namespaces) {
    const fact = toNamespaceFact(namespace);
    yield [sizeOf(fact), (to) => void to.namespaces.push(fact)];
  }
  for (const name of parts.removedNamespaces) {
    yield [sizeOf(name), (to) => void to.removedNamespaces.push(name)];
  }
  for (const [name, rules] of parts.clusterRoles) {
    const fact = { name, rules: rules.map(ruleToWire) };
    yield [sizeOf(fact), (to) => void to.clusterRoles.push(fact)];
  }
  for (const name of parts.removedClusterRoles) {
    yield [sizeOf(name), (to) => void to.removedClusterRoles.push(name)];
  }
  if (parts.apiResources !== undefined) yield* resourcePieces(parts.apiResources);
}

/** Which message a resource lands in shows only here, so that first and last are said where they land. */
function* resourcePieces(resources: readonly ApiResource[]): Generator<Piece> {
  const last = resources.length - 1;
  for (const [index, resource] of resources.entries()) {
    yield [
      sizeOf(resource),
      (to) => {
        to.apiResources ??= { first: false, last: false, items: [] };
        to.apiResources.items.push(resource);
        to.apiResources.first ||= index === 0;
        to.apiResources.last ||= index === last;
      },
    ];
  }
}

function toNamespaceFact({ name, labels, phase }: NamespaceState): wire.NamespaceFact {
  return { name, phase, labels: Object.entries(labels).map(([key, value]) => ({ key, value })) };
}

function sizeOf(fact: unknown): number {
  return Buffer.byteLength(JSON.stringify(fact));
}
