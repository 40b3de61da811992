import { AppError, printable, readInstant } from '@ambit/kernel';
import type { Digests } from '@ambit/kernel';
import { isKubeError } from '@ambit/kube';
import type { AccountToken, KubeClient } from '@ambit/kube';
import { accessNamespace, accountName, accountUser } from '@ambit/rbac';
import type { AccessAccounts } from './access-accounts.ts';
import type { AccountHolder } from './account-object.ts';
import type { CredentialMaker, MadeCredential, OrderFor } from './credential-maker.ts';
import type { HeldAccounts } from './held-accounts.ts';
import { readAccountToken } from './read-account-token.ts';

export interface ServiceAccountTokensParts {
  readonly client: Pick<KubeClient, 'createToken'>;
  readonly accounts: Pick<AccessAccounts, 'of' | 'forget' | 'changed'>;
  readonly held: Pick<HeldAccounts, 'holders' | 'denied'>;
  readonly digests: Digests;
}

type Order = OrderFor<'serviceAccountToken'>;

/**
 * Tokens of the ServiceAccounts that stand for people. Whatever central orders, it is for somebody to whom the accepted
 * state gives something by name and uid: a stolen central gets tokens of people with access, and of nobody else.
 */
export class ServiceAccountTokens implements CredentialMaker<'serviceAccountToken'> {
  readonly way = 'ServiceAccountToken';
  readonly what = 'a token of a ServiceAccount';
  readonly #parts: ServiceAccountTokensParts;

  constructor(parts: ServiceAccountTokensParts) {
    this.#parts = parts;
  }

  /** Throws `no_access` for whom the accepted state gives nothing. */
  check(order: Order): void {
    this.#requireHeld(order);
  }

  /** Throws what `check` and `AccessAccounts.of` throw, and `kubernetes_unavailable`. */
  async make(order: Order): Promise<MadeCredential> {
    const made = await this.#token(order);
    // Who lost everything while the API server answered is not let in by what it answered.
    const account = this.#requireHeld(order);
    const { subject, credentialId } = readAccountToken(made.token);
    const end = readInstant(made.expirationTimestamp);
    if (subject !== accountUser(account) || !end.ok) throw strange();
    return {
      answer: { answer: 'token', token: made.token },
      expiresAt: end.at,
      credentialId,
    };
  }

  /** The name of the account. */
  #requireHeld(order: Order): string {
    const { held, digests } = this.#parts;
    const { name, uid } = holderIn(order);
    const account = accountName(name, uid, digests);
    if (held.holders?.has(account) === true) return account;
    throw new AppError('no_access', `${printable(name)} holds nothing in this cluster.`, {
      why: held.denied.has(account)
        ? 'Everything was taken away at once.'
        : 'The state that the agent accepted last gives nothing to this name and uid.',
    });
  }

  /** An account that somebody deleted meanwhile is made once more. */
  async #token(order: Order): Promise<AccountToken> {
    const token = (await this.#request(order)) ?? (await this.#request(order));
    if (token !== undefined) return token;
    throw new AppError('kubernetes_unavailable', 'The ServiceAccount goes as soon as it is made.', {
      hint: `Find out who deletes ServiceAccounts in ${accessNamespace}.`,
    });
  }

  async #request(order: Order): Promise<AccountToken | undefined> {
    const { client, accounts, held } = this.#parts;
    const known = await accounts.of(holderIn(order));
    try {
      const at = { name: known.account, namespace: accessNamespace };
      return await client.createToken(at, order.ttlSeconds);
    } catch (error) {
      if (!isKubeError(error, 404)) throw refusedBy(error);
      accounts.forget(known);
      return undefined;
    } finally {
      // It may have been made after its holder lost everything: then it goes at once.
      if (held.holders?.has(known.account) !== true) accounts.changed();
    }
  }
}

const holderIn = ({ name, principalUid: uid }: Order): AccountHolder => ({ name, uid });

const strange = (): AppError =>
  new AppError(
    'kubernetes_unavailable',
    'The token that the API server gave is not the one asked for.',
  );

function refusedBy(cause: unknown): AppError {
  if (!isKubeError(cause)) throw cause;
  const why = `The API server says: ${cause.message}`;
  return cause.retryable
    ? new AppError('kubernetes_unavailable', 'The API server made no token.', { why, cause })
    : new AppError('credential_refused', 'The API server refuses the agent a token.', {
        why,
        hint: 'The owner of the cluster applies what "ambit-agent print-rbac" and "print-policy" print.',
        cause,
      });
}
