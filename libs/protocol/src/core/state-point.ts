import { lastInstant } from '@ambit/kernel';
import type { StateRefusal } from './refusal.ts';

/** Where a state stands in the history of its cluster: epochs first, revisions within an epoch. */
export interface StatePoint {
  readonly stateEpoch: number;
  readonly revision: number;
}

/**
 * The largest numbers that are believed. All of them are far beyond what a fleet reaches and far below where a number
 * loses its last digits: whoever signs one of those by mistake would leave no room above it.
 */
const largest = {
  stateEpoch: 1_000_000,
  revision: 2 ** 48,
  nonce: 2 ** 48,
  time: lastInstant,
} as const;

/** Below 0 when `a` stands before `b`, 0 when both are the same point, above 0 when it stands behind it. */
export function comparePoints(a: StatePoint, b: StatePoint): number {
  return a.stateEpoch - b.stateEpoch || a.revision - b.revision;
}

/**
 * True when a state at `held` already contains what was decided at `point`. A stale state contains nothing for certain:
 * the disk did not hold all of it.
 */
export function contains(
  held: (StatePoint & { readonly stale?: boolean }) | undefined,
  point: StatePoint,
): boolean {
  return held !== undefined && held.stale !== true && comparePoints(held, point) >= 0;
}

/** `revision R of epoch E`, for people. */
export function pointText({ stateEpoch, revision }: StatePoint): string {
  return `revision ${revision} of epoch ${stateEpoch}`;
}

/** Why one of these numbers is not believed, whoever signed it; undefined when all are within bounds. */
export function refusalOfNumbers(
  numbers: Partial<Record<keyof typeof largest, number>> & { readonly explainedFrom?: number },
): StateRefusal | undefined {
  const { explainedFrom, ...named } = numbers;
  const all = [
    ...Object.entries(named).map(([name, value]) => ({
      name,
      value,
      most: largest[name as keyof typeof largest],
    })),
    { name: 'explainedFrom', value: explainedFrom ?? 0, most: largest.revision },
  ];
  const odd = all.find(({ value, most }) => !(value >= 0 && value <= most));
  if (odd === undefined) return undefined;
  return {
    code: 'out_of_range',
    message: `${odd.name} ${odd.value} is beyond ${odd.most}, the largest that is believed`,
  };
}
