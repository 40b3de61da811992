import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined } from '@ambit/kernel';
import { ownerUrlOf } from '@ambit/testing';
import { testSettings } from '../../central.test-support.ts';
import { backUp } from './back-up.ts';
import type { KeyPlace } from './back-up.ts';
import { restore } from './restore.ts';

export const passphrase = 'a passphrase that nobody guesses';

/** The database and the folder of an installation. */
export interface Place {
  readonly url: string;
  readonly dataDir: string;
}

/** A folder with a passphrase, in which backups are made and from which they are restored. */
export class BackupShelf {
  readonly folder: string;
  readonly passphraseFile: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.passphraseFile = join(folder, 'passphrase');
  }

  static async make(): Promise<BackupShelf> {
    const shelf = new BackupShelf(await mkdtemp(join(tmpdir(), 'ambit-backup-')));
    await writeFile(shelf.passphraseFile, `${passphrase}\n`, { mode: 0o600 });
    return shelf;
  }

  /** Path of a file of this name. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Gives what is printed. */
  async backUp(
    of: Place,
    file: string,
    { keep, ...more }: Partial<KeyPlace> & { readonly keep?: number } = {},
  ): Promise<string> {
    const lines: string[] = [];
    await backUp(await settingsOf(of), file, {
      place: { keys: true, passphraseFile: this.passphraseFile, ...more },
      write: (line) => void lines.push(line),
      ...defined({ keep }),
    });
    return lines.join('\n');
  }

  /** Gives what is printed. */
  async restore(
    to: Place,
    file: string,
    {
      mayReplace = false,
      sha256,
      ...more
    }: Partial<KeyPlace> & { readonly mayReplace?: boolean; readonly sha256?: string } = {},
  ): Promise<string> {
    const lines: string[] = [];
    await restore(await settingsOf(to), file, {
      place: { keys: true, passphraseFile: this.passphraseFile, ...more },
      mayReplace,
      ...defined({ sha256 }),
      write: (line) => void lines.push(line),
    });
    return lines.join('\n');
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

function settingsOf({ url, dataDir }: Place): ReturnType<typeof testSettings> {
  const env = { AMBIT_DATABASE_URL: url, AMBIT_DATABASE_OWNER_URL: ownerUrlOf(url) };
  return testSettings({ dataDir }, env);
}
