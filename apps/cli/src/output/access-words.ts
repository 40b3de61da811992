import type { AccessEvidence, AccessPath, AskedTarget, AsOf } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { relativeTime, shortDuration } from './relative-time.ts';

/** `get deployments.apps in namespace payments of prod-eu`: the question as central understood it. */
export function askedText(
  { verb, cluster }: { readonly verb: string; readonly cluster: string },
  { text, name, scope }: AskedTarget,
): string {
  const named = name === undefined ? '' : ` named ${name}`;
  const where = scope === 'cluster-wide' ? 'cluster-wide in' : `${scope} of`;
  return printable(`${verb} ${text}${named} ${where} ${cluster}`);
}

/** True when nobody could check what was asked about: then nothing that is missing is a no. */
export const isUnknown = (asked: AskedTarget | undefined): boolean => asked?.basis === 'unknown';

/** `group/sre (scim:okta) team/payments`: what stands between somebody and a grant, in the order in which it leads there. */
export const betweenText = ({
  group,
  sources = [],
  team,
}: Pick<AccessPath, 'group' | 'sources' | 'team'>): string =>
  [group === undefined ? '' : groupText(group, sources), team === undefined ? '' : `team/${team}`]
    .filter((text) => text !== '')
    .join(' ');

/** A group, with where the membership comes from when not only somebody here wrote it. */
function groupText(group: string, sources: readonly string[]): string {
  const given = sources.some((source) => source !== 'local');
  return given ? `group/${group} (${sources.join(', ')})` : `group/${group}`;
}

/** Of when an answer is; nothing for one of now. */
export function pastWarnings(asOf: AsOf | undefined): string[] {
  if (asOf === undefined) return [];
  const { revision, time } = asOf;
  return [
    printable(
      `as of revision ${revision}, ${time}; namespaces, existing ClusterRoles, ceilings and sources of memberships are those of now; what others bound then is not known`,
    ),
  ];
}

/** `grant/sre-prod (ops) in namespace pay through group/sre, ends in 42m`. */
export function pathText(path: AccessPath, now: number): string {
  const { grant, role, reach, until, hours } = path;
  const between = betweenText(path);
  const where = reach === undefined ? '' : ` ${reach}`;
  const through = between === '' ? '' : ` through ${between}`;
  const end = until === undefined ? '' : `, ends ${relativeTime(until, now)}`;
  const within = hours === undefined ? '' : `, within ${hours}`;
  return printable(`grant/${grant} (${role})${where}${through}${end}${within}`);
}

/** What makes an answer less than certain, one line each; nothing when it is as good as it gets. */
export function evidenceWarnings({ cluster, connected, ageSeconds }: AccessEvidence): string[] {
  if (ageSeconds === undefined) {
    return [`${cluster} never told its roles: nothing is in force there as far as is known`];
  }
  const age = shortDuration(ageSeconds * 1000);
  return connected ? [] : [`${cluster} is offline; the answer rests on what it told ${age} ago`];
}
