import { AppError } from '@ambit/kernel';
import { findInstallation } from '@ambit/persistence';
import type { CentralSettings } from '../config.ts';
import { publishAheadMs, rotateByHand } from '../features/issuer/public.ts';
import { openIssuerSeal } from '../trust.ts';
import { operator, withDatabase } from './with-database.ts';

/**
 * Makes a new key for the credentials of clusters. `atOnce` withdraws those of before, for when one was stolen; it works
 * without the sealing key of before as well, once what was sealed with it is gone.
 */
export async function rotateIssuerKeys(
  settings: CentralSettings,
  { atOnce, write }: { readonly atOnce: boolean; readonly write: (line: string) => void },
): Promise<void> {
  await withDatabase(settings, async ({ database, unitOfWork, keysFolder }) => {
    const installation = await findInstallation(database);
    if (installation === null) throw new AppError('not_ready', 'There is no installation yet.');
    const seal = await openIssuerSeal({ database, keysFolder, installation, mayMake: atOnce });
    const how = { by: operator, atOnce };
    const { kid, withdrawn } = await rotateByHand({ unitOfWork, seal }, how);
    for (const line of atOnce ? toldAtOnce(kid, withdrawn) : toldAhead(kid)) write(line);
  });
}

const toldAhead = (kid: string): string[] => [
  `key ${kid} is published, and signs in ${publishAheadMs / 60_000} minutes`,
  'What was signed before stays good until its end. Every replica follows by itself.',
];

const toldAtOnce = (kid: string, withdrawn: number): string[] => [
  `key ${kid} signs from now on; withdrawn: ${withdrawn}`,
  'Agents refuse what the withdrawn keys signed within seconds. An API server that takes our tokens by OIDC goes on with',
  'the keys that it knows until it meets a new one, half a minute after it asked for keys at the earliest: get a credential',
  'for each of those clusters then, and use it until it is taken.',
];
