import { setImmediate as turn } from 'node:timers/promises';
import type { AuditEvent } from '@ambit/domain';
import type { Ids, Millis } from '@ambit/kernel';
import { writtenEvent } from '@ambit/persistence';
import type { IngestBatch, IngestRecord, WrittenEvent } from '@ambit/persistence';
import type { wire } from '@ambit/protocol';
import { agentEventId, judgeEvent } from './agent-event.ts';
import type { Doubt, EventOrigin } from './agent-event.ts';

export type BatchDoubt = Doubt | 'unreadable' | 'unstorable';

export interface JudgedBatch {
  readonly batch: IngestBatch;
  /** How often what was refused or doubted in it. */
  readonly doubts: ReadonlyMap<BatchDoubt, number>;
}

const gapReasons = new Set(['trimmed', 'corrupted', 'new_spool']);

/** How long everything else may wait for the events of one agent. */
const mostMs: Millis = 2;

/** A batch of an agent as it may be stored; worked off in pieces of a few milliseconds. */
export async function judgeBatch(
  records: readonly wire.AuditRecord[],
  origin: EventOrigin,
  ids: Ids,
): Promise<JudgedBatch> {
  const doubts = new Map<BatchDoubt, number>();
  const doubt = (what: BatchDoubt): void => void doubts.set(what, (doubts.get(what) ?? 0) + 1);
  const judged: IngestRecord[] = [];
  let began = performance.now();
  for (const record of records) {
    judged.push(toIngest(record, origin, doubt));
    if (performance.now() - began < mostMs) continue;
    await turn();
    began = performance.now();
  }
  if (!origin.chained && !doubts.has('chain')) doubt('chain');
  const { clusterUid, clusterName, spoolEpoch, receivedAt } = origin;
  const broken = chainBroken(origin, ids.uuid(), records[0]?.sequence ?? 0);
  return {
    doubts,
    batch: {
      clusterUid,
      clusterName,
      spoolEpoch,
      records: judged,
      notes: origin.chained ? [] : [writtenEvent(broken)],
      newEventId: () => ids.uuid(),
      at: receivedAt,
    },
  };
}

/** An event that this version cannot read becomes a gap of one: it is announced, not dropped. */
function toIngest(
  record: wire.AuditRecord,
  origin: EventOrigin,
  doubt: (what: BatchDoubt) => void,
): IngestRecord {
  const { sequence } = record;
  if (record.content === 'gap') {
    const { firstSequence, lastSequence } = record.gap;
    const reason = gapReasons.has(record.gap.reason) ? record.gap.reason : 'unknown';
    return { sequence, gap: { first: firstSequence, last: lastSequence, reason } };
  }
  const judged =
    record.content === 'event' ? judgeEvent(record.event, sequence, origin) : undefined;
  if (judged === undefined) {
    doubt('unreadable');
    return { sequence, gap: { first: sequence, last: sequence, reason: 'unreadable' } };
  }
  for (const what of judged.doubts) doubt(what);
  return { sequence, event: judged.event };
}

const byAgent = ({ clusterName }: EventOrigin): Pick<AuditEvent, 'actor' | 'cluster'> => ({
  actor: { kind: 'agent', name: `agent/${clusterName}` },
  cluster: clusterName,
});

function chainBroken(origin: EventOrigin, id: string, sequence: number): AuditEvent {
  const { clusterName, spoolEpoch, receivedAt } = origin;
  return {
    id,
    time: new Date(receivedAt).toISOString(),
    type: 'audit.chain_broken',
    ...byAgent(origin),
    message: `A batch of audit events of ${clusterName} does not follow the one before it: events may have been put in or left out`,
    details: { spoolEpoch, sequence },
  };
}

/** What stands in the trail for an event that the database refuses. */
export function unstorableEvent(
  origin: EventOrigin,
  sequence: number,
  reason: string,
): WrittenEvent {
  const { clusterName, spoolEpoch, receivedAt } = origin;
  return writtenEvent({
    id: agentEventId(origin, sequence),
    time: new Date(receivedAt).toISOString(),
    type: 'audit.unstorable',
    ...byAgent(origin),
    message: `An audit event of ${clusterName} was refused by the database (${reason})`,
    details: { spoolEpoch, sequence },
  });
}
