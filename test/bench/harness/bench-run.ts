import type { Bench, Comparison, CountGoal, Goal, Growth, Measured } from './benchmark.ts';
import { compareSides, type Effort } from './comparing.ts';
import { growSizes } from './growing.ts';
import { profiled } from './profile.ts';
import { meets } from './quantity.ts';
import type { Result } from './result.ts';
import { sayProfile, sayResult } from './say-result.ts';

export interface BenchOptions {
  readonly smoke: boolean;
  readonly print: (line: string) => void;
  /** Aborted when somebody wants to leave: the measurement that runs rejects, and the benchmark tidies up. */
  readonly signal: AbortSignal;
}

const left = 'left by a signal';
const fullEffort: Effort = { warmUp: { most: 8, withinMs: 60_000 }, guarded: true };
const smokeEffort: Effort = { warmUp: { most: 1, withinMs: 5_000 }, guarded: false, pairs: 3 };

/** Measures, judges, prints and keeps what a benchmark asks for. */
export class BenchRun implements Bench {
  readonly smoke: boolean;
  readonly results: Result[] = [];
  readonly notes: string[] = [];
  readonly #print: (line: string) => void;
  readonly #signal: AbortSignal;

  constructor({ smoke, print, signal }: BenchOptions) {
    this.smoke = smoke;
    this.#print = print;
    this.#signal = signal;
  }

  async compare(comparison: Comparison): Promise<void> {
    const effort = this.smoke ? smokeEffort : fullEffort;
    const { result, runs } = await this.#unlessLeft(compareSides(comparison, effort, this.#print));
    this.#keep(result);
    this.#countRuns(comparison, runs);
  }

  async grow(growth: Growth): Promise<void> {
    const rounds = this.smoke ? 1 : (growth.rounds ?? 3);
    const results = await this.#unlessLeft(growSizes(growth, rounds, !this.smoke));
    for (const result of results) this.#keep(result);
  }

  count(name: string, value: number, goal: CountGoal): void {
    const verdict = meets(goal, { low: value, high: value }) ? 'met' : 'broken';
    this.#keep({ kind: 'count', name, value, goal, verdict });
  }

  figure(name: string, value: number, unit: string, goal?: Goal): void {
    const judged = goal !== undefined && !this.smoke;
    const met = goal !== undefined && meets(goal, { low: value, high: value });
    const verdict = judged ? (met ? 'met' : 'missed') : 'shown';
    this.#keep({ kind: 'figure', name, value, unit, ...(goal && { goal }), verdict });
  }

  async profile(name: string, work: () => Promise<unknown>): Promise<void> {
    if (this.smoke) return;
    const profile = await this.#unlessLeft(profiled(work));
    if (profile !== undefined) this.note(`${name}: ${sayProfile(profile)}`);
  }

  note(text: string): void {
    this.notes.push(text);
    this.#print(`  ${text}`);
  }

  /** The worst run is what is held against the goal; a run that does not tell a count has broken it. */
  #countRuns({ name, counts = {} }: Comparison, runs: readonly Measured[]): void {
    for (const [what, goal] of Object.entries(counts)) {
      const told = runs.map((run) => run.counts?.[what] ?? Number.NaN);
      const bad = told.find((value) => !meets(goal, { low: value, high: value }));
      this.count(`${name}: ${what}`, bad ?? told.at(-1) ?? Number.NaN, goal);
    }
  }

  /** Throws once somebody wants to leave, so that a benchmark that only counts ends here. */
  #keep(result: Result): void {
    if (this.#signal.aborted) throw new Error(left);
    this.results.push(result);
    for (const line of sayResult(result)) this.#print(line);
  }

  async #unlessLeft<T>(work: Promise<T>): Promise<T> {
    const leaving = Promise.withResolvers<never>();
    const leave = (): void => leaving.reject(new Error(left));
    if (this.#signal.aborted) leave();
    this.#signal.addEventListener('abort', leave, { once: true });
    // What still runs fails as soon as its servers are gone, when nobody waits for it.
    work.catch(() => undefined);
    try {
      return await Promise.race([work, leaving.promise]);
    } finally {
      this.#signal.removeEventListener('abort', leave);
    }
  }
}
