import { systemTimers } from '../platform/timers.ts';
import { CauseWatch } from './cause-watch.ts';
import { CeilingChange } from './ceiling-change.ts';
import { CeilingRefusals } from './ceiling-refusals.ts';
import { ClusterEvents } from './cluster-events.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { composeObjects } from './compose-objects.ts';
import type { ObjectParts } from './compose-objects.ts';
import { EndEnforcer } from './end-enforcer.ts';
import { HeldChanges } from './held-changes.ts';
import { ObjectsInPlay } from './objects-in-play.ts';
import { Opening } from './opening.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';
import { RevisionReports } from './revision-reports.ts';
import { RoleEvents } from './role-events.ts';
import { StateIntake } from './state-intake.ts';

/** What a reconciler is made of, as far as it speaks to it. */
export interface ReconcilerParts {
  readonly cluster: ClusterEvents;
  readonly ends: EndEnforcer;
  readonly objects: ObjectsInPlay;
  readonly opening: Opening;
  readonly intake: StateIntake;
  readonly ceiling: CeilingChange;
  readonly revisions: RevisionReports;
  /** Resolves when every write that is under way has ended, `others` too, and what is known is on the disk. */
  readonly finish: (others: Promise<void>) => Promise<void>;
}

/** Puts a reconciler together. */
export function composeReconciler(options: ClusterReconcilerOptions): ReconcilerParts {
  const { audit, logger, inventory, random, timers = systemTimers } = options;
  const made = composeObjects(options, timers, () => {
    causes.look();
    opening.check();
  });
  const { wanted, judge, driver, journal } = made;
  const causes = new CauseWatch({ ...options, driver, timers });
  const { revisions, ends, held, cluster } = composeEvents(options, made, causes);
  const objects = new ObjectsInPlay({
    judge,
    driver,
    wanted,
    journal,
    revisions,
    ends,
    timers,
    random,
  });
  const begins = (): void => {
    const { revision } = revisions.tracker;
    logger.info('reconciling begins', { wanted: wanted.size, ours: inventory.size, revision });
  };
  const opening = new Opening({ judge, wanted, held, revisions, cluster, objects, begins });
  return {
    cluster,
    ends,
    objects,
    opening,
    revisions,
    intake: new StateIntake({ judge, wanted, ends, held, revisions, objects, opening }),
    ceiling: new CeilingChange({ judge, wanted, cluster, revisions, objects, audit }),
    finish: async (others) => {
      await Promise.all([driver.stop(), others]);
      await inventory.flush();
    },
  };
}

function composeEvents(options: ClusterReconcilerOptions, made: ObjectParts, causes: CauseWatch) {
  const { clock, audit, logger, inventory, timers = systemTimers } = options;
  const { wanted, judge, driver, known, tracker, reports } = made;
  const refusals = new CeilingRefusals({
    audit,
    timers,
    problems: () => (judge.open ? wanted.problems() : undefined),
    grantsOf: (key) => wanted.grantsOf(key),
  });
  return {
    revisions: new RevisionReports({ tracker, wanted, objects: reports, inventory, refusals }),
    ends: new EndEnforcer({ clock, wanted, judge, known, driver, timers }),
    held: new HeldChanges({ wanted, known, judge, audit, logger }),
    cluster: new ClusterEvents({
      driver,
      wanted,
      facts: made.facts,
      judge,
      strangers: options.strangers,
      causes,
      watch: (handler) => new ClusterWatch({ ...options, handler }),
      roles: (changed) => new RoleEvents({ ...made, logger, changed }),
    }),
  };
}
