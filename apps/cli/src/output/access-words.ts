import type { AccessEvidence, AccessPath } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { relativeTime, shortDuration } from './relative-time.ts';

/** `grant/sre-prod (ops) through group/sre, ends in 42m`. */
export function pathText({ grant, role, group, until }: AccessPath, now: number): string {
  const through = group === undefined ? '' : ` through group/${group}`;
  const end = until === undefined ? '' : `, ends ${relativeTime(until, now)}`;
  return printable(`grant/${grant} (${role})${through}${end}`);
}

/** What makes an answer less than certain, one line each; nothing when it is as good as it gets. */
export function evidenceWarnings({ cluster, connected, ageSeconds }: AccessEvidence): string[] {
  if (ageSeconds === undefined) {
    return [`${cluster} never told its roles: nothing is in force there as far as is known`];
  }
  const age = shortDuration(ageSeconds * 1000);
  return connected ? [] : [`${cluster} is offline; the answer rests on what it told ${age} ago`];
}
