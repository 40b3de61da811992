import type { Millis } from '@ambit/kernel';

/** A state that somebody proved to hold although the database does not know it. */
export interface StateAhead {
  /** uid of the cluster, or name of the replica of central that held it in memory. */
  readonly holder: string;
  /** Absent for a replica, and for a cluster that the database does not know. */
  readonly cluster?: string;
  readonly heldEpoch: number;
  readonly heldRevision: number;
  /** What the database was at then. */
  readonly stateEpoch: number;
  readonly revision: number;
  readonly provedAt: Millis;
}
