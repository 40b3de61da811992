import { parseJson } from '@ambit/kernel';
import type { AuditEvent } from '@ambit/domain';
import type * as wire from '../core/generated/messages.ts';
import { wireLimits } from '../core/limits.ts';
import { codecOf } from './codec.ts';

const batchCodec = codecOf<wire.AuditBatch>('AuditBatch');
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
// Tags and lengths of a record and of the batch around it.
const recordOverheadBytes = 24;
const batchOverheadBytes = 256;
const longestMessage = 2048;

/**
 * An event as JSON of at most `wireLimits.auditEventBytes`; one that is larger loses its details, never itself. Its fields
 * stand in one order whoever made it: so written, central need not take it apart.
 */
export function encodeAuditEvent(event: AuditEvent): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(inOrder(event)));
  if (bytes.length <= wireLimits.auditEventBytes) return bytes;
  const { id, time, type, actor, message, cluster, object, revision } = event;
  const short = {
    id,
    time,
    type,
    actor,
    cluster,
    object,
    revision,
    message: message.slice(0, longestMessage),
    details: { truncated: true },
  };
  return encoder.encode(JSON.stringify(inOrder(short)));
}

const noField = undefined;
const orderOfActor = { kind: noField, name: noField };
const orderOfObject = { kind: noField, name: noField, uid: noField, namespace: noField };
const orderOfEvent = {
  id: noField,
  time: noField,
  type: noField,
  actor: noField,
  message: noField,
  cluster: noField,
  object: noField,
  subjects: noField,
  grants: noField,
  revision: noField,
  result: noField,
  details: noField,
};

/** The same fields; JSON leaves out those that have no value. */
function inOrder(event: {
  readonly [Field in keyof AuditEvent]?: AuditEvent[Field] | undefined;
}): object {
  const { actor, object } = event;
  return {
    ...orderOfEvent,
    ...event,
    ...(actor === undefined ? {} : { actor: { ...orderOfActor, ...actor } }),
    ...(object === undefined ? {} : { object: { ...orderOfObject, ...object } }),
  };
}

/**
 * The event in these bytes; undefined when they hold none. Its type may be one that this version does not know:
 * a newer agent may have more to tell.
 */
export function decodeAuditEvent(bytes: Uint8Array): AuditEvent | undefined {
  if (bytes.length > wireLimits.auditEventBytes) return undefined;
  try {
    const value: unknown = parseJson(decoder.decode(bytes));
    return isAuditEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function isAuditEvent(value: unknown): value is AuditEvent {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as Partial<Record<keyof AuditEvent, unknown>>;
  const { actor, time } = event;
  const hasActor =
    typeof actor === 'object' && actor !== null && 'kind' in actor && 'name' in actor;
  const texts = [event.id, event.type, event.message, time];
  return hasActor && texts.every(isText) && !Number.isNaN(Date.parse(String(time)));
}

export interface FilledAuditBatch {
  /** The batch as it goes over the wire. */
  readonly bytes: Uint8Array;
  /** How many of the records are in it. */
  readonly taken: number;
}

/** As many of the records, in their order, as one batch may hold; at least one when there are any. */
export function fillAuditBatch(
  spoolEpoch: string,
  records: readonly wire.AuditRecord[],
  previousHash: Uint8Array,
): FilledAuditBatch {
  let left: number = wireLimits.chunkBytes - batchOverheadBytes;
  let taken = 0;
  for (const record of records.slice(0, wireLimits.auditRecords)) {
    const event = record.content === 'event' ? record.event.length : 64;
    left -= event + recordOverheadBytes;
    if (left < 0 && taken > 0) break;
    taken++;
  }
  const batch = { spoolEpoch, records: records.slice(0, taken), previousHash };
  return { bytes: batchCodec.encode(batch), taken };
}

/** What is wrong with a batch that came in, as a sentence; undefined when nothing is. */
export function auditBatchProblem(batch: wire.AuditBatch, bytes: Uint8Array): string | undefined {
  if (bytes.length > wireLimits.chunkBytes) return 'The batch is over 256 KiB.';
  if (batch.records.length === 0) return 'The batch is empty.';
  if (batch.records.length > wireLimits.auditRecords) return 'The batch has over 512 records.';
  if (batch.spoolEpoch === '') return 'The batch names no spool epoch.';
  let last = 0;
  for (const record of batch.records) {
    const problem = recordProblem(record, last);
    if (problem !== undefined) return problem;
    last = record.sequence;
  }
  return undefined;
}

function recordProblem(record: wire.AuditRecord, last: number): string | undefined {
  if (record.content === undefined) return `Record ${record.sequence} is empty.`;
  const first = record.content === 'gap' ? record.gap.firstSequence : record.sequence;
  if (first <= last || record.sequence < first) return 'The sequence numbers do not ascend.';
  if (record.content === 'gap' && record.gap.lastSequence !== record.sequence) {
    return 'A gap does not end at its own sequence number.';
  }
  return undefined;
}
