import { AppError } from '@ambit/kernel';
import { lineageOf } from '../feed/policy-changes.ts';
import { findInstallation } from '../queries/installation.ts';
import { one, type Sql } from '../sql.ts';
import type { BackupTable } from './backup-tables.ts';

/** What a backup is of. */
export interface BackupHead {
  /** Of the installation. */
  readonly installation: string;
  readonly stateEpoch: number;
  readonly revision: number;
  /** Lineage of the revision, hexadecimal. */
  readonly lineage: string;
  /** ISO 8601, by the clock of the database. */
  readonly takenAt: string;
  /** Name of the newest migration. */
  readonly schema: string;
  readonly tables: readonly BackupTable[];
}

/** The newest migration that the database has seen. */
export async function schemaOf(sql: Sql): Promise<string> {
  const { name } = await one<{ name: string }>(
    sql,
    'SELECT name FROM migrations ORDER BY timestamp DESC LIMIT 1',
  );
  return name;
}

/** Throws not_ready before the first start of central. */
export async function readBackupHead(
  sql: Sql,
  tables: readonly BackupTable[],
): Promise<BackupHead> {
  const installation = await findInstallation(sql);
  if (installation === null) {
    throw new AppError('not_ready', 'There is no installation in this database yet.', {
      hint: 'Start central once, or name the database with AMBIT_DATABASE_URL.',
    });
  }
  const { revision, at } = await one<{ revision: number; at: Date }>(
    sql,
    'SELECT revision, now() AS at FROM policy_head',
  );
  return {
    installation: installation.uid,
    stateEpoch: installation.stateEpoch,
    revision,
    lineage: Buffer.from(await lineageOf(sql, revision)).toString('hex'),
    takenAt: at.toISOString(),
    schema: await schemaOf(sql),
    tables,
  };
}
