import type { Millis } from '@ambit/kernel';
import { decodeAuditEvent } from '@ambit/protocol';
import type { ObjectKey } from '@ambit/rbac';
import { readWhole } from '../state/durable-file.ts';
import type { NewAuditEvent } from './audit-log.ts';
import type { Spool } from './spool.ts';

/** A write that is about to leave, and the event that tells of it when it went through. */
export interface AnnouncedWrite {
  readonly key: ObjectKey;
  readonly operation: 'create' | 'update' | 'delete' | 'recreate';
  /** Of the object that stood there before, if one did. */
  readonly uid?: string;
  readonly version?: string;
  /** Nothing showed it, but this one of ours may have stood there. */
  readonly noted?: string;
  /** Fingerprint of who is bound afterwards; absent where nothing of it can be compared. */
  readonly leaves?: string;
  readonly event: NewAuditEvent;
  /** Of the attempt at the same write whose answer is not known, and whose place this one takes; a new one otherwise. */
  readonly id?: string;
}

/** A write that was announced, and of which no event tells. */
export interface LostWrite extends AnnouncedWrite {
  readonly id: string;
  readonly announcedAt: Millis;
}

/** A line of the file. */
export interface StoredAnnouncement {
  readonly id: string;
  readonly at: Millis;
  /** The event of the write stands after this place of the spool, if it stands anywhere. */
  readonly epoch: string;
  readonly after: number;
  readonly write: AnnouncedWrite;
}

/** What the file announces and neither it nor the spool settles. A line that cannot be read was cut by a crash. */
export async function readAnnouncements(
  path: string,
  spool: Pick<Spool, 'epoch' | 'flushedSequence' | 'read'>,
): Promise<StoredAnnouncement[]> {
  const text = (await readWhole(path))?.toString() ?? '';
  const open = new Map<string, StoredAnnouncement>();
  for (const line of text.split('\n')) {
    const said = parse(line);
    if (said === undefined) continue;
    if ('done' in said) open.delete(said.done);
    else open.set(said.id, said);
  }
  if (open.size === 0) return [];
  const from = Math.min(...Array.from(open.values(), (one) => firstPlace(one, spool.epoch)));
  for (const id of await eventIds(spool, from)) open.delete(id);
  return [...open.values()];
}

/** Of another epoch nothing is known: its events may have got new numbers. */
function firstPlace({ epoch, after }: StoredAnnouncement, now: string): number {
  return epoch === now ? after + 1 : 1;
}

async function eventIds(
  spool: Pick<Spool, 'flushedSequence' | 'read'>,
  from: number,
): Promise<string[]> {
  const most = Math.max(1, spool.flushedSequence - from + 1);
  const items = await spool.read(from, most);
  return items.flatMap((item) => {
    const event = item.type === 'record' ? decodeAuditEvent(item.record.event) : undefined;
    return event === undefined ? [] : [event.id];
  });
}

function parse(line: string): StoredAnnouncement | { readonly done: string } | undefined {
  try {
    const said = JSON.parse(line) as Partial<StoredAnnouncement> & { readonly done?: unknown };
    if (typeof said.done === 'string') return { done: said.done };
    return isWhole(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Written by this program, so that only what a disk or a stranger made of it is looked for. */
function isWhole(said: Partial<StoredAnnouncement>): said is StoredAnnouncement {
  const { id, at, epoch, after, write } = said;
  return (
    typeof id === 'string' &&
    typeof at === 'number' &&
    typeof epoch === 'string' &&
    typeof after === 'number' &&
    typeof write?.key === 'string' &&
    typeof write.operation === 'string' &&
    typeof write.event?.message === 'string'
  );
}
