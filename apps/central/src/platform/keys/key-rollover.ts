import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { createCa, generateSigningKey } from '@ambit/transport';
import { exists, keyFiles, openKeys, writeNew } from './key-folder.ts';
import type { Keys } from './key-folder.ts';
import { appendTrustBundle, readTrustBundles } from './trust-bundles.ts';

/** What a step of a rollover works on. */
export interface Rollover {
  readonly folder: string;
  readonly installationUid: string;
  readonly now: Millis;
}

/**
 * Makes the next CA and the next state key and has agents told to trust them beside those of now, under the signature of
 * the state key of now. Throws `already_exists` while a rollover is under way. Gives the version agents go to.
 */
export async function prepareKeys({ folder, installationUid, now }: Rollover): Promise<number> {
  const keys = await openKeys(folder, false, now);
  const bundles = await readTrustBundles(folder, keys, installationUid);
  if (bundles.bundle.stateKeys.length > 1) throw underWay();
  await makeNextKeys(folder, now);
  const both = await openKeys(folder, false, now);
  return (await appendTrustBundle(folder, both, bundles)).version;
}

/** Goes on where it was cut short: the state key comes last, and with it they are all there. */
async function makeNextKeys(folder: string, now: Millis): Promise<void> {
  const at = (name: string): string => join(folder, name);
  if (await exists(at(keyFiles.nextStateKey))) return;
  const ca = await createCa({ name: 'Ambit', now });
  for (const name of [keyFiles.nextCaKey, keyFiles.nextCaCertificate]) {
    await rm(at(name), { force: true });
  }
  await writeNew(at(keyFiles.nextCaKey), ca.privateKeyPem);
  await writeNew(at(keyFiles.nextCaCertificate), ca.certificatePem);
  await writeNew(at(keyFiles.nextStateKey), generateSigningKey());
}

/**
 * Puts the next keys in the place of those of now, which are kept as the previous ones. May be run again after it was
 * cut short. Throws `not_ready` when nothing was prepared. Gives the keys that are in use from now on.
 */
export async function activateKeys(rollover: Rollover): Promise<Keys> {
  const { folder, now } = rollover;
  const at = (name: string): string => join(folder, name);
  const { caCertificate, previousCaCertificate, nextCaCertificate } = keyFiles;
  if (!(await exists(at(previousCaCertificate)))) await refuseUnprepared(rollover);
  await keep(at(caCertificate), at(previousCaCertificate));
  await replace(at(nextCaCertificate), at(caCertificate));
  await replace(at(keyFiles.nextCaKey), at(keyFiles.caKey));
  await keep(at(keyFiles.stateKey), at(keyFiles.previousStateKey));
  await replace(at(keyFiles.nextStateKey), at(keyFiles.stateKey));
  return openKeys(folder, false, now);
}

/**
 * Has agents told to trust the keys of now alone, and removes the previous ones. Throws `not_ready` when there are none.
 * Gives the version agents go to.
 */
export async function retireKeys({ folder, installationUid, now }: Rollover): Promise<number> {
  const { previousCaCertificate, previousStateKey, nextStateKey } = keyFiles;
  const at = (name: string): string => join(folder, name);
  if (!(await exists(at(previousStateKey))) || (await exists(at(nextStateKey)))) {
    throw new AppError('not_ready', 'There are no previous keys to retire.', {
      nextCommand: 'ambit-central keys activate',
    });
  }
  const both = await openKeys(folder, false, now);
  const bundles = await readTrustBundles(folder, both, installationUid);
  const [ca, stateKey] = [both.named.ca.slice(0, 1), both.named.stateKeys.slice(0, 1)];
  const alone = { ...both, named: { ca, stateKeys: stateKey } };
  const { version } = await appendTrustBundle(folder, alone, bundles);
  await rm(at(previousStateKey));
  await rm(at(previousCaCertificate), { force: true });
  return version;
}

/** Agents have to have been told of the next keys before these sign anything. */
async function refuseUnprepared({ folder, installationUid, now }: Rollover): Promise<void> {
  const keys = await openKeys(folder, false, now);
  const { bundle } = await readTrustBundles(folder, keys, installationUid);
  if (keys.named.stateKeys.length > 1 && bundle.stateKeys.length > 1) return;
  throw new AppError('not_ready', 'There are no next keys that agents were told of.', {
    nextCommand: 'ambit-central keys prepare',
  });
}

/** Once: what is kept already is not replaced when a step is run again. */
async function keep(from: string, to: string): Promise<void> {
  if (!(await exists(to))) await rename(from, to);
}

async function replace(from: string, to: string): Promise<void> {
  if (await exists(from)) await rename(from, to);
}

function underWay(): AppError {
  return new AppError('already_exists', 'A change of keys is under way already.', {
    hint: 'Finish it: activate the next keys, then retire the previous ones.',
    nextCommand: 'ambit-central keys activate',
  });
}
