import { reachableText } from '@ambit/config';
import type { Address } from '@ambit/config';
import { Seldom, type Clock, type Logger } from '@ambit/kernel';
import type { Ceiling } from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import { answerReview, type ReviewAnswer, type ReviewResult } from './answer-review.ts';
import type { HeldCredentials } from './held-credentials.ts';
import type { WebhookCertificate } from './webhook-certificate.ts';
import { startWebhookListener, type WebhookListener } from './webhook-listener.ts';

export interface TokenWebhookOptions {
  readonly address: Address;
  readonly certificate: WebhookCertificate;
  readonly credentials: Pick<HeldCredentials, 'facts'>;
  /** The one in force. */
  readonly ceiling: () => Ceiling;
  readonly time: Pick<ClockInterval, 'now'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Told of every answer. */
  readonly answered: (result: ReviewResult) => void;
  readonly logger: Logger;
}

const sayAgainMs = 60_000;

/** Every foreign bearer token comes here too, such as those of service accounts for other audiences. */
const ordinary: ReadonlySet<ReviewResult> = new Set<ReviewResult>([
  'accepted',
  'malformed',
  'header_field',
  'wrong_algorithm',
  'wrong_type',
  'unknown_key',
  'wrong_issuer',
  'wrong_audience',
  'expired',
]);

/** The API server's way to ask whose a token is: open exactly while the ceiling of the cluster says so. */
export class TokenWebhook {
  readonly #options: TokenWebhookOptions;
  readonly #seldom: Seldom;
  #listener: WebhookListener | undefined;
  #renewing: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: TokenWebhookOptions) {
    this.#options = options;
    this.#seldom = new Seldom(options.clock, sayAgainMs);
  }

  /** Where it listens; undefined while it is closed. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Throws `address_in_use`, or `config_invalid` for a certificate that cannot be used. */
  async start(): Promise<void> {
    if (!this.#allowed) {
      this.#options.logger.warn('the token webhook stays closed: the ceiling does not name it', {
        hint: 'The owner of the cluster allows it with credentials: [TokenWebhook] in the ceiling.',
      });
    }
    await this.#next(() => this.#adjust());
  }

  /** The ceiling changed. */
  ceilingChanged(): void {
    this.#next(() => this.#adjust()).catch((error: unknown) =>
      this.#options.logger.error('the token webhook could not follow the ceiling', { error }),
    );
  }

  stop(): Promise<void> {
    return this.#next(() => this.#close());
  }

  get #allowed(): boolean {
    return this.#options.ceiling().credentials.includes('TokenWebhook');
  }

  #adjust(): Promise<void> {
    return this.#allowed ? this.#open() : this.#close();
  }

  async #open(): Promise<void> {
    if (this.#listener !== undefined) return;
    const { address, certificate, logger } = this.#options;
    const tls = await certificate.current();
    const answer = (text: string): ReviewAnswer => this.#answer(text);
    this.#listener = await startWebhookListener({ address, tls, answer, logger });
    this.#renewing = setInterval(() => void this.#renew(), certificate.everyMs).unref();
    logger.info('the token webhook is open', { at: reachableText(this.#listener.address) });
  }

  async #close(): Promise<void> {
    clearInterval(this.#renewing);
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
    if (listener !== undefined) this.#options.logger.info('the token webhook is closed');
  }

  async #renew(): Promise<void> {
    const { certificate, logger } = this.#options;
    try {
      this.#listener?.renew(await certificate.current());
    } catch (error) {
      logger.error('the certificate of the token webhook could not be renewed', { error });
    }
  }

  #answer(text: string): ReviewAnswer {
    const { credentials, ceiling, time, answered } = this.#options;
    // Asked for each token: between a change of the ceiling and the end of a connection nobody comes in.
    const facts = this.#allowed ? credentials.facts(ceiling()) : undefined;
    const given = answerReview(text, facts, time.now());
    answered(given.result);
    if (!ordinary.has(given.result)) this.#tell(given.result);
    return given;
  }

  #tell(reason: ReviewResult): void {
    const before = this.#seldom.passes(reason);
    if (before === undefined) return;
    this.#options.logger.warn('a token was refused', { reason, before });
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => undefined);
    return done;
  }
}
