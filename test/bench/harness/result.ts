import type { CountGoal, Goal, Quantity } from './benchmark.ts';
import type { Machine } from './machine.ts';
import type { Profile } from './profile.ts';
import type { Histogram, Interval, Slope } from './statistics.ts';

/** `broken` is a hard gate; `void` says that the machine was too restless to tell; `shown` has no goal or no time for one. */
export type Verdict = 'met' | 'missed' | 'broken' | 'void' | 'shown';

/** The floor against itself, and what the machine under us took away: whether a ratio of this run means anything. */
export interface Guard {
  readonly median: number;
  readonly steal: number;
}

/** One side over all pairs. */
export interface SideResult {
  readonly name: string;
  /** Medians, in milliseconds. */
  readonly wallMs: number;
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Of the last run. */
  readonly counts: Readonly<Record<string, number>>;
  readonly latency?: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly histogram: Histogram;
  };
}

export interface ComparisonResult {
  readonly kind: 'comparison';
  readonly name: string;
  readonly gate: Quantity;
  readonly goal: Goal;
  /** In milliseconds above the floor instead of a ratio. */
  readonly difference: boolean;
  readonly ours: SideResult;
  readonly floor: SideResult;
  /** Of the gate, pair by pair. */
  readonly pairs: readonly number[];
  readonly result: Interval;
  /** Ratios of every other quantity. */
  readonly others: Readonly<Record<string, Interval>>;
  readonly guard?: Guard;
  /** Of ours, taken in a run of its own that is not timed. */
  readonly profile?: Profile;
  readonly verdict: Verdict;
}

export interface GrowthResult {
  readonly kind: 'growth';
  readonly name: string;
  readonly gate: Quantity;
  readonly exponent: readonly [number, number];
  readonly points: readonly (readonly [size: number, costMs: number])[];
  readonly result: Slope;
  readonly verdict: Verdict;
}

export interface CountResult {
  readonly kind: 'count';
  readonly name: string;
  readonly value: number;
  readonly goal: CountGoal;
  readonly verdict: Verdict;
}

export interface FigureResult {
  readonly kind: 'figure';
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: Goal;
  readonly verdict: Verdict;
}

export type Result = ComparisonResult | GrowthResult | CountResult | FigureResult;

/** All that one benchmark said in one run. */
export interface Report {
  readonly id: string;
  readonly name: string;
  readonly says: string;
  readonly smoke: boolean;
  readonly machine: Machine;
  readonly seconds: number;
  readonly results: readonly Result[];
  readonly notes: readonly string[];
  /** What ended it early. */
  readonly error?: string;
}
