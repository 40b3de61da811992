import type { Inventory } from './generated/messages.ts';

/** An Inventory that tells of no change. */
export const emptyInventory: Inventory = {
  complete: false,
  namespaces: [],
  removedNamespaces: [],
  clusterRoles: [],
  removedClusterRoles: [],
  apiResources: null,
  unmanagedBindings: [],
  removedUnmanaged: [],
  unmanagedRoles: [],
  unmanaged: null,
};
