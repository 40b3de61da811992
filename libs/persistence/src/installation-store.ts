import type { StateAhead } from './state-ahead.ts';
import type { InstallationRecord } from './records.ts';

/** What is known when an installation is made. */
export type NewInstallation = Omit<
  InstallationRecord,
  'bootstrappedAt' | 'explainedFrom' | 'epochRaise'
>;

export interface InstallationStore {
  find(): Promise<InstallationRecord | null>;
  create(record: NewInstallation): Promise<void>;
  /** Records that agents believe other keys from now on. */
  setKeys(keys: Pick<InstallationRecord, 'caFingerprint' | 'stateKeyFingerprint'>): Promise<void>;
  /** Records the compiler and makes a revision for it when it is newer. True when it did. */
  setCompilerVersion(version: number): Promise<boolean>;
  /** True for exactly one caller in the life of the installation. */
  markBootstrapped(): Promise<boolean>;
  /**
   * Makes the state epoch one higher than every epoch that is known or was proved, its first revision higher than every
   * revision that was proved, and lets commits through again.
   */
  raiseStateEpoch(raise: RaiseEpoch): Promise<EpochRaised>;
  /**
   * From now on nothing that changes the state is committed until the epoch is raised. `isAhead` judges once more, while
   * nobody else can commit; undefined when it says no.
   */
  proveAhead(proof: ProofAhead, isAhead: IsAhead): Promise<StateAhead | undefined>;
}

export interface RaiseEpoch {
  /** The envelope that proves the epoch to agents. */
  readonly sign: (stateEpoch: number) => Uint8Array;
  /** Of the program that raises: an older one takes the installation back to its compiler. */
  readonly compilerVersion: number;
}

export interface EpochRaised {
  readonly from: number;
  readonly stateEpoch: number;
  /** Who was ahead. */
  readonly ahead: readonly StateAhead[];
}

export type ProofAhead = Omit<StateAhead, 'stateEpoch' | 'revision' | 'provedAt'>;

export type IsAhead = (standing: Standing) => boolean;

/** What the database says about a revision that somebody holds. */
export interface Standing {
  readonly stateEpoch: number;
  /** The last revision. */
  readonly revision: number;
  /** Of the revision that was asked for; absent when the database never made it. */
  readonly lineage?: Uint8Array;
}
