import { AppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import { createLogger } from '@ambit/observability';
import { loadBackup, openDatabase, UnitOfWork } from '@ambit/persistence';
import type { Database, Restored } from '@ambit/persistence';
import type { CentralSettings } from '../../config.ts';
import { DatabaseClock } from '../../platform/database-clock.ts';
import { openDataFolder } from '../../platform/data-folder.ts';
import { systemClock, timeOrderedIds } from '../../platform/ids.ts';
import { openKeys } from '../../platform/keys/key-folder.ts';
import { openCentralDatabase } from '../../platform/open-database.ts';
import { Teardown } from '../../platform/teardown.ts';
import { operator } from '../with-database.ts';
import { checkBackupFile, readBackupParts } from './backup-file.ts';
import type { BackupFile } from './backup-file.ts';
import { keyPlace } from './back-up.ts';
import type { KeyPlace } from './back-up.ts';
import { readKeyBackup, readPassphrase } from './key-backup.ts';
import type { KeyBackup } from './key-backup.ts';
import { planKeys } from './put-keys.ts';
import type { KeysPut } from './put-keys.ts';
import { keyLine, nextLines, restoreReport } from './restore-report.ts';

export interface RestoreOptions {
  readonly place: KeyPlace;
  /** Whether a database that is not empty may be replaced. */
  readonly mayReplace: boolean;
  /** What "backup" printed, hexadecimal: any other file is refused. */
  readonly sha256?: string;
  readonly write: (line: string) => void;
}

/**
 * Puts a backup back, database and keys, while central is stopped; the database in one transaction. Says what differs
 * from the database that was replaced. No change of policy is taken afterwards until the state epoch is raised.
 */
export async function restore(
  settings: CentralSettings,
  file: string,
  { place, mayReplace, sha256, write }: RestoreOptions,
): Promise<void> {
  const backup = await checkBackupFile(file);
  if (sha256 !== undefined) requireSha256(file, backup, sha256);
  const keys = await keysOf(file, place, backup);
  const logger = createLogger({
    name: 'ambit-central',
    level: 'error',
    format: settings.logFormat,
  });
  const teardown = new Teardown(logger);
  try {
    const folder = await openDataFolder(settings.dataDir, () => undefined);
    teardown.add('data folder', () => folder.release());
    await refuseWhileServing(settings, logger);
    const plan = keys && (await planKeys(folder.keys, keys.files));
    let restored: Restored | undefined;
    const opened = await openCentralDatabase({
      settings,
      postgresFolder: folder.postgres,
      logger,
      prepare: true,
      asOwner: async (url) => {
        restored = await load({ url, logger }, { file, backup, mayReplace });
      },
    });
    teardown.add('database', () => opened.close());
    if (restored === undefined) throw new AppError('internal', 'Nothing was restored.');
    // It is done, and nobody could tell it again: it is said before anything else can fail.
    for (const line of restoreReport(backup, restored)) write(line);
    await plan?.put();
    write(keyLine(plan?.outcome));
    await settle(opened.database, { logger, keysFolder: folder.keys, keys: plan?.outcome, backup });
    for (const line of nextLines(restored, backup.head.stateEpoch)) write(line);
  } finally {
    await teardown.run();
  }
}

/** The file names its SHA-256 itself, and so may whoever forges one. Throws usage, invalid_request. */
function requireSha256(file: string, { sha256 }: BackupFile, expected: string): void {
  if (!/^[0-9a-f]{64}$/i.test(expected)) {
    throw new AppError('usage', 'What --sha256 names is no SHA-256.', {
      why: 'It is 64 hexadecimal digits.',
      hint: 'Give the number that "ambit-central backup" printed at its end.',
    });
  }
  if (sha256 === expected.toLowerCase()) return;
  throw new AppError('invalid_request', `${file} is not the backup that was expected.`, {
    why: `The SHA-256 of what is in it is ${sha256}: it is another backup, or somebody changed it.`,
    hint: 'Take the file that was written when that number was printed. Nothing was changed.',
  });
}

async function keysOf(
  file: string,
  place: KeyPlace,
  { sha256 }: BackupFile,
): Promise<KeyBackup | undefined> {
  const named = keyPlace(file, place);
  if (named === undefined) return undefined;
  const keys = await readKeyBackup(named.path, await readPassphrase(named.passphraseFile));
  if (keys.database === sha256) return keys;
  throw new AppError('invalid_request', `${named.path} does not belong to ${file}.`, {
    why: 'Keys and database were backed up at different times, or the database was changed by somebody since.',
    hint: 'Name the file of keys that was written with this backup. Nothing was changed.',
  });
}

/** The embedded database is kept from others by the lock of its folder. */
async function refuseWhileServing(settings: CentralSettings, logger: Logger): Promise<void> {
  const url = settings.databaseUrl?.reveal();
  if (url === undefined) return;
  const database = await openDatabase({
    url,
    logger,
    maxConnections: 1,
    applicationName: 'ambit-restore',
  });
  try {
    const serving = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'ambit-central%'`,
    );
    if (serving.length === 0) return;
    throw new AppError('in_use', 'Central runs on this database.', {
      hint: 'Stop every replica, then restore again.',
    });
  } finally {
    await database.close();
  }
}

async function load(
  { url, logger }: { readonly url: string; readonly logger: Logger },
  of: { readonly file: string; readonly backup: BackupFile; readonly mayReplace: boolean },
): Promise<Restored> {
  const owner = await openDatabase({
    url,
    logger,
    maxConnections: 2,
    applicationName: 'ambit-restore',
  });
  try {
    const { file, backup, mayReplace } = of;
    const parts = () => readBackupParts(file, backup);
    return await loadBackup(owner, { head: backup.head, parts }, mayReplace);
  } finally {
    await owner.close();
  }
}

/** The trail says that there was a restore; the record names the keys that are in use, also when they are newer. */
async function settle(
  database: Database,
  facts: {
    readonly logger: Logger;
    readonly keysFolder: string;
    readonly keys: KeysPut | undefined;
    readonly backup: BackupFile;
  },
): Promise<void> {
  const { logger, keysFolder, backup } = facts;
  const clock = await DatabaseClock.read({ database, machine: systemClock, logger });
  const unitOfWork = new UnitOfWork(database, { clock, ids: timeOrderedIds, logger });
  const { revision, stateEpoch, takenAt } = backup.head;
  const inUse =
    facts.keys === 'newer ones kept' && (await openKeys(keysFolder, false, clock.now()));
  await unitOfWork.run({ actor: operator }, async (tx) => {
    if (inUse) {
      const caFingerprint = inUse.ca.pin;
      await tx.installation.setKeys({
        caFingerprint,
        stateKeyFingerprint: inUse.stateSigner.publicKey.keyId,
      });
    }
    tx.audit.record({
      type: 'installation.restored',
      message: `The database was restored from a backup of ${takenAt}, at revision ${revision}`,
      details: { revision, stateEpoch, takenAt, madeBy: backup.madeBy },
    });
  });
}
