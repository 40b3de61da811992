/** What one run of one side took. `Processes.measure` gives it. */
export interface Measured {
  readonly wallMs: number;
  /** Time on a CPU, by process: `central`, `postgres`, `agent`, `kube-apiserver`, `etcd`, `callers`. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Requests, statements, messages, rows, bytes: what is exact. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Of single operations, in milliseconds, from when each was due, not from when it was begun (`openLoop`). */
  readonly latenciesMs?: readonly number[];
}

/** One of the two things that are compared; it does its work once and says what that took. */
export interface Side {
  readonly name: string;
  run(): Promise<Measured>;
  /** What stands after a run, outside the measured time: both sides must end the same, or no time counts. */
  endState?(): Promise<string>;
}

export type Goal = { readonly atMost: number } | { readonly atLeast: number };
export type CountGoal = Goal | { readonly exactly: number };

/** What of a `Measured` is compared. Of the CPU times all processes are added up, or those that are named. */
export type Quantity =
  | { readonly of: 'wall' }
  | { readonly of: 'cpu'; readonly processes?: readonly string[] }
  | { readonly of: 'latency'; readonly quantile: 0.5 | 0.99 };

/** Ours beside the floor that physics or a dependency forces, in alternating pairs. */
export interface Comparison {
  readonly name: string;
  readonly ours: Side;
  readonly floor: Side;
  /** The ratio ours / floor of this quantity is held against the goal; the others are printed. */
  readonly gate: Quantity;
  readonly goal: Goal;
  /** A goal in milliseconds above the floor instead of a ratio. */
  readonly difference?: boolean;
  /** 11 by default, 9 at least for long ones, 21 for those below a second; three in the smoke set. */
  readonly pairs?: number;
  /** Hard gates on counts of every run of ours, in the smoke set too. */
  readonly counts?: Readonly<Record<string, CountGoal>>;
}

/** The same work at sizes a decade apart. */
export interface Growth {
  readonly name: string;
  readonly sizes: readonly number[];
  run(size: number): Promise<Measured>;
  readonly gate: Quantity;
  /** Bounds of the slope of log(cost) on log(size): flat is -0.05 to 0.06, linear 0.9 to 1.1. */
  readonly exponent: readonly [number, number];
  /** Hard gates, in the smoke set too: the exponent of a count, to a hundredth; 0 is the same count at every size. */
  readonly countExponents?: Readonly<Record<string, number>>;
  /** How often each size is run: three times by default, once in the smoke set. */
  readonly rounds?: number;
}

/** What a benchmark is given: each call measures, judges, prints and keeps the result. */
export interface Bench {
  /** Counts and three pairs only: at most half a minute in all. */
  readonly smoke: boolean;
  compare(comparison: Comparison): Promise<void>;
  grow(growth: Growth): Promise<void>;
  /** A hard gate: a count that is not within its goal fails the run, in the smoke set too. */
  count(name: string, value: number, goal: CountGoal): void;
  /** A figure with its unit, and its goal where it has one. */
  figure(name: string, value: number, unit: string, goal?: Goal): void;
  /** Notes where the time of ours goes while `work` measures it; `compare` does that by itself. Nothing in the smoke set. */
  profile(name: string, work: () => Promise<unknown>): Promise<void>;
  /** A sentence for the report: where the rest of the time is, what was tried. */
  note(text: string): void;
}

export interface Benchmark {
  /** `B01` to `B22`, or a word where the suite has no number for it. */
  readonly id: string;
  readonly name: string;
  /** What is done, and beside what, in one line. */
  readonly says: string;
  /** It has nothing to count in half a minute: the smoke set leaves it out. */
  readonly notInSmoke?: boolean;
  run(bench: Bench): Promise<void>;
}
