import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { certificatesFromPem, readTrust, trustFromText } from '@ambit/transport';
import { keyFiles, writeNew } from '../../platform/keys/key-folder.ts';
import { readKeyFiles } from './key-backup.ts';

/** Keys of a backup and those of the folder, by name of their files. */
type KeyTexts = Readonly<Record<string, string>>;

/** What became of the keys of the folder. */
export type KeysPut = 'put back' | 'the same' | 'newer ones kept';

const bundles = 'trust.bundles';
/** These never change in a change of keys. */
const lasting = [keyFiles.sealing, keyFiles.epochPublic, 'sign-in.key'];

/** Decides what is done about the keys, and does it later. */
export interface KeyPlan {
  readonly outcome: KeysPut;
  put(): Promise<void>;
}

/**
 * Keys go into a folder that holds none; keys that are there stay when they are the same, or follow those of the backup by
 * a change of keys, which agents may have taken. Throws config_invalid for any others.
 */
export async function planKeys(folder: string, backup: KeyTexts): Promise<KeyPlan> {
  const present = await readKeyFiles(folder);
  if (Object.keys(present).length === 0)
    return { outcome: 'put back', put: () => writeAll(folder, backup) };
  const outcome = compareKeys(present, backup);
  if (outcome !== undefined) return { outcome, put: async () => {} };
  throw new AppError('config_invalid', `Other keys are in ${folder}.`, {
    why: 'They are neither those of the backup nor such as follow them by a change of keys.',
    hint: 'Move that folder away and restore again. Nothing was changed.',
  });
}

/** Undefined for keys that have nothing to do with each other. */
export function compareKeys(present: KeyTexts, backup: KeyTexts): KeysPut | undefined {
  // The epoch key is moved away, as the documentation says: it is no part of the comparison.
  const names = Object.keys({ ...present, ...backup }).filter((name) => name !== keyFiles.epochKey);
  if (names.every((name) => present[name] === backup[name])) return 'the same';
  const hasLasting = lasting.every((name) => present[name] === backup[name]);
  return hasLasting && follows(present, backup) ? 'newer ones kept' : undefined;
}

/**
 * Each line of the bundles is signed by the keys before it, so a longer list with the same beginning is a later one. The
 * first bundle is not written down before there is a second one: it names the CA of the backup then.
 */
function follows(present: KeyTexts, backup: KeyTexts): boolean {
  const [now = '', then = ''] = [present[bundles], backup[bundles]];
  if (then !== '') return now.length > then.length && now.startsWith(then);
  const [first = ''] = now.split('\n');
  return first !== '' && oldestCa(first).equals(caOf(backup));
}

const oldestCa = (bundle: string): Buffer =>
  Buffer.from(readTrust(trustFromText(bundle))?.ca[0] ?? 'no bundle');

const caOf = (keys: KeyTexts): Buffer =>
  Buffer.from(certificatesFromPem(keys[keyFiles.caCertificate] ?? '')[0] ?? 'no certificate');

/** A restore that was cut short begins with an empty folder again. */
async function writeAll(folder: string, files: KeyTexts): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) {
      await writeNew(join(folder, name), text);
      written.push(name);
    }
  } catch (error) {
    for (const name of written) await rm(join(folder, name), { force: true });
    throw error;
  }
}
