import type { Logger } from '@ambit/kernel';
import { whatDiffers } from '@ambit/rbac';
import type { AnsweredWrite, ObjectKey, RbacObject, Write, WriteOutcome } from '@ambit/rbac';
import type { ApplyTracker } from './apply-tracker.ts';
import type { KnownObjects } from './known-objects.ts';
import type { WriteAttempt, WriteJournal } from './write-journal.ts';
import type { WriteObject } from './write-object.ts';

export interface ObjectWritesOptions {
  readonly writer: WriteObject;
  readonly journal: WriteJournal;
  readonly known: KnownObjects;
  readonly tracker: ApplyTracker;
  readonly logger: Logger;
}

/** Carries a write out: announced before it leaves, settled in the journal and among what is known when it is answered. */
export class ObjectWrites {
  readonly #options: ObjectWritesOptions;

  constructor(options: ObjectWritesOptions) {
    this.#options = options;
  }

  /** Never rejects. What was made where nothing stood is told to `made` before the trail is told of it. */
  async carryOut(operation: Write, made: () => void): Promise<AnsweredWrite> {
    const { writer, journal, known, tracker } = this.#options;
    const { key } = operation;
    const noted = known.inventory.uid(key);
    const attempt = await journal.announce({ operation, before: known.get(key), noted });
    const outcome = await writer.write(operation, tracker.revision);
    if (operation.type === 'create' && outcome.type === 'done') made();
    this.#take(attempt, outcome);
    const differs = outcome.type === 'done' ? whatDiffers(operation, outcome.object) : undefined;
    return { operation, outcome, differs };
  }

  #take(attempt: WriteAttempt, outcome: WriteOutcome): void {
    const { journal, known, logger } = this.#options;
    const { key } = attempt.operation;
    switch (outcome.type) {
      case 'done':
        known.wrote(key, attempt.before, outcome.object);
        this.#journal(attempt, outcome.object);
        if (outcome.finalizersRemoved?.length) {
          journal.finalizersRemoved(key, outcome.finalizersRemoved);
        }
        return;
      case 'condemned':
        known.wrote(key, attempt.before, outcome.object);
        return this.#journal(attempt, outcome.object);
      case 'lookAgain':
        known.lost(key, outcome.object);
        return journal.cameToNothing(attempt);
      case 'refused':
        logger.warn('the API server refused a write', { key, message: outcome.message });
        return journal.cameToNothing(attempt);
      case 'retry':
        return outcome.uncertain ? journal.uncertain(attempt) : journal.cameToNothing(attempt);
    }
  }

  /** An answer with the version that stood there before: admission put back what was changed, so nothing was. */
  #journal(attempt: WriteAttempt, after: RbacObject | undefined): void {
    const { journal } = this.#options;
    const was = versionOf(attempt.before);
    if (was !== undefined && was === versionOf(after)) journal.cameToNothing(attempt);
    else journal.wrote(attempt, after);
  }

  /** How an object stands now; undefined when there is none. Throws what the API server says otherwise. */
  look(key: ObjectKey): ReturnType<WriteObject['look']> {
    return this.#options.writer.look(key);
  }
}

function versionOf(object: RbacObject | undefined): string | undefined {
  const { uid, resourceVersion } = object?.metadata ?? {};
  return resourceVersion === undefined ? undefined : `${uid ?? ''} ${resourceVersion}`;
}
