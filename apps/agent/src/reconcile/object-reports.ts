import { intentKeyOf, isBinding } from '@ambit/rbac';
import type { AccessGap, LifeProblem, LifeTelling, ObjectKey, RbacObject } from '@ambit/rbac';
import type { ApplyTracker } from './apply-tracker.ts';
import type { KnownObjects } from './known-objects.ts';
import { foreignMessage, lifeEvent } from './life-events.ts';
import type { AuditRecorder } from './object-audit.ts';
import { splitKey } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';
import type { WantedState } from './wanted-state.ts';
import type { WriteJournal } from './write-journal.ts';

const mostSubjects = 20;

export interface ObjectReportsOptions {
  readonly wanted: WantedState;
  readonly known: KnownObjects;
  readonly tracker: ApplyTracker;
  readonly journal: WriteJournal;
  readonly audit: AuditRecorder;
  /** Something settled, or cannot. */
  readonly progressed: () => void;
}

/** Tells of objects: problems as problems of the intents they stand for, events for the trail, and what settled. */
export class ObjectReports {
  readonly #options: ObjectReportsOptions;
  #repairs = 0;

  constructor(options: ObjectReportsOptions) {
    this.#options = options;
  }

  /** Times that something of ours was changed by others, since the start. */
  get repairs(): number {
    return this.#repairs;
  }

  problem(key: ObjectKey, problem: LifeProblem, gap: AccessGap): void {
    const { wanted, known, tracker, progressed } = this.#options;
    const { namespace } = splitKey(key);
    const behind = wanted.get(key)?.intents.map(intentKeyOf);
    const intents = behind === undefined ? [`OBJECT/${key}`] : [...new Set(behind)];
    const { reason, terminal, changedBy = '' } = problem;
    const copied = reason === 'foreign_object' && behind === undefined;
    const message =
      reason === 'foreign_object'
        ? foreignMessage(key, copied ? 'copied' : 'foreign', gap)
        : problem.message;
    tracker.failed(
      key,
      {
        intents,
        reason,
        message,
        object: objectText(key),
        changedBy,
        binds: gap.effect === 'excess' ? roleText(known.get(key)) : '',
        ...people(gap),
        ...(namespace === undefined ? {} : { namespace }),
      },
      terminal,
    );
    progressed();
  }

  tell(key: ObjectKey, telling: LifeTelling, told: { gap: AccessGap; live?: LiveObject }): void {
    const { audit, known } = this.#options;
    if (telling.type === 'drifted') this.#repairs += 1;
    const { gap, live } = told;
    audit.record(lifeEvent(key, telling, { gap, live, found: known.get(key) }));
  }

  settled(key: ObjectKey): void {
    const { tracker, journal, known, progressed } = this.#options;
    const found = known.get(key);
    known.confirm(key, found);
    tracker.settled(key);
    journal.settled(key, found);
    progressed();
  }
}

function people({ effect, subjects }: AccessGap): {
  readonly effect?: 'lacks' | 'excess';
  readonly subjects: readonly string[];
  readonly moreSubjects: number;
} {
  return {
    ...(effect === undefined ? {} : { effect }),
    subjects: subjects.slice(0, mostSubjects),
    moreSubjects: Math.max(0, subjects.length - mostSubjects),
  };
}

/** `KIND/NAME` of the role that a binding gives; empty for anything else. */
function roleText(object: RbacObject | undefined): string {
  if (object === undefined || !isBinding(object)) return '';
  return `${object.roleRef.kind}/${object.roleRef.name}`;
}

/** `KIND/NAMESPACE/NAME`, or `KIND/NAME` of what belongs to no namespace. */
function objectText(key: ObjectKey): string {
  return key.replace('//', '/');
}
