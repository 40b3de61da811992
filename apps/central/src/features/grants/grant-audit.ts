import { grantScopeText, hoursText } from '@ambit/domain';
import type { GrantRecord, NewAuditEvent, Put } from '@ambit/persistence';
import { listed, mostSubjects, objectOf } from '../policy/public.ts';
import type { Audit } from '../policy/public.ts';

/** What a put of a grant did; the subjects are those that hold it, held it, or both. */
export function auditGrant(
  { audit }: Audit,
  { outcome, record, previous }: Put<GrantRecord>,
): void {
  if (outcome === 'unchanged') return;
  audit.record({
    type: outcome === 'created' ? 'grant.created' : 'grant.updated',
    message: `Grant ${record.name} was ${outcome}: ${grantText(record)}`,
    ...grantFacts(record, previous),
  });
}

export function auditGrantDeleted({ audit }: Audit, record: GrantRecord): void {
  audit.record({
    type: 'grant.deleted',
    message: `Grant ${record.name} was deleted: ${grantText(record)}`,
    ...grantFacts(record),
  });
}

/** The time of a grant is over and the sweep took note of it; agents ended it by themselves. */
export function auditGrantEnded({ audit }: Audit, record: GrantRecord): void {
  audit.record({
    type: 'grant.ended',
    message: `Grant ${record.name} has ended: ${grantText(record)}`,
    ...grantFacts(record),
  });
}

const subjectsOf = ({ subjects }: GrantRecord): string[] =>
  subjects.map(({ kind, name }) => `${kindPrefix[kind]}${name}`);

/** Subjects as the command takes them. */
const kindPrefix = {
  User: '',
  Group: 'group/',
  ServiceIdentity: 'service/',
  Team: 'team/',
} as const;

function grantFacts(
  record: GrantRecord,
  previous?: GrantRecord,
): Pick<NewAuditEvent, 'object' | 'subjects' | 'grants' | 'details'> {
  const before = previous === undefined ? [] : subjectsOf(previous);
  const { source, until, match, hours, reason } = record;
  return {
    object: objectOf('Grant', record),
    grants: [record.name],
    subjects: [...new Set([...subjectsOf(record), ...before])].slice(0, mostSubjects),
    details: {
      role: record.role.name,
      scope: scopeText(record),
      source,
      ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
      ...(match === undefined ? {} : { match }),
      ...(hours === undefined ? {} : { hours: hoursText(hours) }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

function scopeText({ scope, clusters }: GrantRecord): string {
  const names = new Map(clusters.map(({ uid, name }) => [uid, name]));
  return grantScopeText(scope, (uid) => names.get(uid) ?? uid);
}

function grantText(record: GrantRecord): string {
  const until = record.until === undefined ? '' : ` until ${new Date(record.until).toISOString()}`;
  const when = record.match === undefined ? '' : ` when ${record.match}`;
  const hours = record.hours === undefined ? '' : ` within ${hoursText(record.hours)}`;
  return `${record.role.name} in ${scopeText(record)} for ${listed(subjectsOf(record))}${until}${when}${hours}`;
}
