import type { ObjectKey, RbacObject, Write } from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { ApplyTracker } from './apply-tracker.ts';
import { objectEvent, writeEvent } from './object-audit.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { WantedState } from './wanted-state.ts';

export interface WriteJournalOptions {
  readonly audit: AuditRecorder;
  readonly tracker: ApplyTracker;
  readonly clock: ClockInterval;
  readonly wanted: WantedState;
}

export interface WriteAttempt {
  readonly operation: Write;
  readonly before: RbacObject | undefined;
}

/** Sees to it that every write that happened is counted and audited once, also when its answer was lost. */
export class WriteJournal {
  readonly #options: WriteJournalOptions;
  readonly #uncertain = new Map<ObjectKey, WriteAttempt>();

  constructor(options: WriteJournalOptions) {
    this.#options = options;
  }

  /** A write is about to leave. */
  async announce(_attempt: WriteAttempt): Promise<void> {}

  /** It was refused, came too late, or changed nothing: nothing happened. */
  cameToNothing(_attempt: WriteAttempt): void {}

  /** The write happened; `after` is the object as it stands, absent when it is gone. */
  wrote(attempt: WriteAttempt, after: RbacObject | undefined): void {
    const { audit, tracker, clock, wanted } = this.#options;
    const { operation, before } = attempt;
    const { key } = operation;
    this.#uncertain.delete(key);
    const verb = after === undefined ? 'deleted' : before === undefined ? 'created' : 'updated';
    tracker.count(verb);
    const { revision } = tracker;
    const { high } = clock.now();
    const desired = wanted.get(key);
    audit.record(writeEvent({ operation, verb, before, after, desired, revision, high }));
  }

  /** No answer came: it may have happened. */
  uncertain(attempt: WriteAttempt): void {
    this.#uncertain.set(attempt.operation.key, attempt);
  }

  /** The object is as it should be: an attempt without an answer that led here did happen. */
  settled(key: ObjectKey, now: RbacObject | undefined): void {
    const attempt = this.#uncertain.get(key);
    if (attempt === undefined) return;
    this.#uncertain.delete(key);
    const { operation, before } = attempt;
    const gone = now === undefined;
    const changed = now?.metadata.resourceVersion !== before?.metadata.resourceVersion;
    if (gone === (operation.type === 'delete') && changed) this.wrote(attempt, now);
  }

  finalizersRemoved(key: ObjectKey, finalizers: readonly string[]): void {
    const names = finalizers.join(', ');
    const message = `Finalizers that kept it alive were taken off: ${names}`;
    const details = { finalizers: names };
    this.#options.audit.record(objectEvent('object.finalizer_removed', key, message, details));
  }
}
