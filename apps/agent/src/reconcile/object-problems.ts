import { intentKeyOf } from '@ambit/rbac';
import type { ObjectKey } from '@ambit/rbac';
import type { ApplyTracker } from './apply-tracker.ts';
import { splitKey } from './observed-objects.ts';
import type { WantedState } from './wanted-state.ts';

export interface ObjectProblemsOptions {
  readonly wanted: WantedState;
  readonly tracker: ApplyTracker;
  /** Something settled, or cannot. */
  readonly progressed: () => void;
}

/** Problems of objects, told as problems of the intents they stand for. */
export class ObjectProblems {
  readonly #options: ObjectProblemsOptions;

  constructor(options: ObjectProblemsOptions) {
    this.#options = options;
  }

  /** With `terminal` the revision does not wait for the object any more. */
  add(key: ObjectKey, reason: string, message: string, terminal: boolean): void {
    const { wanted, tracker, progressed } = this.#options;
    const { namespace } = splitKey(key);
    const behind = wanted.get(key)?.intents.map(intentKeyOf);
    const intents = behind === undefined ? [`OBJECT/${key}`] : [...new Set(behind)];
    const place = namespace === undefined ? {} : { namespace };
    tracker.failed(key, { intents, reason, message, ...place }, terminal);
    progressed();
  }
}
