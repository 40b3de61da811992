import { fullJitter, isAppError, toAppError } from '@ambit/kernel';
import type { AppError, Clock, Logger, Millis, Random } from '@ambit/kernel';
import { certificateLifetimes, connectToCentral, createEnvelopeOpeners } from '@ambit/transport';
import type { CentralConnection, WayOut } from '@ambit/transport';
import { validityOf } from './agent-identity.ts';
import type { AgentIdentityRecord, IdentityFile } from './agent-identity.ts';
import type { RefusedTrust } from './agent-trust.ts';
import { renew } from './renew.ts';

export interface IdentityKeeperOptions {
  readonly identity: AgentIdentityRecord;
  readonly file: IdentityFile;
  /** host:port */
  readonly server: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wayOut?: WayOut | undefined;
}

/** What happened to the trust of this agent. */
export type TrustChange =
  | { readonly refused: RefusedTrust; readonly trustVersion?: undefined }
  | { readonly trustVersion: number; readonly refused?: undefined };

/** After a suspend the wall clock is looked at again within this time. */
const longestSleepMs: Millis = 60_000;
const retry = { baseMs: 1_000, capMs: 60_000 };
/** An order to rotate is obeyed no more often than this: each costs a handshake, a record and a stream. */
const rotateEveryMs: Millis = 60_000;
const refusedRetry = { baseMs: 60_000, capMs: 600_000 };

/**
 * Keeps the identity alive: a new key and certificate at half of the old one's life, before or after its end. A new
 * identity is on disk before anybody uses it; until then the old one stays in use.
 */
export class IdentityKeeper {
  readonly #options: IdentityKeeperOptions;
  #identity: AgentIdentityRecord;
  #openers: ReturnType<typeof createEnvelopeOpeners>;
  readonly #listeners = new Set<(identity: AgentIdentityRecord) => void>();
  readonly #trustListeners = new Set<(change: TrustChange) => void>();
  #rotatedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #attempt = 0;
  #notBefore: Millis = 0;
  #stopped = false;

  constructor(options: IdentityKeeperOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#openers = createEnvelopeOpeners(options.identity);
  }

  get identity(): AgentIdentityRecord {
    return this.#identity;
  }

  /** Read what central signed, by the keys trusted now. */
  get openers(): ReturnType<typeof createEnvelopeOpeners> {
    return this.#openers;
  }

  get notAfter(): Millis {
    return validityOf(this.#identity).notAfter;
  }

  /** A new connection with the identity of now. Whoever asked for it closes it. */
  dial(): CentralConnection {
    const { certificateChain, privateKey, ca } = this.#identity;
    return connectToCentral({
      address: this.#options.server,
      ca,
      wayOut: this.#options.wayOut,
      identity: { certificateChain, privateKey },
    });
  }

  /** Called with each new identity, once it is stored. */
  onRenewed(listener: (identity: AgentIdentityRecord) => void): void {
    this.#listeners.add(listener);
  }

  /** Called when central asked for trust that is refused, and when trust has moved by a signature. */
  onTrust(listener: (change: TrustChange) => void): void {
    this.#trustListeners.add(listener);
  }

  /** Obeys an order for a new key and certificate, unless it was given a moment ago. */
  rotate(): void {
    const now = this.#now();
    if (now - this.#rotatedAt < rotateEveryMs) {
      return this.#options.logger.warn('the certificate was rotated a moment ago and stays');
    }
    this.#rotatedAt = now;
    void this.renewNow();
  }

  start(): void {
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#renewing;
  }

  /** Renews now, whatever the age of the certificate. Resolves when it is done or failed, which is tried again. */
  renewNow(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
      this.#sleep();
    });
    return this.#renewing;
  }

  /** Central does not accept this identity any more: another join token is needed. */
  async refused(error: AppError): Promise<void> {
    await this.#options.file.markRefused(error.message).catch((cause: unknown) =>
      this.#options.logger.warn('that central refused the identity could not be noted', {
        error: cause,
      }),
    );
  }

  #look(): void {
    if (this.#stopped) return;
    if (this.#wait() > 0) return this.#sleep();
    void this.renewNow();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const ms = Math.min(Math.max(this.#wait(), 50), longestSleepMs);
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  /** Milliseconds until a renewal is due. */
  #wait(): Millis {
    const { notBefore, notAfter } = validityOf(this.#identity);
    // Certificates begin in the past, for clocks that are slow: that part is no life.
    const begin = Math.min(notBefore + certificateLifetimes.backdate, notAfter);
    const half = begin + (notAfter - begin) / 2;
    return Math.max(half - this.#options.clock.now(), this.#notBefore - this.#now());
  }

  #now(): Millis {
    return this.#options.clock.monotonic();
  }

  async #renew(): Promise<void> {
    const connection = this.#connection();
    try {
      const held = this.#identity;
      const now = this.#options.clock.now();
      const identity = await renew(held, connection, now, (refused) => this.#refuse(refused));
      await this.#options.file.save(identity);
      this.#use(identity);
      // The first version was trusted before it had a number.
      if (identity.trustVersion > Math.max(1, held.trustVersion)) this.#followed(identity);
    } catch (error) {
      await this.#failed(toAppError(error));
    } finally {
      connection.close();
    }
  }

  /** A certificate that has ended would make the handshake fail: central then asks for a signature instead. */
  #connection(): CentralConnection {
    if (this.#options.clock.now() < this.notAfter) return this.dial();
    const { server: address, wayOut } = this.#options;
    return connectToCentral({ address, ca: this.#identity.ca, wayOut });
  }

  #refuse(refused: readonly RefusedTrust[]): void {
    for (const { code, message } of refused) {
      this.#options.logger.error('whom to trust was not taken from central', { code, message });
      for (const listener of this.#trustListeners) listener({ refused: { code, message } });
    }
  }

  #followed({ trustVersion }: AgentIdentityRecord): void {
    this.#options.logger.info('whom to trust was changed by a trusted key', { trustVersion });
    for (const listener of this.#trustListeners) listener({ trustVersion });
  }

  #use(renewed: AgentIdentityRecord): void {
    this.#identity = renewed;
    this.#openers = createEnvelopeOpeners(renewed);
    this.#attempt = 0;
    this.#notBefore = 0;
    const until = new Date(this.notAfter).toISOString();
    this.#options.logger.info('the certificate was renewed', { until });
    for (const listener of this.#listeners) listener(renewed);
  }

  async #failed(error: AppError): Promise<void> {
    const { logger, clock, random } = this.#options;
    const final =
      isAppError(error, 'certificate_revoked') || isAppError(error, 'certificate_expired');
    const shape = final ? refusedRetry : retry;
    const waitMs = shape.baseMs / 2 + fullJitter(shape, this.#attempt++, random);
    this.#notBefore = this.#now() + waitMs;
    if (final) await this.refused(error);
    const left = this.notAfter - clock.now();
    const fields = { error, retryInMs: waitMs, endsInMs: left };
    if (final || left < 0) logger.error('the certificate could not be renewed', fields);
    else logger.warn('the certificate could not be renewed', fields);
  }
}
