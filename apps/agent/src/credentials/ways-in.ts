import { nodeDigests } from '@ambit/transport';
import type { AgentParts } from '../agent-parts.ts';
import type { Teardown } from '../platform/teardown.ts';
import { systemTimers } from '../platform/timers.ts';
import { finishWithinMs, within } from '../platform/within.ts';
import { followers } from '../reconcile/followers.ts';
import type { StateFollower } from '../reconcile/ports.ts';
import { HeldCredentials } from '../token-webhook/held-credentials.ts';
import { openTokenWebhook } from '../token-webhook/open-token-webhook.ts';
import type { TokenWebhook } from '../token-webhook/token-webhook.ts';
import { AccessAccounts } from './access-accounts.ts';
import type { CredentialDesk } from './credential-desk.ts';
import { HeldAccounts } from './held-accounts.ts';
import { openCredentialDesk } from './open-credential-desk.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

/** How a running agent helps people into its cluster, by the ways that its ceiling names. */
export class WaysIn {
  /** Has to be told of every state. */
  readonly follower: StateFollower;
  readonly #parts: AgentParts;
  readonly #teardown: Teardown;
  readonly #credentials: HeldCredentials;
  readonly #held = new HeldAccounts();
  #webhook: TokenWebhook | undefined;
  #accounts: AccessAccounts | undefined;

  constructor(parts: AgentParts, teardown: Teardown) {
    this.#parts = parts;
    this.#teardown = teardown;
    this.#credentials = new HeldCredentials(parts.keeper.identity.clusterUid, parts.logger);
    this.follower = followers([this.#credentials, this.#held]);
  }

  /** Answers the API server from now on, where a setting asks for it. Throws what `TokenWebhook.start` throws. */
  async listen(): Promise<void> {
    this.#webhook = await openTokenWebhook(this.#parts, this.#credentials);
    this.#teardown.add('token webhook', () => this.#webhook?.stop());
  }

  /** Looks after the ServiceAccounts of people, and gives the desk where central asks for credentials. */
  serve(removalsHeld: () => boolean): CredentialDesk {
    const { client } = this.#parts.kubernetes;
    const held = this.#held;
    const accounts = this.#openAccounts(removalsHeld);
    this.#accounts = accounts;
    held.onChange(() => accounts.changed());
    accounts.start();
    this.#teardown.add('ServiceAccounts of people', () => within(finishWithinMs, accounts.stop()));
    const digests = nodeDigests;
    const serviceAccountToken = new ServiceAccountTokens({ client, accounts, held, digests });
    const desk = { held: this.#credentials, makers: { serviceAccountToken } };
    return openCredentialDesk(this.#parts, desk, this.#teardown);
  }

  ceilingChanged(): void {
    this.#webhook?.ceilingChanged();
    this.#accounts?.changed();
  }

  #openAccounts(removalsHeld: () => boolean): AccessAccounts {
    const { kubernetes, keeper, ceiling, trail, logger } = this.#parts;
    const { client, kubeSystemUid: clusterUid } = kubernetes;
    return new AccessAccounts({
      client,
      owner: { clusterUid, installationUid: keeper.identity.installationUid },
      held: this.#held,
      ceiling: () => ceiling.ceiling,
      removalsHeld,
      audit: trail.log,
      digests: nodeDigests,
      logger,
      timers: systemTimers,
    });
  }
}
