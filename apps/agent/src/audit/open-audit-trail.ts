import type { Clock, Ids, Logger, Random } from '@ambit/kernel';
import type { CentralConnection } from '@ambit/transport';
import type { AgentMeters } from '../platform/observation.ts';
import { AuditLog } from './audit-log.ts';
import { AuditShipper } from './shipper.ts';
import { Spool } from './spool.ts';
import { WriteAnnouncements } from './write-announcements.ts';

export interface AuditTrail {
  readonly spool: Spool;
  readonly log: AuditLog;
  readonly shipper: AuditShipper;
  readonly announcements: WriteAnnouncements;
}

/** Spool, log, upload and announced writes of one agent. The upload is not started. Throws `storage_full` or `storage_unwritable`. */
export async function openAuditTrail(options: {
  readonly folder: string;
  /** File of the writes that are announced. */
  readonly writes: string;
  /** Name of the cluster. */
  readonly cluster: string;
  readonly ids: Ids;
  readonly dial: () => CentralConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meters: Pick<
    AgentMeters,
    'driftCorrections' | 'ceilingRefusals' | 'auditDropped' | 'auditCuts'
  >;
}): Promise<AuditTrail> {
  const { ids, clock, cluster, logger, random, meters, dial } = options;
  const spool = await Spool.open({ folder: options.folder, newEpoch: () => ids.uuid(), logger });
  spool.onDropped((events, reason) => meters.auditDropped.inc({ reason }, events));
  const log = new AuditLog({ spool, ids, clock, cluster });
  log.onRecorded(({ type, object }) => {
    if (type === 'drift.corrected') meters.driftCorrections.inc({ kind: object?.kind ?? '' });
    if (type === 'ceiling.refused') meters.ceilingRefusals.inc();
  });
  const path = options.writes;
  const announcements = await WriteAnnouncements.open({ path, spool, ids, clock, logger });
  log.onRecorded(({ id }, sequence) => announcements.recorded(id, sequence));
  const onCut = (): void => meters.auditCuts.inc();
  const shipper = new AuditShipper({ spool, dial, clock, random, logger, onCut });
  return { spool, log, shipper, announcements };
}
