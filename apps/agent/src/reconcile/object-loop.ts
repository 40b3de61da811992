import type { Logger, Millis, Random, Clock } from '@ambit/kernel';
import type { ForeignObject, ObjectKey, Operation } from '@ambit/rbac';
import type { ObjectInventory } from '../state/object-inventory.ts';
import { objectEvent } from './object-audit.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { ApplyTracker } from './apply-tracker.ts';
import type { DriftRecord } from './drift-record.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectNotes } from './object-notes.ts';
import type { ObjectProblems } from './object-problems.ts';
import type { LiveObject, ObservedObjects } from './observed-objects.ts';
import { isWrite, onlyTakingAway, takesAway } from './taking-away.ts';
import type { Write } from './taking-away.ts';
import type { WantedState } from './wanted-state.ts';
import type { WriteJournal } from './write-journal.ts';
import { WriteLanes } from './write-lanes.ts';
import type { WriteObject } from './write-object.ts';
import { WriteResults } from './write-results.ts';
import { WriteRetries } from './write-retries.ts';

export interface ObjectLoopOptions {
  readonly judge: ObjectJudge;
  readonly wanted: WantedState;
  readonly observed: ObservedObjects;
  readonly notes: ObjectNotes;
  readonly inventory: ObjectInventory;
  readonly tracker: ApplyTracker;
  readonly problems: ObjectProblems;
  readonly drift: DriftRecord;
  readonly journal: WriteJournal;
  readonly writer: WriteObject;
  readonly audit: AuditRecorder;
  readonly logger: Logger;
  readonly random: Random;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** An object that no watch shows was looked at; undefined when it is gone. */
  readonly found: (key: ObjectKey, object: LiveObject | undefined) => void;
  /** Something settled, or cannot. */
  readonly progressed: () => void;
}

/** Object by object: looks what there is to do, writes it in its turn, takes in what became of it, looks again. */
export class ObjectLoop {
  readonly #options: ObjectLoopOptions;
  readonly #lanes: WriteLanes;
  readonly #retries: WriteRetries;
  readonly #results: WriteResults;
  #stopped = false;

  constructor(options: ObjectLoopOptions) {
    this.#options = options;
    this.#lanes = new WriteLanes((key) => this.#run(key), options.clock);
    this.#retries = new WriteRetries((key) => this.look(key), options.random);
    this.#results = new WriteResults({
      ...options,
      lanes: this.#lanes,
      retries: this.#retries,
      changed: (keys) => this.changed(keys),
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retries.stop();
    await this.#lanes.stop();
  }

  /** What is wanted of these objects changed: earlier failures say nothing about them any more. */
  changed(keys: Iterable<ObjectKey>): void {
    for (const key of keys) {
      this.#retries.clear(key);
      this.look(key);
    }
  }

  lookAll(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.look(key);
  }

  /** Tries everything that waits. */
  hurry(): void {
    this.#retries.flush();
  }

  isSettled(key: ObjectKey): boolean {
    return (
      this.#options.judge.open &&
      !this.#options.notes.unsettled.has(key) &&
      !this.#lanes.isBusy(key)
    );
  }

  /** Compares one object with what is wanted and puts what there is to do into its lane. */
  look(key: ObjectKey): void {
    // What is in flight is looked at when it lands.
    if (this.#stopped || this.#lanes.isBusy(key) || this.#options.notes.isOnHold(key)) return;
    if (this.#options.notes.missing.has(key)) return this.#lookFor(key);
    const operation = this.#options.judge.operation(key);
    if (operation === undefined) return this.#agrees(key);
    if (operation.type === 'adopt') {
      this.#options.inventory.put(key, operation.uid);
      return this.#agrees(key);
    }
    if (operation.type === 'foreign') return this.#foreign(operation);
    this.#options.notes.unsettled.add(key);
    this.#enqueue(operation);
  }

  #lookFor(key: ObjectKey): void {
    if (this.#retries.isWaiting(key, false)) return;
    this.#options.notes.unsettled.add(key);
    this.#lanes.enqueue(key, this.#options.wanted.has(key) ? 'P2' : 'P0');
  }

  #enqueue(operation: Write): void {
    const { key } = operation;
    const bounded = this.#inWar(operation);
    if (bounded === undefined) return this.#contended(key);
    if (this.#retries.isWaiting(key, takesAway(bounded))) return;
    this.#lanes.enqueue(key, bounded.lane);
  }

  /** As much of an operation as may be done now while somebody else keeps undoing it. */
  #inWar(operation: Write): Write | undefined {
    const { drift, observed } = this.#options;
    const { key } = operation;
    if (drift.holdBack(key) === 0) return operation;
    return onlyTakingAway(operation, observed.get(key));
  }

  #contended(key: ObjectKey): void {
    this.#lanes.forget(key);
    this.#options.problems.add(key, 'contended', 'somebody keeps changing it', true);
    const wait: Millis = this.#options.drift.holdBack(key);
    this.#retries.after(key, wait);
  }

  #agrees(key: ObjectKey): void {
    const { judge, notes, tracker, journal, audit, observed } = this.#options;
    this.#lanes.forget(key);
    if (!judge.open || judge.addsNothing) return;
    this.#retries.clear(key);
    if (notes.condemned.size > 0 && !observed.has(key)) this.changed(notes.isGone(key));
    notes.unsettled.delete(key);
    notes.roleless.delete(key);
    notes.foreign.delete(key);
    tracker.settled(key);
    journal.settled(key, observed.get(key));
    if (notes.drifted.delete(key)) {
      const message = 'The object is as it should be again';
      audit.record(objectEvent('drift.corrected', key, message));
    }
    this.#options.progressed();
  }

  #foreign({ key, ownership, inTheWay }: ForeignObject): void {
    const { notes, tracker, audit } = this.#options;
    const message =
      ownership === 'copied'
        ? 'An object that is not ours carries our labels; it is left alone'
        : 'An object that is not ours stands where one of ours should; it is left alone';
    this.#lanes.forget(key);
    notes.unsettled.delete(key);
    if (inTheWay) this.#options.problems.add(key, 'foreign_object', message, true);
    else tracker.settled(key);
    if (!notes.foreign.has(key)) {
      notes.foreign.add(key);
      audit.record(objectEvent('object.foreign', key, message, { ownership }));
    }
    this.#options.progressed();
  }

  async #run(key: ObjectKey): Promise<void> {
    if (await this.#find(key)) await this.#write(key);
    // The lane lets go of the key right after this turn.
    setImmediate(() => this.look(key));
  }

  /** Looks for an object that no watch shows; false when that failed and is tried again. */
  async #find(key: ObjectKey): Promise<boolean> {
    const { notes, writer, found, logger } = this.#options;
    if (!notes.missing.has(key)) return true;
    try {
      const object = await writer.look(key);
      found(key, object);
      return true;
    } catch (error) {
      logger.warn('an object of ours could not be looked at', { key, error });
      this.#options.problems.add(key, 'retrying', String(error), false);
      this.#retries.later(key, false);
      return false;
    }
  }

  async #write(key: ObjectKey): Promise<void> {
    const { judge, observed, journal, writer, tracker } = this.#options;
    const next: Operation | undefined = this.#stopped ? undefined : judge.operation(key);
    if (!isWrite(next)) return;
    const operation = this.#inWar(next);
    if (operation === undefined) return;
    const attempt = await journal.announce({ operation, before: observed.get(key) });
    const outcome = await writer.write(operation, tracker.revision);
    this.#results.take(attempt, outcome);
  }
}
