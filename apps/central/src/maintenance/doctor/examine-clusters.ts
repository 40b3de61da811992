import { listClusters, readClusterSync } from '@ambit/persistence';
import type { ClusterRecord, ClusterSyncRecord, Database } from '@ambit/persistence';
import type { Maintenance } from '../with-database.ts';
import { look, named, well } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';

const atOnce = 500;

interface Fleet {
  total: number;
  readonly awaiting: string[];
  readonly offline: string[];
  readonly holding: string[];
  readonly warned: string[];
}

/** Which clusters want to be looked at; each of them is examined by `ambit doctor CLUSTER`. */
export async function examineClusters({ database }: Maintenance): Promise<Diagnosis[]> {
  const fleet = await readFleet(database);
  const { total, awaiting, offline, holding, warned } = fleet;
  const each = (names: readonly string[]): string => `ambit doctor ${names[0] ?? 'CLUSTER'}`;
  const found = [
    ...(offline.length > 0
      ? [look(`not connected, of ${total} clusters: ${named(offline)}`, each(offline))]
      : []),
    ...(awaiting.length > 0
      ? [look(`no agent ever enrolled: ${named(awaiting)}`, each(awaiting))]
      : []),
    ...(holding.length > 0
      ? [look(`agents hold changes back: ${named(holding)}`, each(holding))]
      : []),
    ...(warned.length > 0
      ? [look(`agents report a condition: ${named(warned)}`, each(warned))]
      : []),
  ];
  return found.length > 0 ? found : [well(`clusters: ${total}, each with its agent connected`)];
}

async function readFleet(database: Database): Promise<Fleet> {
  const fleet: Fleet = { total: 0, awaiting: [], offline: [], holding: [], warned: [] };
  let place: string | undefined;
  do {
    const page = await listClusters(database, {
      limit: atOnce,
      ...(place === undefined ? {} : { continue: place }),
    });
    const uids = page.items.map(({ uid }) => uid);
    const sync = new Map(
      (await readClusterSync(database, uids)).map((one) => [one.clusterUid, one]),
    );
    for (const cluster of page.items) count(fleet, cluster, sync.get(cluster.uid));
    place = page.continue;
  } while (place !== undefined);
  return fleet;
}

function count(
  fleet: Fleet,
  { name, kubeSystemUid }: ClusterRecord,
  sync: ClusterSyncRecord | undefined,
): void {
  const isConnected = sync?.connectedAt !== undefined && sync.disconnectedAt === undefined;
  fleet.total++;
  if (kubeSystemUid === undefined) fleet.awaiting.push(name);
  else if (!isConnected) fleet.offline.push(name);
  if (heldBy(sync) > 0) fleet.holding.push(name);
  if ((sync?.conditions ?? []).length > 0) fleet.warned.push(name);
}

function heldBy(sync: ClusterSyncRecord | undefined): number {
  const results = (sync?.results ?? {}) as { heldGains?: number; heldRemovals?: number };
  return (results.heldGains ?? 0) + (results.heldRemovals ?? 0);
}
