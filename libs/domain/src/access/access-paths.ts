import { compareText, type Millis } from '@ambit/kernel';
import { grantScopeText, reachText } from '../names/scope-text.ts';
import type { PolicyGrant } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import type { AccessPath } from './access-answer.ts';

/** The path through a grant, and through a group of it when one is named. */
export function accessPath(policy: PolicyView, grant: PolicyGrant, through?: string): AccessPath {
  return {
    grant: grant.name,
    grantUid: grant.uid,
    role: policy.role(grant.roleUid)?.name ?? '',
    ...(through === undefined ? {} : { through }),
    scope: grantScopeText(grant.scope, (uid) => policy.cluster(uid)?.name ?? uid),
    reach: reachText(grant.scope.namespaces),
    ...(grant.until === undefined ? {} : { until: grant.until }),
  };
}

/** Those without end first, then the last to end; by name where equal. */
export function byLastingLongest(a: AccessPath, b: AccessPath): number {
  const ends = (b.until ?? Infinity) - (a.until ?? Infinity);
  if (ends !== 0 && !Number.isNaN(ends)) return ends;
  return compareText(a.grant, b.grant) || compareText(a.through ?? '', b.through ?? '');
}

/** When access by any of the paths ends: `{}` when one of them has no end. */
export function untilOf(paths: readonly AccessPath[]): { readonly until?: Millis } {
  let last: Millis | undefined;
  for (const { until } of paths) {
    if (until === undefined) return {};
    if (last === undefined || until > last) last = until;
  }
  return last === undefined ? {} : { until: last };
}
