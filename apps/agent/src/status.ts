import type { Digests } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { ceilingDigest, ceilingToJson } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import type { AdmissionState } from './admission/admission-watch.ts';
import type { ReconcileStatus } from './reconcile/ports.ts';

/** What is not as it should be, in words that central shows as they stand. */
export interface Conditions {
  readonly clockUncertain: boolean;
  /** The state or the audit events cannot be written. */
  readonly storageFull: boolean;
  /** Audit events wait, and central takes none. */
  readonly auditStalled: boolean;
  /** The stored state lacks changes. */
  readonly stateStale: boolean;
  readonly removalsHeld: boolean;
  readonly gainsHeld: boolean;
  /** The ceiling file cannot be read; the last good one is in force. */
  readonly ceilingInvalid: boolean;
  /** The API server does not enforce the ceiling, and why. */
  readonly admission: AdmissionState;
}

const names: Readonly<Record<Exclude<keyof Conditions, 'admission'>, string>> = {
  clockUncertain: 'CLOCK_UNCERTAIN',
  storageFull: 'STORAGE_FULL',
  auditStalled: 'AUDIT_STALLED',
  stateStale: 'STATE_STALE',
  removalsHeld: 'REMOVALS_HELD',
  gainsHeld: 'GAINS_HELD',
  ceilingInvalid: 'CEILING_INVALID',
};

const admissionConditions: Readonly<Record<AdmissionState, readonly string[]>> = {
  unknown: [],
  in_force: [],
  unsupported: ['ADMISSION_POLICY_UNSUPPORTED'],
  missing: ['ADMISSION_POLICY_MISSING'],
  outdated: ['ADMISSION_POLICY_OUTDATED'],
  unverified: ['ADMISSION_POLICY_UNVERIFIED'],
};

/** The Status message of now, but for the audit spool. */
export function statusMessage(
  reconcile: ReconcileStatus,
  ceiling: Ceiling,
  conditions: Conditions,
  digests: Digests,
): Omit<wire.Status, 'spoolEpoch' | 'spooledSequence'> {
  const known = Object.keys(names) as (keyof typeof names)[];
  const present = known.filter((key) => conditions[key]).map((key) => names[key]);
  return {
    appliedRevision: reconcile.appliedRevision,
    objects: reconcile.objects,
    driftRepairs: reconcile.driftRepairs,
    ceilingDigest: ceilingDigest(ceiling, digests),
    ceilingJson: ceilingToJson(ceiling),
    conditions: [...present, ...admissionConditions[conditions.admission]],
    report: reconcile.report,
  };
}
