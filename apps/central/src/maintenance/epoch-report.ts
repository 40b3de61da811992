import type { AuditEvent } from '@ambit/domain';
import { AppError, counted } from '@ambit/kernel';
import {
  findInstallation,
  holderName,
  listAudit,
  listClusters,
  listStatesAhead,
  readClusterSync,
} from '@ambit/persistence';
import type { ClusterRecord, ClusterSyncRecord, Database, StateAhead } from '@ambit/persistence';
import type { CentralSettings } from '../config.ts';
import { withDatabase } from './with-database.ts';

type Write = (line: string) => void;
const atOnce = 500;

interface Seen {
  readonly sync: ClusterSyncRecord | undefined;
  readonly taken: AuditEvent | undefined;
}

/** Prints what the present state epoch changed in each cluster, what is held there, and what to do next. */
export async function reportEpoch(settings: CentralSettings, write: Write): Promise<void> {
  await withDatabase(settings, async ({ database }) => {
    const installation = await findInstallation(database);
    if (installation === null) throw new AppError('not_ready', 'There is no installation yet.');
    const { stateEpoch } = installation;
    write(`state epoch ${stateEpoch}`);
    for (const line of aheadLines(await listStatesAhead(database))) write(line);
    const taken = await takenBy(database, stateEpoch);
    let place: string | undefined;
    do {
      const page = await listClusters(database, {
        limit: atOnce,
        ...(place === undefined ? {} : { continue: place }),
      });
      const sync = await readClusterSync(
        database,
        page.items.map(({ uid }) => uid),
      );
      const byUid = new Map(sync.map((record) => [record.clusterUid, record]));
      for (const cluster of page.items) {
        const seen = { sync: byUid.get(cluster.uid), taken: taken.get(cluster.name) };
        for (const line of clusterLines(cluster, seen, stateEpoch)) write(line);
      }
      place = page.continue;
    } while (place !== undefined);
  });
}

function aheadLines(ahead: readonly StateAhead[]): string[] {
  if (ahead.length === 0) return [];
  const lines = ahead.map(
    (one) => `  ${holderName(one)} holds revision ${one.heldRevision} of epoch ${one.heldEpoch}`,
  );
  return ['No change is taken; next: ambit-central epoch raise', ...lines];
}

/** The newest word of each agent on the epoch, by cluster. */
async function takenBy(
  database: Database,
  stateEpoch: number,
): Promise<ReadonlyMap<string, AuditEvent>> {
  const newest = new Map<string, AuditEvent>();
  let place: string | undefined;
  do {
    const page = await listAudit(database, {
      types: ['state.epoch_taken'],
      limit: atOnce,
      ...(place === undefined ? {} : { continue: place }),
    });
    for (const event of page.items) {
      const { cluster, details } = event;
      if (cluster === undefined || details?.['stateEpoch'] !== stateEpoch) continue;
      if (!newest.has(cluster)) newest.set(cluster, event);
    }
    place = page.continue;
  } while (place !== undefined);
  return newest;
}

function clusterLines(cluster: ClusterRecord, { sync, taken }: Seen, stateEpoch: number): string[] {
  const { name, kubeSystemUid } = cluster;
  if (kubeSystemUid === undefined) return [`cluster ${name}: no agent was ever enrolled`];
  if (taken === undefined) {
    return [`cluster ${name}: its agent has not said that it took epoch ${stateEpoch}`];
  }
  const { gained, lost, more, gainedBindings = 0, lostBindings = 0 } = detailsOf(taken);
  const left = typeof more === 'number' && more > 0 ? [`  … and ${more} more`] : [];
  return [
    `cluster ${name}: ${numberOf(gainedBindings)} would come, ${numberOf(lostBindings)} went`,
    ...linesOf(gained).map((line) => `  + ${line}`),
    ...linesOf(lost).map((line) => `  - ${line}`),
    ...left,
    ...heldLines(name, sync),
  ];
}

const detailsOf = ({ details }: AuditEvent): Readonly<Record<string, unknown>> => details ?? {};

/** An agent wrote it, whatever it is. */
const numberOf = (told: unknown): string => (typeof told === 'number' ? String(told) : '?');

/** An agent wrote them: nothing in them may move the cursor of a terminal. */
function linesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((line) => String(line).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}'));
}

function heldLines(name: string, sync: ClusterSyncRecord | undefined): string[] {
  const { heldGains = 0, heldRemovals = 0 } = (sync?.results ?? {}) as {
    readonly heldGains?: number;
    readonly heldRemovals?: number;
  };
  return [
    ...(heldGains > 0
      ? [`  ${counted(heldGains, 'gain')} held; ambit cluster release-gains ${name}`]
      : []),
    ...(heldRemovals > 0
      ? [`  ${counted(heldRemovals, 'removal')} held; ambit cluster release-removals ${name}`]
      : []),
  ];
}
