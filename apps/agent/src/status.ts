import type { Digests } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { ceilingDigest, ceilingToJson } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import type { ReconcileStatus } from './reconcile/ports.ts';

/** What is not as it should be, in words that central shows as they stand. */
export interface Conditions {
  readonly clockUncertain: boolean;
  /** The state or the audit events cannot be written. */
  readonly storageFull: boolean;
  /** The stored state lacks changes. */
  readonly stateStale: boolean;
  readonly removalsHeld: boolean;
  /** The ceiling file cannot be read; the last good one is in force. */
  readonly ceilingInvalid: boolean;
}

const names: Readonly<Record<keyof Conditions, string>> = {
  clockUncertain: 'CLOCK_UNCERTAIN',
  storageFull: 'STORAGE_FULL',
  stateStale: 'STATE_STALE',
  removalsHeld: 'REMOVALS_HELD',
  ceilingInvalid: 'CEILING_INVALID',
};

/** The Status message of now. */
export function statusMessage(
  reconcile: ReconcileStatus,
  ceiling: Ceiling,
  conditions: Conditions,
  digests: Digests,
): wire.Status {
  const present = (Object.keys(names) as (keyof Conditions)[]).filter((key) => conditions[key]);
  return {
    appliedRevision: reconcile.appliedRevision,
    objects: reconcile.objects,
    driftRepairs: reconcile.driftRepairs,
    ceilingDigest: ceilingDigest(ceiling, digests),
    ceilingJson: ceilingToJson(ceiling),
    conditions: present.map((key) => names[key]),
    report: reconcile.report,
  };
}
