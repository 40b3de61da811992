import { findInstallation } from '@ambit/persistence';
import { AppError } from '@ambit/kernel';
import { epochRaiseCodec, signedEnvelopeCodec } from '@ambit/protocol';
import type { CentralSettings } from '../config.ts';
import { openEpochSigner } from '../platform/keys/key-folder.ts';
import { operator, withDatabase } from './with-database.ts';

/**
 * Raises the state epoch after a restore, so that agents take a state whose revision is lower than the one they hold.
 * Signed with the epoch key, which serving never opens.
 */
export async function raiseEpoch(
  settings: CentralSettings,
  write: (line: string) => void,
): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork, database, keysFolder }) => {
    const installation = await findInstallation(database);
    if (installation === null) throw new AppError('not_ready', 'There is no installation yet.');
    const signer = await openEpochSigner(keysFolder, settings.epochKeyFile);
    const stateEpoch = installation.stateEpoch + 1;
    const raise = signer.sign(
      'epoch',
      epochRaiseCodec.encode({ installationUid: installation.uid, stateEpoch }),
    );
    await unitOfWork.run({ actor: operator }, (tx) =>
      tx.installation.raiseStateEpoch(stateEpoch, signedEnvelopeCodec.encode(raise)),
    );
    write(`state epoch raised to ${stateEpoch}`);
    write('Restart central; agents take over its state at their next connection.');
    const key = settings.epochKeyFile ?? `${keysFolder}/epoch.key`;
    write(`Now move ${key} to a safe place: serving never needs it.`);
  });
}
