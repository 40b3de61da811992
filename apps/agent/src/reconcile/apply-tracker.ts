import type { wire } from '@ambit/protocol';
import type { ObjectKey } from '@ambit/rbac';

const mostProblems = 100;
const mostIntentsPerObject = 8;

export type AppliedListener = (revision: number, report: wire.ApplyReport) => void;

export interface WriteCounts {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly durationMs: number;
}

/** Why an object, and with it the intents it stands for, is not as it should be. */
export interface ObjectProblem {
  readonly intents: readonly string[];
  readonly reason: string;
  readonly message: string;
  readonly namespace?: string;
  /** `KIND/NAMESPACE/NAME` or `KIND/NAME`. */
  readonly object: string;
  readonly effect?: 'lacks' | 'excess';
  /** Whose access it is about, as Kubernetes names them: the first ones, and how many more. */
  readonly subjects: readonly string[];
  readonly moreSubjects: number;
  /** Who last changed the object; empty when nobody else did. */
  readonly changedBy: string;
  /** `KIND/NAME` of the role that it gives to whom it should not; empty when it gives none. */
  readonly binds: string;
}

const effects = {
  lacks: 'PROBLEM_EFFECT_LACKS',
  excess: 'PROBLEM_EFFECT_EXCESS',
} as const;

/** Follows a revision from its acceptance until every object it touched is as wanted, or cannot be. */
export class ApplyTracker {
  readonly #now: () => number;
  readonly #listeners = new Set<AppliedListener>();
  readonly #waiting = new Set<ObjectKey>();
  readonly #problems = new Map<ObjectKey, ObjectProblem>();
  #counts = { created: 0, updated: 0, deleted: 0 };
  #revision = 0;
  #applied = 0;
  #startedAt = 0;
  #told = true;
  #changes = 0;

  constructor(monotonic: () => number) {
    this.#now = monotonic;
  }

  get appliedRevision(): number {
    return this.#applied;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Grows with each change of what `problems` returns. */
  get changes(): number {
    return this.#changes;
  }

  onApplied(listener: AppliedListener): void {
    this.#listeners.add(listener);
  }

  /** A new revision was accepted. What it touches has to be expected before the next `check`. */
  accept(revision: number): void {
    this.#revision = revision;
    this.#counts = { created: 0, updated: 0, deleted: 0 };
    this.#startedAt = this.#now();
    this.#told = false;
  }

  expect(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.#waiting.add(key);
  }

  count(kind: 'created' | 'updated' | 'deleted'): void {
    this.#counts[kind] += 1;
  }

  /** The object is as wanted. */
  settled(key: ObjectKey): void {
    if (this.#problems.delete(key)) this.#changes += 1;
    this.#waiting.delete(key);
  }

  /** The object is not as wanted; with `terminal` nobody waits for it any more. */
  failed(key: ObjectKey, problem: ObjectProblem, terminal: boolean): void {
    this.#problems.set(key, problem);
    this.#changes += 1;
    if (terminal) this.#waiting.delete(key);
  }

  /** Tells that the revision is applied, when it is and that was not told yet. */
  check(report: (counts: WriteCounts) => wire.ApplyReport): void {
    if (this.#waiting.size > 0 || this.#told) return;
    this.#told = true;
    this.#applied = this.#revision;
    const made = report({ ...this.#counts, durationMs: this.#now() - this.#startedAt });
    for (const listener of this.#listeners) listener(this.#revision, made);
  }

  /** Problems of objects as problems of their intents. */
  problems(): wire.IntentResult[] {
    return Array.from(this.#problems.values()).flatMap(
      ({ intents, namespace = '', effect, subjects, ...problem }) =>
        intents.slice(0, mostIntentsPerObject).map((key) =>
          intentResult({
            key,
            ...problem,
            namespace,
            subjects: [...subjects],
            ...(effect === undefined ? {} : { effect: effects[effect] }),
          }),
        ),
    );
  }
}

/** A problem for the wire; what is not said is empty. */
export function intentResult(
  problem: Pick<wire.IntentResult, 'key' | 'reason' | 'message'> & Partial<wire.IntentResult>,
): wire.IntentResult {
  return {
    namespace: '',
    object: '',
    subjects: [],
    moreSubjects: 0,
    effect: 'PROBLEM_EFFECT_UNSPECIFIED',
    changedBy: '',
    binds: '',
    ...problem,
    message: problem.message.slice(0, 500),
  };
}

/** At most a hundred problems, and how many more there are. */
export function capped(
  problems: readonly wire.IntentResult[],
): Pick<wire.ApplyReport, 'problems' | 'moreProblems'> {
  return {
    problems: problems.slice(0, mostProblems),
    moreProblems: Math.max(0, problems.length - mostProblems),
  };
}
