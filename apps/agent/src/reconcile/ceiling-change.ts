import type { Ceiling } from '@ambit/rbac';
import type { ClusterEvents } from './cluster-events.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectsInPlay } from './objects-in-play.ts';
import type { RevisionReports } from './revision-reports.ts';
import type { WantedState } from './wanted-state.ts';

export interface CeilingChangeParts {
  readonly judge: ObjectJudge;
  readonly wanted: WantedState;
  readonly cluster: ClusterEvents;
  readonly revisions: RevisionReports;
  readonly objects: ObjectsInPlay;
  readonly audit: AuditRecorder;
}

/** Puts another ceiling of the owner in force. */
export class CeilingChange {
  readonly #parts: CeilingChangeParts;

  constructor(parts: CeilingChangeParts) {
    this.#parts = parts;
  }

  to(ceiling: Ceiling): void {
    const { judge, cluster, wanted, objects, revisions, audit } = this.#parts;
    judge.ceiling = ceiling;
    cluster.facts.setCeiling(ceiling);
    const message = 'The owner of the cluster changed the ceiling';
    audit.record({ type: 'ceiling.changed', message });
    objects.changed(wanted.setCeiling(ceiling));
    // Rights of the agent often change along with the ceiling, and so does what is kept from us.
    objects.hurry();
    revisions.tellRefusals();
    void cluster.readAllowedRoles();
  }
}
