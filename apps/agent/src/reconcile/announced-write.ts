import { createHash } from 'node:crypto';
import { isBinding } from '@ambit/rbac';
import type { RbacObject, Write } from '@ambit/rbac';
import type { AnnouncedWrite, LostWrite } from '../audit/read-announcements.ts';
import type { AgentAuditEvent } from './object-audit.ts';
import { eventAs } from './object-audit.ts';
import { splitKey } from './observed-objects.ts';

export type WriteVerb = 'created' | 'updated' | 'deleted';

/** What an operation is meant to do, and what it leaves. */
export function meantBy(operation: Write): {
  readonly verb: WriteVerb;
  readonly after: RbacObject | undefined;
} {
  switch (operation.type) {
    case 'create':
      return { verb: 'created', after: operation.body };
    case 'update':
      return { verb: 'updated', after: operation.body };
    case 'delete':
      return { verb: 'deleted', after: undefined };
    case 'recreate':
      return operation.createHeld
        ? { verb: 'deleted', after: undefined }
        : { verb: 'updated', after: operation.body };
  }
}

/** Who is bound, as a short text to compare; undefined for roles, whose rules the API server may put otherwise. */
export function fingerprint(object: RbacObject | undefined): string | undefined {
  if (object === undefined || !isBinding(object)) return undefined;
  const names = (object.subjects ?? []).map(({ kind, name }) => `${kind} ${name}`).sort();
  return createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16);
}

type Seen = Pick<AnnouncedWrite, 'operation' | 'uid' | 'version' | 'noted' | 'leaves'>;

/**
 * Whether a write of which no answer is known has happened, by the object as it stands now. An object is written by one
 * agent, so that one of our name which was not there before is what we created, and one that is gone is what we deleted.
 */
export function hasHappened(write: Seen, now: RbacObject | undefined): boolean {
  const uid = now?.metadata.uid;
  switch (write.operation) {
    case 'create':
      return uid !== undefined && uid !== write.uid && uid !== write.noted;
    case 'update':
      return uid === write.uid && !isUntouched(write, now) && leaves(write, now);
    case 'delete':
    case 'recreate':
      return uid !== write.uid;
  }
}

/**
 * Whether both do the same to the same object, so that at most one of them can come to pass, or be told from the other
 * afterwards.
 */
export function isSameWrite(one: Seen, other: Seen): boolean {
  if (one.operation !== other.operation || one.uid !== other.uid) return false;
  return one.operation !== 'update' || one.leaves === other.leaves;
}

/** Nothing at all happened to the object since the write was announced. */
export function isUntouched(write: Seen, now: RbacObject | undefined): boolean {
  const { uid, resourceVersion } = now?.metadata ?? {};
  // Where one of ours stands that stood there before, none was made.
  if (uid !== undefined && uid === write.noted) return true;
  return uid === write.uid && resourceVersion === write.version && uid !== undefined;
}

/** The object as a later write of the same name found it, as far as its announcement says. */
export function foundBy({ key, uid, version }: LostWrite): RbacObject | undefined {
  if (uid === undefined) return undefined;
  const { kind, ...place } = splitKey(key);
  const metadata = {
    ...place,
    uid,
    ...(version === undefined ? {} : { resourceVersion: version }),
  };
  return { kind, metadata } as RbacObject;
}

function leaves({ leaves: meant }: Seen, now: RbacObject | undefined): boolean {
  return meant === undefined || meant === fingerprint(now);
}

/** What a write without an answer did: one that deletes first may have come to that only. */
export function verbOf({ operation }: Seen, now: RbacObject | undefined): WriteVerb {
  if (operation === 'create') return 'created';
  return now === undefined ? 'deleted' : 'updated';
}

/** The event of a write whose answer was lost. */
export function lateEvent(write: LostWrite, now: RbacObject | undefined): AgentAuditEvent {
  return { ...eventAs(write.event, write.key, verbOf(write, now), now), id: write.id };
}

/** The event of a write that an earlier process announced and did not come to tell. */
export function recoveredEvent(write: LostWrite, now: RbacObject | undefined): AgentAuditEvent {
  return { ...lateEvent(write, now), details: recoveredDetails(write) };
}

/** An earlier process announced it, and nothing shows that it happened, nor that it did not. */
export function unconfirmedEvent(write: LostWrite): AgentAuditEvent {
  const { id, event } = write;
  return {
    ...event,
    id,
    type: 'object.write_unconfirmed',
    message: `The agent was stopped while it wrote, and nothing shows whether it came to this: ${event.message}`,
    details: recoveredDetails(write),
  };
}

function recoveredDetails({
  event,
  announcedAt,
}: LostWrite): NonNullable<AgentAuditEvent['details']> {
  const at = new Date(announcedAt).toISOString();
  return { ...event.details, recovered: true, announcedAt: at };
}
