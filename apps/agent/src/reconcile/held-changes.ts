import type { Logger } from '@ambit/kernel';
import type { ObjectKey } from '@ambit/rbac';
import type { KnownObjects } from './known-objects.ts';
import type { AuditRecorder } from './object-audit.ts';
import type { ObjectJudge } from './object-judge.ts';
import { StandingAccess } from './standing-access.ts';
import type { WantedState } from './wanted-state.ts';

export interface HeldChangesOptions {
  readonly wanted: WantedState;
  readonly known: KnownObjects;
  readonly judge: ObjectJudge;
  readonly audit: AuditRecorder;
  readonly logger: Logger;
}

/** Removals and gains that wait for the owner of the cluster: told when they are held, let through when the owner says so. */
export class HeldChanges {
  readonly #options: HeldChangesOptions;

  constructor(options: HeldChangesOptions) {
    this.#options = options;
  }

  /** Removals that were found held on the disk: by that nobody gets what is not there. */
  onlyWhatStands(): void {
    const { wanted, known, judge } = this.#options;
    if (wanted.heldRemovals.length === 0) return;
    const { observed } = known;
    wanted.holdOnly(new StandingAccess(observed, (key, object) => judge.ownerOf(key, object)));
  }

  tell(): void {
    const { wanted, audit, logger } = this.#options;
    const { heldRemovals, heldGains: gains } = wanted;
    const removals = heldRemovals.length;
    if (removals > 0) {
      logger.warn('removals that no commit explains are held', { removals });
      const message =
        'Removals that no commit explains are held; "ambit cluster release-removals NAME" lets them through';
      audit.record({ type: 'cluster.removals_held', message, details: { removals } });
    }
    if (gains === 0) return;
    logger.warn('what a raised epoch gives is held', { gains });
    const message =
      'What a raised epoch gives is held; "ambit cluster release-gains NAME" lets it through';
    audit.record({ type: 'cluster.gains_held', message, details: { gains } });
  }

  /** What changes by it. */
  releaseRemovals(): Set<ObjectKey> {
    const { wanted, audit } = this.#options;
    const touched = wanted.releaseHeld();
    const message = 'Removals that were held go through now';
    const details = { objects: touched.size };
    audit.record({ type: 'agent.removals_released', message, details });
    return touched;
  }

  /** What changes by it. */
  releaseGains(): Set<ObjectKey> {
    const { wanted, audit } = this.#options;
    const details = { gains: wanted.heldGains };
    const touched = wanted.releaseGains();
    const message = 'What a raised epoch gives is given now';
    audit.record({ type: 'agent.gains_released', message, details });
    return touched;
  }
}
