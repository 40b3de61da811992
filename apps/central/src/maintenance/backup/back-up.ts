import { AppError } from '@ambit/kernel';
import { readBackup } from '@ambit/persistence';
import type { CentralSettings } from '../../config.ts';
import { keyFiles } from '../../platform/keys/key-folder.ts';
import { withDatabase } from '../with-database.ts';
import { writeBackupFile } from './backup-file.ts';
import { dropOlderBackups } from './drop-older.ts';
import { readKeyFiles, readPassphrase, writeKeyBackup } from './key-backup.ts';
import { refuseExisting } from './new-file.ts';

type Write = (line: string) => void;

/** Where the keys of a backup are, and what opens them. */
export interface KeyPlace {
  readonly keysFile?: string;
  readonly passphraseFile?: string;
  /** False with --no-keys. */
  readonly keys: boolean;
}

export interface BackUpOptions {
  readonly place: KeyPlace;
  readonly write: Write;
  /** So many backups of this installation are left in the folder, this one among them. */
  readonly keep?: number;
}

/** The place that was named, undefined for a backup without keys. Throws usage. */
export function keyPlace(
  file: string,
  { keysFile = `${file}.keys`, passphraseFile, keys }: KeyPlace,
): { readonly path: string; readonly passphraseFile: string } | undefined {
  if (!keys) return undefined;
  if (passphraseFile !== undefined) return { path: keysFile, passphraseFile };
  throw new AppError('usage', 'A passphrase is needed for the keys.', {
    hint: 'Name a file that holds one with --passphrase-file, or leave the keys out with --no-keys, if you keep them in another way.',
  });
}

/**
 * Writes the database as of one moment to `file`, and the keys, sealed with a passphrase, to a file apart. Central may
 * run meanwhile.
 */
export async function backUp(
  settings: CentralSettings,
  file: string,
  { place, write, keep }: BackUpOptions,
): Promise<void> {
  const keys = keyPlace(file, place);
  const passphrase = keys && (await readPassphrase(keys.passphraseFile));
  for (const path of [file, ...(keys ? [keys.path] : [])]) await refuseExisting(path);
  await withDatabase(settings, async ({ database, keysFolder }) => {
    const files = keys && (await readKeyFiles(keysFolder));
    const done = await readBackup(database, async (head, parts) => ({
      head,
      sha256: await writeBackupFile(file, head, parts),
    }));
    const { head, sha256 } = done;
    if (keys && files && passphrase)
      await writeKeyBackup(keys.path, head.installation, {
        keys: { database: sha256, files },
        passphrase,
      });
    write(`revision ${head.revision} of epoch ${head.stateEpoch}, as of ${head.takenAt}`);
    write(
      `  ${file}  the database: policy, audit trail, hashes of tokens; whoever reads it learns who may do what`,
    );
    for (const line of keyLines(keys?.path, files)) write(line);
    write(`sha256 of what is in it: ${sha256}`);
    if (keep !== undefined)
      for (const dropped of await dropOlderBackups(file, keep)) write(`removed ${dropped}`);
    if (!keys) write('Keep that number apart: "restore --sha256" refuses what was changed since.');
  });
}

function keyLines(
  path: string | undefined,
  files: Readonly<Record<string, string>> | undefined,
): string[] {
  if (path === undefined || files === undefined)
    return ['The keys are not in it: without them no agent believes what is restored.'];
  return [
    `  ${path}  the keys, sealed; keep it and its passphrase in places apart from the database`,
    ...(keyFiles.epochKey in files
      ? []
      : [
          `${keyFiles.epochKey} was moved away and is not in it; "epoch raise" after a restore needs it.`,
        ]),
  ];
}
