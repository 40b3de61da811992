import { defined } from '@ambit/kernel';
import type { InstallationRecord } from '../records.ts';
import type { Sql } from '../sql.ts';

interface InstallationRow {
  readonly uid: string;
  readonly compiler_version: number;
  readonly state_epoch: number;
  readonly ca_fingerprint: string;
  readonly state_key_fingerprint: string;
  readonly epoch_key_fingerprint: string;
  readonly explained_from: number;
  readonly epoch_raise: Buffer | null;
  readonly bootstrapped_at: Date | null;
}

/** Null before the first start. */
export async function findInstallation(sql: Sql): Promise<InstallationRecord | null> {
  const [row] = await sql.query<InstallationRow>('SELECT * FROM installation');
  if (row === undefined) return null;
  return {
    uid: row.uid,
    compilerVersion: row.compiler_version,
    stateEpoch: row.state_epoch,
    caFingerprint: row.ca_fingerprint,
    stateKeyFingerprint: row.state_key_fingerprint,
    epochKeyFingerprint: row.epoch_key_fingerprint,
    explainedFrom: row.explained_from,
    ...defined({ epochRaise: row.epoch_raise, bootstrappedAt: row.bootstrapped_at?.getTime() }),
  };
}
