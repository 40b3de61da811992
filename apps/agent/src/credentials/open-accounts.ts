import { nodeDigests } from '@ambit/transport';
import type { AgentParts } from '../agent-parts.ts';
import { systemTimers } from '../platform/timers.ts';
import { AccessAccounts } from './access-accounts.ts';
import type { HeldAccounts } from './held-accounts.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

/** The ServiceAccounts of people of a running agent; nothing is looked at before `start`. */
export function openAccounts(
  {
    kubernetes,
    keeper,
    ceiling,
    trail,
    logger,
  }: Pick<AgentParts, 'kubernetes' | 'keeper' | 'ceiling' | 'trail' | 'logger'>,
  held: HeldAccounts,
  removalsHeld: () => boolean,
): AccessAccounts {
  const { client, kubeSystemUid: clusterUid } = kubernetes;
  const { installationUid } = keeper.identity;
  const accounts = new AccessAccounts({
    client,
    owner: { clusterUid, installationUid },
    held,
    ceiling: () => ceiling.ceiling,
    removalsHeld,
    audit: trail.log,
    digests: nodeDigests,
    logger,
    timers: systemTimers,
  });
  held.onChange(() => accounts.changed());
  return accounts;
}

/** Who makes tokens of these accounts. */
export function accountTokens(
  { kubernetes }: Pick<AgentParts, 'kubernetes'>,
  accounts: AccessAccounts,
  held: HeldAccounts,
): ServiceAccountTokens {
  const { client } = kubernetes;
  return new ServiceAccountTokens({ client, accounts, held, digests: nodeDigests });
}
