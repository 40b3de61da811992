import type { CentralEventType } from '@ambit/domain';
import type { NewAuditEvent, PlainRecord, Put, Transaction } from '@ambit/persistence';
import type { Followed, Identified } from './policy-kind.ts';

export type Audit = Pick<Transaction, 'audit'>;

/** Most subjects that one event lists. */
export const mostSubjects = 32;

export const objectOf = (
  kind: string,
  { name, uid }: Identified,
): NonNullable<NewAuditEvent['object']> => ({ kind, name, uid });

/** Up to four names, or three and how many more. */
export const listed = (names: readonly string[]): string =>
  names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

/** How the end of an object of a kind is told. */
export interface RemovalEvent {
  readonly kind: string;
  readonly type: CentralEventType;
  /** `deleted` unless said. */
  readonly verb?: string;
  readonly facts?: Pick<NewAuditEvent, 'cluster' | 'subjects'>;
}

/** A removed object with the grants that were narrowed or went with it. Gives it back. */
export function auditRemoved<F extends Followed>(
  { audit }: Audit,
  { kind, type, verb = 'deleted', facts }: RemovalEvent,
  removed: F,
): F {
  const { record, memberships = 0, narrowedGrants = [], removedGrants = [] } = removed;
  const grants = [...narrowedGrants, ...removedGrants];
  audit.record({
    type,
    message: `${kind} ${record.name} was ${verb}`,
    object: objectOf(kind, record),
    ...facts,
    ...(grants.length === 0 ? {} : { grants: grants.slice(0, mostSubjects) }),
    details: { memberships, grants: grants.length },
  });
  const because = `${kind.toLowerCase()} ${record.name} is gone`;
  const followed = (followedType: CentralEventType, name: string, what: string): void =>
    audit.record({
      type: followedType,
      message: `Grant ${name} was ${what}: ${because}`,
      object: { kind: 'Grant', name },
      grants: [name],
    });
  for (const name of narrowedGrants) followed('grant.updated', name, 'narrowed');
  for (const name of removedGrants)
    followed('grant.deleted', name, 'deleted, nothing is left of it');
  return removed;
}

/** An object of a kind of which the spec is all that there is; nothing is told of one that stayed as it was. */
export function auditPlainPut(
  { audit }: Audit,
  { outcome, record }: Put<PlainRecord>,
  details?: NonNullable<NewAuditEvent['details']>,
): void {
  if (outcome === 'unchanged') return;
  audit.record({
    type: outcome === 'created' ? 'policy.created' : 'policy.updated',
    message: `${record.kind} ${record.name} was ${outcome}`,
    object: objectOf(record.kind, record),
    ...(details === undefined ? {} : { details }),
  });
}
