import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Millis } from '@ambit/kernel';
import { clustersNotRenewed, listIssuerKeys } from '@ambit/persistence';
import type { InstallationRecord } from '@ambit/persistence';
import { certificateValidity } from '@ambit/transport';
import { requireKeysOf } from '../../installation.ts';
import { keyFiles, openKeys } from '../../platform/keys/key-folder.ts';
import { readTrustBundles } from '../../platform/keys/trust-bundles.ts';
import { openIssuerSeal } from '../../trust.ts';
import { lastKeyStep } from '../last-key-step.ts';
import type { Maintenance } from '../with-database.ts';
import { diagnosisOf, look, named, well, wrong } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';

const day: Millis = 86_400_000;

/** Whether agents believe what is signed here, and how far a change of keys is. */
export async function examineKeys(
  maintenance: Maintenance,
  installation: InstallationRecord,
): Promise<Diagnosis[]> {
  const { keysFolder, clock } = maintenance;
  const keys = await openKeys(keysFolder, false, clock.now());
  requireKeysOf(installation, keys);
  await readTrustBundles(keysFolder, keys, installation.uid);
  return [
    well('the keys are those of this database, and the bundles that agents follow name them'),
    caEnd(certificateValidity(keys.ca.certificate).notAfter, clock.now()),
    ...(await examineRollover(maintenance)),
    ...(await examineEpochKey(keysFolder)),
    await examineSeal(maintenance, installation),
  ];
}

function caEnd(ends: Millis, now: Millis): Diagnosis {
  const until = new Date(ends).toISOString();
  const text = `the CA of agents is good until ${until}`;
  const next = 'ambit-central keys prepare';
  if (ends - now < 7 * day) return wrong(text, next);
  return ends - now < 90 * day ? look(text, next) : well(text);
}

async function examineRollover(maintenance: Maintenance): Promise<Diagnosis[]> {
  const { keysFolder, database } = maintenance;
  const has = (name: string): Promise<boolean> => isThere(join(keysFolder, name));
  const step = (await has(keyFiles.nextStateKey))
    ? 'activate'
    : (await has(keyFiles.previousStateKey))
      ? 'retire'
      : undefined;
  if (step === undefined) return [];
  const since = await lastKeyStep(database);
  const behind = since === undefined ? [] : await clustersNotRenewed(database, since);
  const next = `ambit-central keys ${step}`;
  if (behind.length === 0)
    return [look('a change of keys is under way, and every agent followed', next)];
  return [
    look(
      `a change of keys is under way; these have not renewed since ${new Date(since ?? 0).toISOString()}: ${named(behind)}`,
      `wait until they are connected and renewed, then ${next}`,
    ),
  ];
}

async function examineEpochKey(keysFolder: string): Promise<Diagnosis[]> {
  const path = join(keysFolder, keyFiles.epochKey);
  if (!(await isThere(path))) return [];
  return [
    look(
      'the epoch key lies beside the keys that serving needs: whoever takes the folder can have agents go back to an old state',
      `move ${path} to a safe place; "epoch raise" after a restore is all that needs it`,
    ),
  ];
}

async function examineSeal(
  { database, keysFolder }: Maintenance,
  installation: InstallationRecord,
): Promise<Diagnosis> {
  try {
    const seal = await openIssuerSeal({ database, keysFolder, installation });
    const [newest] = await listIssuerKeys(database);
    if (newest !== undefined) seal.open(newest.sealed, newest.kid);
    return well('the sealing key opens the keys of the issuer');
  } catch (error) {
    return diagnosisOf(error);
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
