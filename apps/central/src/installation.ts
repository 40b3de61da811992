import { compilerVersion } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Ids } from '@ambit/kernel';
import { findInstallation } from '@ambit/persistence';
import type { Database, InstallationRecord, UnitOfWork } from '@ambit/persistence';
import type { Keys } from './platform/keys/key-folder.ts';

const system = { kind: 'system', name: 'system/start' } as const;

/** True before the first start: keys may be made then and never again. */
export async function isNewInstallation(database: Database): Promise<boolean> {
  return (await findInstallation(database)) === null;
}

/**
 * The record of this installation, made at the first start. Throws `config_invalid` when the keys at hand are not the
 * ones that agents of this installation trust, and when a newer compiler serves it.
 */
export async function openInstallation(
  ports: { readonly database: Database; readonly unitOfWork: UnitOfWork; readonly ids: Ids },
  keys: Keys,
): Promise<InstallationRecord> {
  const fingerprints = fingerprintsOf(keys);
  await ports.unitOfWork.run({ actor: system }, async (tx) => {
    const found = await tx.installation.find();
    if (found === null) {
      await tx.installation.create({
        uid: ports.ids.uuid(),
        compilerVersion,
        stateEpoch: 1,
        ...fingerprints,
      });
      tx.audit.record({
        type: 'installation.started',
        message: 'This installation of Ambit was made',
      });
      return;
    }
    requireKeysOf(found, keys);
    refuseOlderCompiler(found.compilerVersion);
    if (await tx.installation.setCompilerVersion(compilerVersion)) {
      tx.audit.record({
        type: 'installation.compiler_changed',
        message: `States are compiled by compiler ${compilerVersion} now, by ${found.compilerVersion} before`,
        details: { from: found.compilerVersion, to: compilerVersion },
      });
    }
  });
  const record = await findInstallation(ports.database);
  if (record === null)
    throw new AppError('internal', 'The record of this installation is missing.');
  return record;
}

/** An older compiler makes other states of the same revisions, which agents refuse. */
function refuseOlderCompiler(found: number): void {
  if (found <= compilerVersion) return;
  throw new AppError('config_invalid', 'A newer version of central serves this installation.', {
    why: `Its states are compiled by compiler ${found}, and this program has compiler ${compilerVersion}.`,
    hint: 'Start the newer version. To go back to this one for good, stop every newer replica and raise the epoch with this version.',
    nextCommand: 'ambit-central epoch raise',
  });
}

type Fingerprints = Pick<
  InstallationRecord,
  'caFingerprint' | 'stateKeyFingerprint' | 'epochKeyFingerprint'
>;

const fingerprintsOf = (keys: Keys): Fingerprints => ({
  caFingerprint: keys.ca.pin,
  stateKeyFingerprint: keys.stateSigner.publicKey.keyId,
  epochKeyFingerprint: keys.epochKey.keyId,
});

/** Throws `config_invalid` when these are not the keys that agents of the installation trust. */
export function requireKeysOf(found: Fingerprints, keys: Keys): void {
  const given = fingerprintsOf(keys);
  const names = {
    caFingerprint: 'ca.crt',
    stateKeyFingerprint: 'state-signing.key',
    epochKeyFingerprint: 'epoch.pub',
  };
  const wrong = (Object.keys(names) as (keyof Fingerprints)[]).filter(
    (key) => found[key] !== given[key],
  );
  if (wrong.length === 0) return;
  throw new AppError(
    'config_invalid',
    `These keys are not those of this database: ${wrong.map((key) => names[key]).join(', ')}.`,
    {
      why: 'Agents trust this installation by its keys; with others none of them would believe it.',
      hint: 'Bring the keys folder back that belongs to this database, or use the database that belongs to the keys.',
    },
  );
}
