import { defined } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { takesAway } from '@ambit/rbac';
import type { ObjectKey, RbacObject, Write } from '@ambit/rbac';
import type { AnnouncedWrite, LostWrite } from '../audit/read-announcements.ts';
import type { WriteAnnouncer } from '../audit/write-announcements.ts';
import type { ClockInterval } from '../clock/clock-interval.ts';
import {
  fingerprint,
  foundBy,
  hasHappened,
  isSameWrite,
  isUntouched,
  lateEvent,
  meantBy,
  recoveredEvent,
  unconfirmedEvent,
  verbOf,
} from './announced-write.ts';
import type { ApplyTracker } from './apply-tracker.ts';
import { objectEvent, writeEvent } from './object-audit.ts';
import type { AgentAuditEvent, AuditRecorder } from './object-audit.ts';
import type { WantedState } from './wanted-state.ts';

export interface WriteJournalOptions {
  readonly audit: AuditRecorder;
  readonly announcer: WriteAnnouncer;
  readonly tracker: ApplyTracker;
  readonly clock: Pick<ClockInterval, 'now'>;
  readonly wanted: Pick<WantedState, 'get'>;
}

/** What is about to be written, over what. */
export interface IntendedWrite {
  readonly operation: Write;
  readonly before: RbacObject | undefined;
  /** Uid of ours that the inventory notes: it may stand there though nothing shows it. */
  readonly noted?: string | undefined;
}

/** A write that was announced and may leave. */
export interface WriteAttempt extends IntendedWrite {
  readonly announced: LostWrite;
}

/** How long a write waits for a disk that takes nothing. What ends access waits for hardly anything. */
const announcedWithinMs: Millis = 10_000;
const removalAnnouncedWithinMs: Millis = 1_000;

/**
 * Sees to it that every write that happened is counted and audited once, also when its answer was lost or this process was:
 * it is announced on disk before it leaves, and the object as it stands later says what became of it.
 */
export class WriteJournal {
  readonly #options: WriteJournalOptions;
  /** Writes without an answer, by object: of this process, and those that an earlier one left. */
  readonly #unanswered = new Map<
    ObjectKey,
    { readonly write: LostWrite; readonly ours: boolean }
  >();
  /** Attempts under way that took the place of one without an answer: true once that one was told. */
  readonly #again = new Map<string, boolean>();

  constructor(options: WriteJournalOptions) {
    this.#options = options;
    for (const write of options.announcer.lost) {
      this.#tellByLater(write);
      this.#keep(write, false);
    }
  }

  /** Objects of which an earlier process did not come to tell what it did. */
  unanswered(): Iterable<ObjectKey> {
    return this.#unanswered.keys();
  }

  /** Resolves when it survives a crash that this write leaves now. What became of an earlier one is told before. */
  async announce(intended: IntendedWrite): Promise<WriteAttempt> {
    const { announcer, clock } = this.#options;
    const { operation, before, noted } = intended;
    this.#tellIfHappened(operation.key, before);
    const { verb, after } = meantBy(operation);
    // Whether an update happened is told by what it leaves; all others are told by whose uid stands there.
    const leaves = operation.type === 'update' ? fingerprint(after) : undefined;
    const { uid, resourceVersion: version } = before?.metadata ?? {};
    const write = defined({
      key: operation.key,
      operation: operation.type,
      uid,
      version,
      leaves,
      noted: before === undefined ? noted : undefined,
      event: this.#event(intended, verb, after),
    });
    const again = this.#takesPlaceOf(write);
    const announcedAt = clock.now().high;
    const withinMs = takesAway(operation) ? removalAnnouncedWithinMs : announcedWithinMs;
    const named = again === undefined ? write : { ...write, id: again };
    const id = await announcer.announce(named, withinMs);
    return { ...intended, announced: { ...write, id, announcedAt } };
  }

  /** The write happened; `after` is the object as it stands, absent when it is gone. */
  wrote(attempt: WriteAttempt, after: RbacObject | undefined): void {
    const { audit, tracker } = this.#options;
    const { before, announced } = attempt;
    this.#replaceBy(announced);
    const verb = after === undefined ? 'deleted' : before === undefined ? 'created' : 'updated';
    tracker.count(verb);
    const id = this.#wasTold(announced) ? {} : { id: announced.id };
    audit.record({ ...this.#event(attempt, verb, after), ...id });
  }

  /** No answer came: it may have happened. */
  uncertain({ announced }: WriteAttempt): void {
    if (!this.#wasTold(announced)) this.#keep(announced, true);
  }

  /** It was refused, came too late, or changed nothing: nothing happened. */
  cameToNothing({ announced }: WriteAttempt): void {
    const { id, key } = announced;
    // An earlier attempt under this id may well have happened, and be why this one did not.
    if (this.#wasTold(announced) || this.#unanswered.get(key)?.write.id === id) return;
    this.#options.announcer.withdraw(id);
  }

  /** The object is as it should be: an attempt without an answer that led here did happen. */
  settled(key: ObjectKey, now: RbacObject | undefined): void {
    if (this.#tellIfHappened(key, now)) return;
    const found = this.#unanswered.get(key);
    if (found === undefined) return;
    // One of this process may still come to pass: then it is seen, and told before it is undone.
    if (found.ours && found.write.operation === 'create') return;
    const { audit } = this.#options;
    if (found.ours || isUntouched(found.write, now)) return this.#forget(key);
    this.#unanswered.delete(key);
    audit.record(unconfirmedEvent(found.write));
  }

  finalizersRemoved(key: ObjectKey, finalizers: readonly string[]): void {
    const names = finalizers.join(', ');
    const message = `Finalizers that kept it alive were taken off: ${names}`;
    const details = { finalizers: names };
    this.#options.audit.record(objectEvent('object.finalizer_removed', key, message, details));
  }

  #event(
    { operation, before }: IntendedWrite,
    verb: 'created' | 'updated' | 'deleted',
    after: RbacObject | undefined,
  ): AgentAuditEvent {
    const { tracker, clock, wanted } = this.#options;
    const { revision } = tracker;
    const { high } = clock.now();
    const desired = wanted.get(operation.key);
    return writeEvent({ operation, verb, before, after, desired, revision, high });
  }

  #tellIfHappened(key: ObjectKey, now: RbacObject | undefined): boolean {
    const found = this.#unanswered.get(key);
    if (found === undefined || !hasHappened(found.write, now)) return false;
    const { audit, tracker } = this.#options;
    this.#unanswered.delete(key);
    if (this.#again.has(found.write.id)) this.#again.set(found.write.id, true);
    tracker.count(verbOf(found.write, now));
    audit.record(found.ours ? lateEvent(found.write, now) : recoveredEvent(found.write, now));
    return true;
  }

  /** A process that was killed over and over may leave several writes of an object: what one found, those before it left. */
  #tellByLater(later: LostWrite): void {
    const earlier = this.#unanswered.get(later.key)?.write;
    if (earlier === undefined) return;
    const { leaves: _unknown, ...seen } = earlier;
    const found = foundBy(later);
    if (!hasHappened(seen, found)) return;
    this.#unanswered.delete(later.key);
    this.#options.audit.record(recoveredEvent(earlier, found));
  }

  /** Two attempts at the same that got no answer are told as one. */
  #keep(write: LostWrite, ours: boolean): void {
    this.#replaceBy(write);
    this.#unanswered.set(write.key, { write, ours });
  }

  /** One id, so that the event which tells of one attempt settles the other, whenever this process is killed. */
  #takesPlaceOf(write: AnnouncedWrite): string | undefined {
    const earlier = this.#unanswered.get(write.key)?.write;
    if (earlier === undefined || !isSameWrite(earlier, write)) return undefined;
    this.#again.set(earlier.id, false);
    return earlier.id;
  }

  /** Asked once, when the attempt is over. */
  #wasTold({ id }: LostWrite): boolean {
    const told = this.#again.get(id) === true;
    this.#again.delete(id);
    return told;
  }

  #replaceBy({ key, id }: LostWrite): void {
    if (this.#unanswered.get(key)?.write.id === id) this.#unanswered.delete(key);
    else this.#forget(key);
  }

  #forget(key: ObjectKey): void {
    const found = this.#unanswered.get(key);
    if (found === undefined) return;
    this.#unanswered.delete(key);
    this.#options.announcer.withdraw(found.write.id);
  }
}
