import type { AgentEventType, AuditEvent } from '@ambit/domain';
import type { AuditRecorder, NewAuditEvent } from '../audit/audit-log.ts';
import { ambitAnnotations, annotatedEnd, isBinding } from '@ambit/rbac';
import type { DesiredObject, ObjectKey, RbacObject, RbacSubject, Write } from '@ambit/rbac';
import { splitKey } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';

export type { AuditRecorder };
export type AgentAuditEvent = NewAuditEvent;

const mostSubjects = 32;
const mostGrants = 16;

interface Written {
  readonly operation: Write;
  readonly verb: 'created' | 'updated' | 'deleted';
  readonly before: RbacObject | undefined;
  readonly after: RbacObject | undefined;
  readonly desired: DesiredObject | undefined;
  readonly revision: number;
  /** The upper end of the present, in milliseconds. */
  readonly high: number;
}

/** The event of a write that went through. */
export function writeEvent(written: Written): AgentAuditEvent {
  const { operation, verb, before, after, revision } = written;
  const { key } = operation;
  const ended = verb === 'deleted' && hasEnded(before, written.high);
  const place = placeOf(key);
  return {
    type: ended ? 'grant.enforced_end' : writeType(key, verb),
    message: ended ? `Access ended: ${place} was deleted at its time` : `${place} was ${verb}`,
    object: objectOf(key, after ?? before),
    revision,
    ...subjectsOf(written),
    ...grantsOf(written),
  };
}

/** The same write, as it turned out to be. */
export function eventAs(
  event: AgentAuditEvent,
  key: ObjectKey,
  verb: Written['verb'],
  now: RbacObject | undefined,
): AgentAuditEvent {
  const type = writeType(key, verb);
  const isMeant = event.type === type || event.type === 'grant.enforced_end';
  const { uid } = event.object ?? {};
  return {
    ...event,
    ...(isMeant ? {} : { type, message: `${placeOf(key)} was ${verb}` }),
    object: { ...(uid === undefined ? {} : { uid }), ...objectOf(key, now) },
  };
}

function hasEnded(object: RbacObject | undefined, high: number): boolean {
  return object !== undefined && (annotatedEnd(object) ?? Infinity) <= high;
}

const bindingTypes = {
  created: { type: 'binding.created' },
  updated: { type: 'binding.updated' },
  deleted: { type: 'binding.deleted' },
} as const;

const roleTypes = {
  created: { type: 'role_object.created' },
  updated: { type: 'role_object.updated' },
  deleted: { type: 'role_object.deleted' },
} as const;

function writeType(key: ObjectKey, verb: Written['verb']): AgentEventType {
  return (splitKey(key).kind.endsWith('Binding') ? bindingTypes : roleTypes)[verb].type;
}

function placeOf(key: ObjectKey): string {
  const { kind, name, namespace } = splitKey(key);
  return `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** Somebody changed an object of ours. */
export function driftEvent(
  key: ObjectKey,
  what: 'deleted' | 'changed',
  live: LiveObject | undefined,
): AgentAuditEvent {
  const by = live === undefined ? undefined : lastManager(live);
  return {
    type: 'drift.detected',
    message: `${placeOf(key)} was ${what} by ${by ?? 'somebody'}; it is being put right`,
    object: objectOf(key, live),
    ...(by === undefined ? {} : { details: { observedManager: by } }),
  };
}

export function objectEvent(
  type: AgentEventType,
  key: ObjectKey,
  message: string,
  details?: Readonly<Record<string, string | number | boolean>>,
): AgentAuditEvent {
  return {
    type,
    message,
    object: objectOf(key, undefined),
    ...(details === undefined ? {} : { details }),
  };
}

function objectOf(
  key: ObjectKey,
  object: RbacObject | undefined,
): NonNullable<AuditEvent['object']> {
  const { kind, name, namespace } = splitKey(key);
  const uid = object?.metadata.uid;
  return {
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
}

function subjectsOf({ operation, before, after }: Written): { subjects?: readonly string[] } {
  const changed =
    operation.type === 'update' && after !== undefined
      ? [...operation.loses, ...operation.gains]
      : subjectsIn(after ?? before);
  const names = changed.slice(0, mostSubjects).map(({ name }) => name);
  return names.length === 0 ? {} : { subjects: names };
}

function subjectsIn(object: RbacObject | undefined): readonly RbacSubject[] {
  return object !== undefined && isBinding(object) ? (object.subjects ?? []) : [];
}

function grantsOf({ desired, before }: Written): { grants?: readonly string[] } {
  const stored = before?.metadata.annotations?.[ambitAnnotations.intents]?.split(',') ?? [];
  const grants = desired?.grants ?? stored.filter((name) => name !== '');
  return grants.length === 0 ? {} : { grants: grants.slice(0, mostGrants) };
}

/** As the API server names us: the first word of our user agent. */
const ourManager = 'ambit-agent';
const nobody: ReadonlySet<string> = new Set([ourManager, 'unknown', '']);

/**
 * Who wrote last by the API server's own record; it names programs, as kubectl does, not people. Who only takes fields
 * away leaves no entry there: then our own is the last one, and nobody is named. Nor is a program that did not say what it
 * is, which the API server notes as `unknown`.
 */
export function lastManager(live: LiveObject): string | undefined {
  const fields = live.metadata.managedFields;
  if (!Array.isArray(fields)) return undefined;
  const entries = fields as { manager?: string; time?: string }[];
  const last = entries.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1)).at(-1);
  const { manager = '' } = last ?? {};
  return nobody.has(manager) ? undefined : manager;
}
