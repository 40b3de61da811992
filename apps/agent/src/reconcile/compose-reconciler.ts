import { systemTimers } from '../platform/timers.ts';
import { CauseWatch } from './cause-watch.ts';
import { CeilingRefusals } from './ceiling-refusals.ts';
import { ClusterEvents } from './cluster-events.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { composeObjects } from './compose-objects.ts';
import { EndEnforcer } from './end-enforcer.ts';
import { HeldChanges } from './held-changes.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';
import { RevisionReports } from './revision-reports.ts';
import { RoleEvents } from './role-events.ts';
import type { WantedState } from './wanted-state.ts';
import type { WriteJournal } from './write-journal.ts';

/** What a reconciler is made of, as far as it speaks to it. */
export interface ReconcilerParts {
  readonly wanted: WantedState;
  readonly judge: ObjectJudge;
  readonly driver: ObjectDriver;
  readonly journal: Pick<WriteJournal, 'unanswered'>;
  readonly revisions: RevisionReports;
  readonly ends: EndEnforcer;
  readonly cluster: ClusterEvents;
  readonly held: HeldChanges;
}

/** Puts a reconciler together. `progressed`: an object settled, or cannot. */
export function composeReconciler(
  options: ClusterReconcilerOptions,
  progressed: () => void,
): ReconcilerParts {
  const { clock, audit, logger, inventory, timers = systemTimers } = options;
  const objects = composeObjects(options, timers, () => {
    causes.look();
    progressed();
  });
  const { wanted, judge, driver, known, tracker, reports, journal } = objects;
  const causes = new CauseWatch({ ...options, driver, timers });
  const refusals = new CeilingRefusals({
    audit,
    timers,
    problems: () => (judge.open ? wanted.problems() : undefined),
    grantsOf: (key) => wanted.grantsOf(key),
  });
  return {
    wanted,
    judge,
    driver,
    journal,
    revisions: new RevisionReports({ tracker, wanted, objects: reports, inventory, refusals }),
    ends: new EndEnforcer({ clock, wanted, judge, known, driver, timers }),
    held: new HeldChanges({ wanted, known, judge, audit, logger }),
    cluster: new ClusterEvents({
      driver,
      wanted,
      facts: objects.facts,
      causes,
      watch: (handler) => new ClusterWatch({ ...options, handler }),
      roles: (changed) => new RoleEvents({ ...objects, logger, changed }),
    }),
  };
}
