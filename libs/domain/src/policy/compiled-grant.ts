import type { Millis } from '@ambit/kernel';
import { windowAt } from '../grants/grant-times.ts';
import type { GrantSubject, PolicyGrant } from '../policy-objects.ts';

/** What a part of a grant stands for. */
export interface GrantPart {
  readonly of: PolicyGrant;
  /** Those of its subjects that the part is about. */
  readonly names: readonly GrantSubject[];
  /** Name of the group of those of them for whom the condition of the grant holds. */
  readonly group?: string;
}

/**
 * A grant as it is compiled. One that names teams is compiled in parts: the subjects of a part are people and groups, and its
 * namespaces are never `owned`. So is one with a condition, whose parts name its groups, and one with hours: a part holds within
 * one of its windows. Every other grant is compiled as it is written.
 */
export type CompiledGrant = PolicyGrant & {
  readonly part?: GrantPart;
  /** The beginning of the window that it is about. */
  readonly window?: Millis;
};

/** The grant as somebody wrote it. */
export const writtenGrant = (grant: CompiledGrant): PolicyGrant => grant.part?.of ?? grant;

/**
 * False for a part that is about a window other than the one that is open, or next to open: of each grant the answers tell that
 * one alone.
 */
export function isToldAt({ part, window }: CompiledGrant, now: Millis): boolean {
  if (part === undefined || window === undefined) return true;
  const told = windowAt(part.of, now) ?? part.of.windows?.at(-1);
  return told?.from === window;
}
