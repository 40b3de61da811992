import type { Logger } from '@ambit/kernel';
import type { ObjectKey, RbacObject } from '@ambit/rbac';
import type { ObjectInventory } from '../state/object-inventory.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectNotes } from './object-notes.ts';
import type { ObjectProblems } from './object-problems.ts';
import { splitKey } from './observed-objects.ts';
import type { ObservedObjects } from './observed-objects.ts';
import { takesAway } from './taking-away.ts';
import type { Write } from './taking-away.ts';
import type { WantedState } from './wanted-state.ts';
import type { WriteAttempt, WriteJournal } from './write-journal.ts';
import type { WriteLanes } from './write-lanes.ts';
import type { DoneOutcome, Outcome, RefusedOutcome, RetryOutcome } from './write-outcome.ts';
import type { WriteRetries } from './write-retries.ts';

export interface WriteResultsOptions {
  readonly judge: ObjectJudge;
  readonly wanted: WantedState;
  readonly observed: ObservedObjects;
  readonly notes: ObjectNotes;
  readonly inventory: ObjectInventory;
  readonly journal: WriteJournal;
  readonly problems: ObjectProblems;
  readonly lanes: WriteLanes;
  readonly retries: WriteRetries;
  readonly logger: Logger;
  /** What is to be done about these objects changed. */
  readonly changed: (keys: Iterable<ObjectKey>) => void;
}

/** Takes in what became of a write, and decides when it is tried again. */
export class WriteResults {
  readonly #options: WriteResultsOptions;

  constructor(options: WriteResultsOptions) {
    this.#options = options;
  }

  take(attempt: WriteAttempt, outcome: Outcome): void {
    const { operation } = attempt;
    const { journal } = this.#options;
    switch (outcome.type) {
      case 'done':
        return this.#done(attempt, outcome);
      case 'lookAgain':
        journal.refused(attempt);
        return this.#lost(operation, outcome.object);
      case 'condemned':
        return this.#condemn(attempt, outcome.object);
      case 'retry':
        if (outcome.uncertain) journal.uncertain(attempt);
        else journal.refused(attempt);
        return this.#retry(operation, outcome);
      case 'refused':
        journal.refused(attempt);
        return this.#refused(operation, outcome);
    }
  }

  #done(attempt: WriteAttempt, { object, finalizersRemoved = [] }: DoneOutcome): void {
    const { inventory, observed, journal, lanes, retries } = this.#options;
    const { operation, before } = attempt;
    const { key } = operation;
    lanes.went();
    retries.clear(key);
    if (object?.metadata.uid !== before?.metadata.uid) this.#bury(key, before);
    if (object?.metadata.uid !== undefined) {
      observed.put(object);
      inventory.put(key, object.metadata.uid);
    }
    journal.wrote(attempt, object);
    if (finalizersRemoved.length > 0) journal.finalizersRemoved(key, finalizersRemoved);
    this.#roleMayBeThere(key, object);
    this.#isGone(key, object);
  }

  #bury(key: ObjectKey, gone: RbacObject | undefined): void {
    const { observed, inventory } = this.#options;
    const uid = gone?.metadata.uid;
    if (uid === undefined) return;
    observed.bury(key, uid);
    inventory.remove(key);
  }

  #roleMayBeThere(key: ObjectKey, object: RbacObject | undefined): void {
    const { notes, retries } = this.#options;
    if (object === undefined || splitKey(key).kind !== 'ClusterRole') return;
    for (const binding of notes.roleless) retries.fire(binding);
    notes.roleless.clear();
  }

  /** Somebody was faster, and the object is looked at as it stands now. */
  #lost(operation: Write, object: RbacObject | undefined): void {
    const { key } = operation;
    const { observed, inventory, problems, retries } = this.#options;
    if (object === undefined) {
      observed.remove(key);
      inventory.remove(key);
    } else {
      observed.put(object);
    }
    this.#isGone(key, object);
    if (!retries.conflicted(key)) return;
    problems.add(key, 'retrying', 'somebody else keeps writing it at the same moment', false);
    retries.later(key, takesAway(operation));
  }

  #retry(operation: Write, { reason, message, afterMs, slowDown }: RetryOutcome): void {
    const { notes, problems, lanes, retries } = this.#options;
    const { key } = operation;
    const roleMissing = reason === 'role_missing';
    if (slowDown) lanes.tooFast();
    if (roleMissing) notes.roleless.add(key);
    problems.add(key, reason, message, roleMissing);
    retries.later(key, takesAway(operation), afterMs);
  }

  #refused(operation: Write, { reason, message }: RefusedOutcome): void {
    const { problems, logger, retries } = this.#options;
    const { key } = operation;
    problems.add(key, reason, message, true);
    logger.warn('the API server refused a write', { key, message });
    if (takesAway(operation)) retries.later(key, true);
    else retries.muchLater(key);
  }

  /** The role gives nothing any more. Its bindings go before it: one to a missing role waits for whoever makes it. */
  #condemn(attempt: WriteAttempt, emptied: RbacObject): void {
    const { observed, notes, journal, changed } = this.#options;
    const { key } = attempt.operation;
    observed.put(emptied);
    journal.wrote(attempt, emptied);
    const bindings = new Set(this.#bindingsTo(emptied.metadata.name));
    notes.condemned.set(key, { bindings, standing: new Set(bindings) });
    changed(bindings);
  }

  *#bindingsTo(role: string): Generator<ObjectKey> {
    const { observed, judge } = this.#options;
    for (const key of Array.from(observed.keys())) {
      const object = observed.get(key);
      if (object === undefined || !('roleRef' in object) || object.roleRef.name !== role) continue;
      if (['ours', 'adoptable'].includes(judge.ownerOf(key, object))) yield key;
    }
  }

  #isGone(key: ObjectKey, object: RbacObject | undefined): void {
    const { notes, changed } = this.#options;
    if (object === undefined && notes.condemned.size > 0) changed(notes.isGone(key));
  }
}
