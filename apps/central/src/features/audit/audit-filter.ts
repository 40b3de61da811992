import type { AuditQuery } from '@ambit/contracts';
import { auditEventTypes } from '@ambit/domain';
import { AppError, didYouMean, instantMillis } from '@ambit/kernel';
import type { AuditQuery as StoredQuery } from '@ambit/persistence';

type Filter = Omit<StoredQuery, 'limit' | 'continue'>;

/** The filters of a request as the store takes them. Throws `invalid_request` for a type that does not exist. */
export function auditFilter(query: AuditQuery): Filter {
  const { since, until, user, actor, cluster, grant, q, type } = query;
  return {
    ...(since === undefined ? {} : { since: instantMillis(since) }),
    ...(until === undefined ? {} : { until: instantMillis(until) }),
    ...(user === undefined ? {} : { subject: user }),
    ...(actor === undefined ? {} : { actor }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(grant === undefined ? {} : { grant }),
    ...(q === undefined ? {} : { q }),
    ...(type === undefined ? {} : { types: type.split(',').flatMap(typesOf) }),
  };
}

function typesOf(pattern: string): string[] {
  const family = pattern.endsWith('.*') ? pattern.slice(0, -1) : undefined;
  const types = auditEventTypes.filter((type) =>
    family === undefined ? type === pattern : type.startsWith(family),
  );
  if (types.length > 0) return types;
  const [near] = didYouMean(pattern, auditEventTypes, 1);
  throw new AppError('invalid_request', `There is no audit event type ${pattern}.`, {
    hint: near === undefined ? `Types: ${auditEventTypes.join(', ')}` : `Did you mean ${near}?`,
  });
}
