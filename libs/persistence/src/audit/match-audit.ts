import type { AuditFilter } from './audit-filter.ts';
import { toEventRow, type EventRow } from './event-row.ts';
import type { TailEvent } from './tail-audit.ts';

type Candidate = Pick<TailEvent, 'event' | 'receivedAt'>;

type Check = (row: EventRow, receivedAt: number) => boolean;

/** One check for each field of the filter: a field that is added to the SQL is asked for here by the compiler. */
const checks: {
  readonly [F in keyof AuditFilter]-?: (wanted: Exclude<AuditFilter[F], undefined>) => Check;
} = {
  types: (types) => {
    const known = new Set(types);
    return ({ type }) => known.has(type);
  },
  actor: (actor) => (row) => row.actor === actor,
  cluster: (cluster) => (row) => row.cluster === cluster,
  objectKind: (kind) => (row) => row.object_kind === kind,
  objectName: (name) => (row) => row.object_name === name,
  subject: (subject) => (row) => row.event.subjects?.includes(subject) === true,
  grant: (grant) => (row) => row.event.grants?.includes(grant) === true,
  since: (since) => (_, receivedAt) => receivedAt >= since,
  until: (until) => (_, receivedAt) => receivedAt < until,
  q: (q) => {
    const wanted = q.toLowerCase();
    return ({ event }) => event.message.toLowerCase().includes(wanted);
  },
};

/** The filter as `listAudit` and `tailAudit` apply it, for events that are in memory already. */
export function auditMatcher(filter: AuditFilter): (candidate: Candidate) => boolean {
  const wanted = Object.keys(filter).flatMap((field) => checkOf(filter, field));
  return ({ event, receivedAt }) => {
    const row = toEventRow(event);
    return wanted.every((check) => check(row, receivedAt));
  };
}

function checkOf(filter: AuditFilter, field: string): Check[] {
  const name = field as keyof AuditFilter;
  const value = filter[name];
  return value === undefined ? [] : [(checks[name] as (wanted: unknown) => Check)(value)];
}
