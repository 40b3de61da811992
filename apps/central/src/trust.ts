import type { InstallationRecord } from '@ambit/persistence';
import { bootstrap } from './features/tokens/public.ts';
import type { Foundation } from './foundation.ts';
import { isNewInstallation, openInstallation } from './installation.ts';
import { openKeys } from './platform/keys/key-folder.ts';
import type { Keys } from './platform/keys/key-folder.ts';
import { readTrustBundles } from './platform/keys/trust-bundles.ts';
import type { TrustBundles } from './platform/keys/trust-bundles.ts';

/** Who this installation is, and what it signs with. */
export interface Trust {
  readonly keys: Keys;
  readonly installation: InstallationRecord;
  readonly bundles: TrustBundles;
  /** Set at the very first start. */
  readonly firstToken: string | undefined;
}

/** Throws config_invalid when the keys are missing, readable by others, or not those of this database. */
export async function openTrust({ runtime, keysFolder }: Foundation): Promise<Trust> {
  const { database, unitOfWork, ids, clock } = runtime;
  const mayCreate = await isNewInstallation(database);
  const { epochKeyFile } = runtime.settings;
  const keys = await openKeys(keysFolder, mayCreate, clock.now(), epochKeyFile);
  const installation = await openInstallation({ database, unitOfWork, ids }, keys);
  const bundles = await readTrustBundles(keysFolder, keys, installation.uid);
  return { keys, installation, bundles, firstToken: await bootstrap(unitOfWork) };
}
