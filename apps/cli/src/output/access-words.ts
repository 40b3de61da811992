import type { AccessEvidence, AccessPath, AskedTarget } from '@ambit/contracts';
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

/** `grant/sre-prod (ops) in namespace pay through group/sre, ends in 42m`. */
export function pathText({ grant, role, reach, group, until }: AccessPath, now: number): string {
  const where = reach === undefined ? '' : ` ${reach}`;
  const through = group === undefined ? '' : ` through group/${group}`;
  const end = until === undefined ? '' : `, ends ${relativeTime(until, now)}`;
  return printable(`grant/${grant} (${role})${where}${through}${end}`);
}

/** What makes an answer less than certain, one line each; nothing when it is as good as it gets. */
export function evidenceWarnings({ cluster, connected, ageSeconds }: AccessEvidence): string[] {
  if (ageSeconds === undefined) {
    return [`${cluster} never told its roles: nothing is in force there as far as is known`];
  }
  const age = shortDuration(ageSeconds * 1000);
  return connected ? [] : [`${cluster} is offline; the answer rests on what it told ${age} ago`];
}
