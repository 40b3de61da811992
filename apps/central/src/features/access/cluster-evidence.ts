import type { ClusterFacts } from '@ambit/domain';
import type { Clock } from '@ambit/kernel';
import { readClusterSync, readInventory, readResources } from '@ambit/persistence';
import type { ClusterInventory, ClusterSyncRecord, Database } from '@ambit/persistence';
import { parseCeiling, ResourceCatalog } from '@ambit/rbac';
import { defined } from '@ambit/kernel';
import { isConnected } from '../clusters/public.ts';
import type { Connections } from '../policy/public.ts';

/** What an access answer rests on: roles, namespaces and ceiling as the agent last reported them, and how old that is. */
export interface Evidence {
  readonly facts: ClusterFacts;
  /** What the API server serves; absent while its agent never told. */
  readonly catalog?: ResourceCatalog;
  readonly connected: boolean;
  readonly ageSeconds?: number;
  readonly appliedRevision?: number;
}

/** Reads what agents reported of their clusters. */
export class ClusterEvidence {
  readonly #database: Database;
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor(database: Database, connections: Connections, clock: Clock) {
    this.#database = database;
    this.#connections = connections;
    this.#clock = clock;
  }

  async of(clusterUid: string): Promise<Evidence> {
    const [[sync], inventory, served] = await Promise.all([
      readClusterSync(this.#database, [clusterUid]),
      readInventory(this.#database, clusterUid),
      readResources(this.#database, [clusterUid]),
    ]);
    const now = this.#clock.now();
    const resources = served.get(clusterUid);
    const here = this.#connections.connected(clusterUid);
    const seen = here ? now : (sync?.lastSeenAt ?? sync?.connectedAt);
    return {
      facts: { ...inventoryFacts(inventory), ...ceilingOf(sync) },
      connected: isConnected(sync, here, now),
      ...defined({
        catalog: resources && new ResourceCatalog(resources),
        ageSeconds: seen && Math.max(0, (now - seen) / 1000),
        appliedRevision: sync?.appliedRevision,
      }),
    };
  }
}

function inventoryFacts(inventory: ClusterInventory): Omit<ClusterFacts, 'ceiling'> {
  return {
    clusterRoles: new Map(inventory.clusterRoles.map(({ name, rules }) => [name, rules])),
    namespaces: new Map(
      inventory.namespaces.map(({ name, labels, phase }) => [name, { labels, phase }]),
    ),
  };
}

function ceilingOf(sync: ClusterSyncRecord | undefined): Pick<ClusterFacts, 'ceiling'> {
  if (sync?.ceiling === undefined) return {};
  const parsed = parseCeiling(sync.ceiling);
  return parsed.ok ? { ceiling: parsed.value } : {};
}
