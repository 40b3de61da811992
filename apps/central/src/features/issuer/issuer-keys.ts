import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { AppError } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import { listIssuerKeys } from '@ambit/persistence';
import type { FeedCommit, IssuerKeyRecord, Sql } from '@ambit/persistence';
import type { Seal } from '../../platform/keys/sealing.ts';
import { signingKey } from './key-schedule.ts';

/** A key as everybody may see it. */
export type PublicKey = IssuerKeyRecord['publicKey'];

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

interface Commits {
  subscribe(listener: (commit: FeedCommit) => void): () => void;
}

export interface IssuerKeysPorts {
  readonly sql: Sql;
  readonly seal: Seal;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly commits: Commits;
}

/**
 * The keys of the issuer as this replica knows them. The feed tells when they are others; then they are read again before
 * they are used the next time. While that fails those of before are served, and nothing is signed with a withdrawn one.
 */
export class IssuerKeys {
  readonly #ports: IssuerKeysPorts;
  readonly #opened = new Map<string, Promise<CryptoKey>>();
  #keys: readonly IssuerKeyRecord[] = [];
  #outdated = true;
  #reading: Promise<void> | undefined;

  private constructor(ports: IssuerKeysPorts) {
    this.#ports = ports;
    ports.commits.subscribe(({ revoked }) => {
      if (revoked.some(({ kind }) => kind === 'IssuerKey')) this.#outdated = true;
    });
  }

  /**
   * `makeFirst` is called when there is none. Throws `config_invalid` when the key that signs does not open with the secret at
   * hand.
   */
  static async open(ports: IssuerKeysPorts, makeFirst: () => Promise<void>): Promise<IssuerKeys> {
    // It listens before it reads, so that no change falls between the two.
    const keys = new IssuerKeys(ports);
    await keys.#upToDate();
    if (keys.#keys.length === 0) {
      await makeFirst();
      keys.#outdated = true;
    }
    await keys.signing();
    return keys;
  }

  /** The key that signs now. Throws `database_unavailable` when it is not known whether it still may. */
  async signing(): Promise<SigningKey> {
    await this.#upToDate();
    const key = signingKey(this.#keys, this.#ports.clock.now());
    if (key === undefined) throw new AppError('not_ready', 'The issuer has no key yet.');
    return { kid: key.kid, privateKey: await this.#open(key) };
  }

  /** The public half of each key whose tokens are good, now or soon. */
  async published(): Promise<readonly PublicKey[]> {
    await this.#upToDate().catch((error: unknown) =>
      this.#ports.logger.warn('the keys of the issuer cannot be read; those of before are told', {
        error,
      }),
    );
    return this.#keys.map(({ publicKey }) => publicKey);
  }

  async #upToDate(): Promise<void> {
    while (this.#outdated || this.#reading !== undefined) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
  }

  async #read(): Promise<void> {
    // What changes while these are read makes them outdated again.
    this.#outdated = false;
    try {
      this.#keys = await listIssuerKeys(this.#ports.sql);
    } catch (error) {
      this.#outdated = true;
      throw error;
    }
    const kids = new Set(this.#keys.map(({ kid }) => kid));
    for (const kid of this.#opened.keys()) if (!kids.has(kid)) this.#opened.delete(kid);
  }

  #open({ kid, sealed }: IssuerKeyRecord): Promise<CryptoKey> {
    const known = this.#opened.get(kid);
    if (known !== undefined) return known;
    const jwk = JSON.parse(this.#ports.seal.open(sealed, kid)) as JWK;
    const opened = importJWK(jwk, 'ES256') as Promise<CryptoKey>;
    this.#opened.set(kid, opened);
    return opened;
  }
}
