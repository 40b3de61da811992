import type { Millis, Random } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { ObjectKey } from '@ambit/rbac';
import type { EndEnforcer } from './end-enforcer.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { RevisionReports } from './revision-reports.ts';
import type { WantedState } from './wanted-state.ts';
import type { WriteJournal } from './write-journal.ts';

const resyncEveryMs: Millis = 600_000;

export interface ObjectsInPlayParts {
  readonly judge: ObjectJudge;
  readonly driver: ObjectDriver;
  readonly wanted: WantedState;
  readonly journal: Pick<WriteJournal, 'unanswered'>;
  readonly revisions: RevisionReports;
  readonly ends: EndEnforcer;
  readonly timers: Timers;
  readonly random: Random;
}

/** Every object that stands, is wanted, or is being written, and the one way to have some or all of them looked at. */
export class ObjectsInPlay {
  readonly #parts: ObjectsInPlayParts;
  #callOff: (() => void) | undefined;

  constructor(parts: ObjectsInPlayParts) {
    this.#parts = parts;
  }

  every(): Set<ObjectKey> {
    const { judge, driver, wanted, journal } = this.#parts;
    const keys = [judge.knownKeys(), driver.keys(), wanted.keys(), journal.unanswered()];
    return new Set(keys.flatMap((each) => [...each]));
  }

  /** What is wanted of them, or what stands, is another one now. */
  changed(keys: Iterable<ObjectKey>): void {
    const { driver, revisions, ends } = this.#parts;
    driver.changed(keys);
    revisions.wantedChanged();
    ends.plan();
  }

  lookAtAll(): void {
    this.#parts.driver.lookAll(this.every());
    this.#parts.ends.plan();
  }

  /** Looks at all, and what waits to be tried again is tried now. */
  hurry(): void {
    this.#parts.driver.hurry();
    this.lookAtAll();
  }

  /** Looks at all every ten minutes, agents of a fleet not at the same time. */
  lookAgainAndAgain(): void {
    const { timers, random } = this.#parts;
    this.#callOff = timers.after(resyncEveryMs * (0.8 + 0.4 * random()), () => {
      this.lookAtAll();
      this.lookAgainAndAgain();
    });
  }

  stop(): void {
    this.#callOff?.();
  }
}
