import type { GrantSubjectWrite, GrantWrite, HoursWrite } from '@ambit/contracts';
import { weekdays } from '@ambit/domain';
import type { ClusterSelector, GrantHours, GrantScope, NamespaceSelector } from '@ambit/domain';
import { AppError, instantMillis } from '@ambit/kernel';
import type { HolderReference, KnownNames, PutGrant, SubjectReference } from '@ambit/persistence';
import { parseLabelSelector } from '@ambit/rbac';
import type { LabelSelector } from '@ambit/rbac';
import { uidOf, uidsOf } from '../policy/public.ts';

/** The spec of a grant as it is stored: references as uids, times as milliseconds. */
export function grantFields(
  names: KnownNames,
  spec: GrantWrite['spec'],
): Pick<
  PutGrant,
  'subjects' | 'roleUid' | 'scope' | 'until' | 'notBefore' | 'match' | 'hours' | 'reason'
> {
  return {
    subjects: subjectsOf(names, spec.subjects),
    roleUid: uidOf(names, 'Role', spec.role),
    scope: scopeOf(names, spec.scope),
    ...(spec.until === undefined ? {} : { until: instantMillis(spec.until) }),
    ...(spec.notBefore === undefined ? {} : { notBefore: instantMillis(spec.notBefore) }),
    ...(spec.when?.match === undefined ? {} : { match: spec.when.match }),
    ...(spec.when?.hours === undefined ? {} : { hours: spec.when.hours.map(inWeekOrder) }),
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
  };
}

/** Days are a set: their order is no change. */
const inWeekOrder = (hours: HoursWrite): GrantHours => ({
  ...hours,
  days: weekdays.filter((day) => hours.days.includes(day)),
});

function subjectsOf(
  names: KnownNames,
  subjects: GrantWrite['spec']['subjects'],
): HolderReference[] {
  return subjects.map((subject) => {
    const { kind, name } = subjectOf(subject);
    return { kind, uid: uidOf(names, kind, name) };
  });
}

/** Whom a subject names, and the field that names them. */
export function subjectOf({ user, group, service, team }: GrantSubjectWrite): {
  readonly kind: HolderReference['kind'];
  readonly name: string;
  readonly field: keyof GrantSubjectWrite;
} {
  if (user !== undefined) return { kind: 'User', name: user, field: 'user' };
  if (service !== undefined) return { kind: 'ServiceIdentity', name: service, field: 'service' };
  if (team !== undefined) return { kind: 'Team', name: team, field: 'team' };
  return { kind: 'Group', name: group ?? '', field: 'group' };
}

/** A subject as it is answered. */
export function subjectResponse({ kind, name }: SubjectReference): GrantSubjectWrite {
  switch (kind) {
    case 'User':
      return { user: name };
    case 'Group':
      return { group: name };
    case 'Team':
      return { team: name };
    case 'ServiceIdentity':
      return { service: name };
  }
}

function scopeOf(known: KnownNames, scope: GrantWrite['spec']['scope']): GrantScope {
  return { clusters: clusterSelectorOf(known, scope.clusters), namespaces: namespacesOf(scope) };
}

/** Which clusters, with those that are named as uids. */
export function clusterSelectorOf(
  known: KnownNames,
  clusters: GrantWrite['spec']['scope']['clusters'],
): ClusterSelector {
  const { names, all } = clusters;
  if (names !== undefined) return { type: 'names', uids: uidsOf(known, 'Cluster', names).sort() };
  return all === true ? { type: 'all' } : { type: 'selector', selector: labelSelector(clusters) };
}

function namespacesOf({ namespaces }: GrantWrite['spec']['scope']): NamespaceSelector {
  if (namespaces === undefined) return { type: 'clusterWide' };
  if (namespaces.names !== undefined)
    return { type: 'names', names: [...new Set(namespaces.names)].sort() };
  if (namespaces.all === true) return { type: 'all' };
  if (namespaces.owned === true) return { type: 'owned' };
  return { type: 'selector', selector: labelSelector(namespaces) };
}

type Selecting = Pick<GrantWrite['spec']['scope']['clusters'], 'matchLabels' | 'matchExpressions'>;

function labelSelector({ matchLabels, matchExpressions }: Selecting): LabelSelector {
  const parsed = parseLabelSelector({ matchLabels, matchExpressions });
  if (!parsed.ok) {
    throw new AppError('invalid_policy', 'A label selector is not valid.', {
      errors: parsed.problems,
    });
  }
  return parsed.value;
}
