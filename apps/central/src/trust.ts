import { listIssuerKeys } from '@ambit/persistence';
import type { Database, InstallationRecord } from '@ambit/persistence';
import { bootstrap } from './features/tokens/public.ts';
import type { Foundation } from './foundation.ts';
import { isNewInstallation, openInstallation } from './installation.ts';
import { hasSealingSecret, openKeys, openSealingSecret } from './platform/keys/key-folder.ts';
import type { Keys } from './platform/keys/key-folder.ts';
import { Seal } from './platform/keys/sealing.ts';
import { readTrustBundles } from './platform/keys/trust-bundles.ts';
import type { TrustBundles } from './platform/keys/trust-bundles.ts';

/** Who this installation is, and what it signs with. */
export interface Trust {
  readonly keys: Keys;
  readonly installation: InstallationRecord;
  readonly bundles: TrustBundles;
  /** Closes the private halves of the keys of the issuer. */
  readonly issuerSeal: Seal;
  /** Closes what replicas pass each other through the database. */
  readonly relaySeal: Seal;
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
  const issuerSeal = await openIssuerSeal({ database, keysFolder, installation });
  const secret = await openSealingSecret(keysFolder, false);
  const relaySeal = new Seal(secret, installation.uid, 'relayed credentials');
  const firstToken = await bootstrap(unitOfWork);
  return { keys, installation, bundles, issuerSeal, relaySeal, firstToken };
}

/**
 * What the private halves of the keys of the issuer are sealed with. The secret is made while there is no such key, also in an
 * installation of a version that had no issuer. Throws `config_invalid` when it is missing later, or cannot be read.
 */
export async function openIssuerSeal({
  database,
  keysFolder,
  installation,
  mayMake = false,
}: {
  readonly database: Database;
  readonly keysFolder: string;
  readonly installation: Pick<InstallationRecord, 'uid'>;
  /** Also when there are keys, which nothing opens then. */
  readonly mayMake?: boolean;
}): Promise<Seal> {
  // Nearly every start finds the secret, and need not ask what it may make.
  const may =
    mayMake ||
    (!(await hasSealingSecret(keysFolder)) && (await listIssuerKeys(database)).length === 0);
  return new Seal(await openSealingSecret(keysFolder, may), installation.uid, 'issuer keys');
}
