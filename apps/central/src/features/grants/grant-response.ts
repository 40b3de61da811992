import { apiVersion } from '@ambit/contracts';
import type { Grant, Scope } from '@ambit/contracts';
import { grantStatus, hoursText, windowAt } from '@ambit/domain';
import type {
  ClusterSelector,
  GrantHours,
  GrantScope,
  GrantTimes,
  LabelSelector,
} from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { GrantRecord } from '@ambit/persistence';
import { subjectResponse } from './grant-fields.ts';
import { objectMeta, timestamp } from '../../platform/object-response.ts';
import { grantConditions } from './grant-conditions.ts';
import type { HoursTold } from './grant-conditions.ts';
import type { GrantStanding } from './grants-in-force.ts';

/** The grant as it is answered; its state is that of `now`. */
export function grantResponse(grant: GrantRecord, now: Millis, standing: GrantStanding): Grant {
  const state = grantStatus(timesOf(grant), now);
  return {
    apiVersion,
    kind: 'Grant',
    metadata: { ...objectMeta(grant), source: grant.source },
    spec: {
      subjects: grant.subjects.map(subjectResponse),
      role: grant.role.name,
      scope: scopeResponse(
        grant.scope,
        new Map(grant.clusters.map(({ uid, name }) => [uid, name])),
      ),
      ...(grant.until === undefined ? {} : { until: timestamp(grant.until) }),
      ...(grant.notBefore === undefined ? {} : { notBefore: timestamp(grant.notBefore) }),
      ...whenResponse(grant),
      ...(grant.reason === undefined ? {} : { reason: grant.reason }),
    },
    status: {
      state,
      ...grantConditions(state, standing, hoursTold(grant, now)),
      ...(standing.condition === undefined ? {} : { matched: standing.condition.people }),
    },
  };
}

const timesOf = ({ laid, ...grant }: GrantRecord): GrantTimes => ({
  ...grant,
  ...(laid === undefined ? {} : { windows: laid.windows }),
});

function whenResponse({ match, hours }: GrantRecord): Pick<Grant['spec'], 'when'> {
  if (match === undefined && hours === undefined) return {};
  return { when: { ...defined({ match, hours: hours?.map(hoursResponse) }) } };
}

const hoursResponse = ({ days, ...times }: GrantHours) => ({ days: [...days], ...times });

/** What is told of the hours: when the grant holds, and until when or when next. */
function hoursTold(grant: GrantRecord, now: Millis): HoursTold | undefined {
  if (grant.hours === undefined) return undefined;
  const text = hoursText(grant.hours);
  const window = windowAt(timesOf(grant), now);
  if (window === undefined) return { text };
  return window.from <= now
    ? { text, until: timestamp(window.until) }
    : { text, next: timestamp(window.from) };
}

function scopeResponse(
  { clusters, namespaces }: GrantScope,
  names: ReadonlyMap<string, string>,
): Scope {
  const selected = clusterSelectorResponse(clusters, names);
  if (namespaces.type === 'clusterWide') return { clusters: selected, clusterWide: true };
  if (namespaces.type === 'names')
    return { clusters: selected, namespaces: { names: [...namespaces.names] } };
  if (namespaces.type === 'owned') return { clusters: selected, namespaces: { owned: true } };
  if (namespaces.type === 'all') return { clusters: selected, namespaces: { all: true } };
  return { clusters: selected, namespaces: selectorResponse(namespaces.selector) };
}

/** Which clusters, as people write it. */
export function clusterSelectorResponse(
  clusters: ClusterSelector,
  names: ReadonlyMap<string, string>,
): Scope['clusters'] {
  if (clusters.type === 'names')
    return { names: clusters.uids.map((uid) => names.get(uid) ?? uid).sort() };
  return clusters.type === 'all' ? { all: true } : selectorResponse(clusters.selector);
}

/** `In` with one value is answered as matchLabels, the way people write it. */
function selectorResponse({ requirements }: LabelSelector): Scope['clusters'] {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: { key: string; operator: string; values?: string[] }[] = [];
  for (const { key, operator, values } of requirements) {
    const [value] = values;
    if (operator === 'In' && values.length === 1 && value !== undefined && !(key in matchLabels)) {
      matchLabels[key] = value;
    } else {
      matchExpressions.push({
        key,
        operator,
        ...(values.length === 0 ? {} : { values: [...values] }),
      });
    }
  }
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}
