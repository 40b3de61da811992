import { ownerLabels } from '@ambit/rbac';
import type { Timers } from '@ambit/kube';
import { ApplyTracker } from './apply-tracker.ts';
import { ClusterFacts } from './cluster-facts.ts';
import { CondemnedRoles } from './condemned-roles.ts';
import { KnownObjects } from './known-objects.ts';
import { ObjectDriver } from './object-driver.ts';
import { ObjectJudge } from './object-judge.ts';
import { ObjectLives } from './object-lives.ts';
import { ObjectReports } from './object-reports.ts';
import { ObjectWrites } from './object-writes.ts';
import { ObservedObjects } from './observed-objects.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';
import { WantedState } from './wanted-state.ts';
import { WriteJournal } from './write-journal.ts';
import { WriteLanes } from './write-lanes.ts';
import { WriteObject } from './write-object.ts';

/** What leads the lives of objects, and what it goes by. */
export interface ObjectParts {
  readonly known: KnownObjects;
  readonly facts: ClusterFacts;
  readonly wanted: WantedState;
  readonly tracker: ApplyTracker;
  readonly reports: ObjectReports;
  readonly journal: WriteJournal;
  readonly judge: ObjectJudge;
  readonly writer: WriteObject;
  readonly driver: ObjectDriver;
}

/** Puts together what leads the lives of objects. `progressed`: one of them settled, or cannot. */
export function composeObjects(
  options: ClusterReconcilerOptions,
  timers: Timers,
  progressed: () => void,
): ObjectParts {
  const { ceiling, clock, audit, logger, inventory } = options;
  const { kubeSystemUid: clusterUid, installationUid } = options.identity;
  const owner = { clusterUid, installationUid, digests: options.digests };
  const known = new KnownObjects(new ObservedObjects(ownerLabels(owner)), inventory);
  const facts = new ClusterFacts(ceiling);
  const wanted = new WantedState({ ...owner, ceiling, clock: clock.now() });
  const tracker = new ApplyTracker(() => timers.monotonic());
  const journal = new WriteJournal({ audit, announcer: options.announcer, tracker, clock, wanted });
  const reports = new ObjectReports({ wanted, known, tracker, journal, audit, progressed });
  const condemned = new CondemnedRoles();
  const judge = new ObjectJudge({ wanted, known, condemned, facts, clock, owner, ceiling });
  const writer = new WriteObject(options.client, logger);
  const driver = new ObjectDriver({
    judge,
    known,
    reports,
    writes: new ObjectWrites({ writer, journal, known, tracker, logger }),
    condemned,
    lives: new ObjectLives({ timers, random: options.random, next: options.next }),
    lanes: (turn) => new WriteLanes(turn, timers),
  });
  return { known, facts, wanted, tracker, reports, journal, judge, writer, driver };
}
