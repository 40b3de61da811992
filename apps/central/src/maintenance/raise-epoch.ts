import { compilerVersion } from '@ambit/domain';
import { AppError, counted } from '@ambit/kernel';
import { findInstallation, holderName } from '@ambit/persistence';
import type { EpochRaised } from '@ambit/persistence';
import { epochRaiseCodec, signedEnvelopeCodec } from '@ambit/protocol';
import type { CentralSettings } from '../config.ts';
import { makeIssuerKey, replaceKeys } from '../features/issuer/public.ts';
import { openEpochSigner } from '../platform/keys/key-folder.ts';
import { openIssuerSeal } from '../trust.ts';
import { operator, withDatabase } from './with-database.ts';

/** Names that are listed; a fleet may have thousands. */
const mostListed = 20;

/**
 * Raises the state epoch after a restore, so that agents take a state whose revision is lower than the one they hold.
 * Signed with the epoch key, which serving never opens. Replicas that run notice by themselves.
 */
export async function raiseEpoch(
  settings: CentralSettings,
  write: (line: string) => void,
): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork, database, keysFolder }) => {
    const installation = await findInstallation(database);
    if (installation === null) throw new AppError('not_ready', 'There is no installation yet.');
    const signer = await openEpochSigner(keysFolder, settings.epochKeyFile);
    const sign = (stateEpoch: number): Uint8Array => {
      const payload = epochRaiseCodec.encode({ installationUid: installation.uid, stateEpoch });
      return signedEnvelopeCodec.encode(signer.sign('epoch', payload));
    };
    const seal = await openIssuerSeal({ database, keysFolder, installation });
    const issuerKey = await makeIssuerKey(seal, 0);
    const { value, commit } = await unitOfWork.run({ actor: operator }, async (tx) => {
      const raised = await tx.installation.raiseStateEpoch({ sign, compilerVersion });
      // The database may have forgotten which of them had ended.
      const sessions = await tx.sessions.endAll('The state epoch was raised after a restore.');
      // And which keys were withdrawn: everything that was signed until now goes with all of them.
      await replaceKeys(tx, issuerKey, 'the state epoch was raised after a restore');
      const { from, stateEpoch, ahead } = raised;
      tx.audit.record({
        type: 'installation.epoch_raised',
        message: `The state epoch was raised from ${from} to ${stateEpoch}`,
        details: { from, stateEpoch, ahead: ahead.length, sessions },
      });
      return { ...raised, sessions };
    });
    const key = settings.epochKeyFile ?? `${keysFolder}/epoch.key`;
    for (const line of report(value, commit?.revision ?? 0, key)) write(line);
  });
}

function report(
  { stateEpoch, ahead, sessions }: EpochRaised & { readonly sessions: number },
  revision: number,
  key: string,
): string[] {
  const listed = ahead
    .slice(0, mostListed)
    .map(
      (one) => `  ${holderName(one)} held revision ${one.heldRevision} of epoch ${one.heldEpoch}`,
    );
  const more = ahead.length - listed.length;
  return [
    `state epoch raised to ${stateEpoch}, at revision ${revision}`,
    ...(ahead.length === 0 ? [] : ['These were ahead of this database:', ...listed]),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...(sessions === 0
      ? []
      : [`${counted(sessions, 'session')} ended: who is signed in signs in again.`]),
    'Tokens of ours for clusters that were given before are not taken any more; kubectl gets others by itself.',
    'Client certificates and tokens of ServiceAccounts that were given before say who somebody is until they end, an hour at most.',
    'Agents take over what the database says as they connect, now or when central starts.',
    'What they lose by it goes at once, unless it is more than the removal guard lets pass; that, and access that they did not have before, waits for you:',
    '  ambit-central epoch report                 what differs, per cluster',
    '  ambit cluster status NAME                  what is held there',
    '  ambit cluster release-gains NAME           to let held access through',
    '  ambit cluster release-removals NAME        to let held removals through',
    `Move ${key} to a safe place again: serving never needs it.`,
  ];
}
