import type { wire } from '@ambit/protocol';
import { capped, intentResult } from './apply-tracker.ts';
import type { ApplyTracker, WriteCounts } from './apply-tracker.ts';
import type { WantedState } from './wanted-state.ts';

/** The report of now. It is made anew only when something of it changed: central is told every few seconds, and finding the problems looks at every intent. */
export class CurrentReport {
  readonly #of: { readonly wanted: WantedState; readonly tracker: ApplyTracker };
  #made: wire.ApplyReport | undefined;
  #changes = '';

  constructor(of: { readonly wanted: WantedState; readonly tracker: ApplyTracker }) {
    this.#of = of;
  }

  get(): wire.ApplyReport {
    const { wanted, tracker } = this.#of;
    const changes = `${wanted.changes} ${tracker.changes}`;
    if (this.#made === undefined || changes !== this.#changes) {
      this.#changes = changes;
      this.#made = applyReport(this.#of, { created: 0, updated: 0, deleted: 0, durationMs: 0 });
    }
    return this.#made;
  }
}

/** What became of a revision, for central: counts, and every intent that is not wholly in force, with the reason. */
export function applyReport(
  { wanted, tracker }: { readonly wanted: WantedState; readonly tracker: ApplyTracker },
  counts: WriteCounts,
): wire.ApplyReport {
  const { created, updated, deleted, durationMs } = counts;
  const intents = wanted
    .problems()
    .map(({ key, reason, message, namespace = '' }) =>
      intentResult({ key, reason, message, namespace }),
    );
  const problems = [...intents, ...tracker.problems(), ...held(wanted)];
  return {
    created,
    updated,
    deleted,
    unchanged: Math.max(0, wanted.size - created - updated),
    durationMs: Math.round(durationMs),
    ...capped(problems),
    heldRemovals: wanted.heldRemovals.length,
    heldGains: wanted.heldGains,
  };
}

function held(wanted: WantedState): wire.IntentResult[] {
  const message = 'its removal waits for the owner of the cluster';
  return wanted.heldRemovals.map(({ key }) => intentResult({ key, reason: 'held', message }));
}
