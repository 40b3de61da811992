import { ownerLabels } from '@ambit/rbac';
import { ApplyTracker } from './apply-tracker.ts';
import { CeilingRefusals } from './ceiling-refusals.ts';
import { ClusterFacts } from './cluster-facts.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';
import { DriftRecord } from './drift-record.ts';
import { ObjectEvents } from './object-events.ts';
import { ObjectJudge } from './object-judge.ts';
import { ObjectLoop } from './object-loop.ts';
import { ObjectNotes } from './object-notes.ts';
import { ObjectProblems } from './object-problems.ts';
import { ObservedObjects } from './observed-objects.ts';
import { WantedState } from './wanted-state.ts';
import { WriteJournal } from './write-journal.ts';
import { WriteObject } from './write-object.ts';

/** The parts of a reconciler, put together once. */
export class ReconcileParts {
  readonly facts: ClusterFacts;
  readonly wanted: WantedState;
  readonly observed: ObservedObjects;
  readonly notes = new ObjectNotes();
  readonly tracker: ApplyTracker;
  readonly drift: DriftRecord;
  readonly writer: WriteObject;
  readonly judge: ObjectJudge;
  readonly loop: ObjectLoop;
  readonly journal: WriteJournal;
  readonly refusals: CeilingRefusals;
  readonly events: ObjectEvents;

  /** `progressed`: an object settled, or cannot. */
  constructor(options: ClusterReconcilerOptions, progressed: () => void) {
    const { client, ceiling, clock, platformClock, identity, inventory, audit, digests } = options;
    const { logger, random } = options;
    const { notes } = this;
    const owner = {
      clusterUid: identity.kubeSystemUid,
      installationUid: identity.installationUid,
    };
    const observed = new ObservedObjects(ownerLabels(owner));
    const facts = new ClusterFacts(ceiling);
    const wanted = new WantedState({ ...owner, digests, ceiling, clock: clock.now() });
    const tracker = new ApplyTracker(() => platformClock.monotonic());
    const drift = new DriftRecord(platformClock);
    const writer = new WriteObject(client, logger);
    const seen = { wanted, observed, notes, inventory };
    const judge = new ObjectJudge({ ...seen, facts, clock, owner, digests, ceiling });
    const journal = new WriteJournal({
      audit,
      announcer: options.announcer,
      tracker,
      clock,
      wanted,
    });
    const problems = new ObjectProblems({ wanted, tracker, progressed });
    const loop = new ObjectLoop({
      ...seen,
      judge,
      tracker,
      drift,
      journal,
      problems,
      writer,
      audit,
      logger,
      random,
      progressed,
      clock: platformClock,
      found: (key, object) => events.found(key, object),
    });
    const events = new ObjectEvents({ ...seen, loop, judge, drift, audit });
    this.observed = observed;
    this.facts = facts;
    this.wanted = wanted;
    this.tracker = tracker;
    this.drift = drift;
    this.writer = writer;
    this.judge = judge;
    this.loop = loop;
    this.journal = journal;
    this.refusals = new CeilingRefusals({
      audit,
      problems: () => (judge.open ? wanted.problems() : undefined),
      grantsOf: (key) => wanted.grantsOf(key),
    });
    this.events = events;
  }
}
