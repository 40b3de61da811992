import { AppError, fullJitter, toAppError } from '@ambit/kernel';
import type { Clock, Logger, Millis, Random } from '@ambit/kernel';
import type { CentralConnection, MessageStream } from '@ambit/transport';
import type { wire } from '@ambit/protocol';
import { within } from '../platform/within.ts';
import type { Spool } from './spool.ts';
import { UploadHealth } from './upload-health.ts';
import { UploadWindow } from './upload-window.ts';

export interface AuditShipperOptions {
  readonly spool: Spool;
  readonly dial: () => CentralConnection;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  readonly logger: Logger;
  /** How long central may take to acknowledge anything, in milliseconds; 20,000 by default. */
  readonly acknowledgedWithinMs?: Millis;
  /** A stream that got no acknowledgement in time was cut. */
  readonly onCut?: () => void;
}

type Stream = MessageStream<wire.AuditReply, wire.AuditBatch | Uint8Array>;

interface Open {
  readonly connection: CentralConnection;
  readonly stream: Stream;
  readonly window: UploadWindow;
  /** When it was opened, or central last acknowledged something on it. */
  heardAt: Millis;
}

const backoff = { baseMs: 500, capMs: 30_000 };
const readAtOnce = 512;
const defaultAcknowledgedWithinMs: Millis = 20_000;

/**
 * Brings the spool to central, in order and on a connection of its own, and trims what central has committed. After
 * a broken stream it goes on after the last acknowledgement: an event may travel twice and is stored once. A stream on
 * which central acknowledges nothing, whatever the reason, is cut and dialled anew.
 */
export class AuditShipper {
  readonly #options: AuditShipperOptions;
  readonly #forget: () => void;
  readonly #health: UploadHealth;
  readonly #acknowledgedWithinMs: Millis;
  #open: Open | undefined;
  #acknowledged: number;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #running = false;
  #idle: (() => void)[] = [];

  constructor(options: AuditShipperOptions) {
    const { acknowledgedWithinMs = defaultAcknowledgedWithinMs } = options;
    this.#options = options;
    this.#acknowledgedWithinMs = acknowledgedWithinMs;
    this.#health = new UploadHealth({ ...options, stalledAfterMs: acknowledgedWithinMs });
    this.#acknowledged = options.spool.acknowledgedSequence;
    this.#forget = options.spool.onFlushed(() => this.#pump());
  }

  /** Sequence up to which central has committed, as far as this process knows. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Events on disk that central has not acknowledged. */
  get waiting(): number {
    return Math.max(0, this.#options.spool.flushedSequence - this.#acknowledged);
  }

  /** Whether central takes what is sent. */
  get health(): Pick<UploadHealth, 'stalled' | 'withoutProgressMs' | 'lastError'> {
    return this.#health;
  }

  start(): void {
    this.#running = true;
    this.#health.progressed();
    this.#looking = setInterval(() => this.#look(), this.#acknowledgedWithinMs / 8).unref();
    this.#dialIn(fullJitter(backoff, 0, this.#options.random));
  }

  /** Goes on with the identity of now. */
  redial(): void {
    if (!this.#running) return;
    this.#hangUp();
    this.#dialIn(0);
  }

  /** Resolves when central has everything that is on disk, or after `ms` milliseconds. */
  async drain(ms: Millis): Promise<void> {
    if (this.#open === undefined || this.#isDone()) return;
    await within(ms, new Promise<void>((resolve) => this.#idle.push(resolve)));
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    this.#forget();
    this.#hangUp();
    await this.#pumping;
  }

  #isDone(): boolean {
    return this.waiting === 0;
  }

  /** Whatever was missed before, from here on it goes on: nothing else may keep events from central for good. */
  #look(): void {
    this.#health.look(this.waiting);
    if (this.#isDone()) return;
    if (this.#open === undefined) {
      if (this.#timer === undefined) this.#dialIn(0);
      return;
    }
    if (this.#now() - this.#open.heardAt < this.#acknowledgedWithinMs) return this.#pump();
    this.#options.onCut?.();
    this.#broke(new AppError('timed_out', 'Central acknowledges no audit events.'));
  }

  #now(): Millis {
    return this.#options.clock.monotonic();
  }

  #dialIn(ms: Millis): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    this.#timer = setTimeout(() => this.#dial(), ms).unref();
  }

  /** The stream is opened when there is something to send: an agent without news needs no second connection. */
  #dial(): void {
    this.#timer = undefined;
    if (this.#open !== undefined || this.#isDone()) return;
    const open = this.#openStream();
    if (open === undefined) return;
    this.#open = open;
    open.stream.listen({
      message: (reply) => {
        if (this.#open === open) this.#reply(open, reply);
      },
      closed: (error) => {
        if (this.#open === open) this.#broke(error);
      },
    });
    this.#pump();
  }

  #openStream(): Open | undefined {
    const { spool, dial } = this.#options;
    try {
      const connection = dial();
      const stream = connection.pushAudit();
      const window = new UploadWindow(spool.epoch, this.#acknowledged + 1);
      return { connection, stream, window, heardAt: this.#now() };
    } catch (error) {
      this.#broke(toAppError(error));
      return undefined;
    }
  }

  #pump(): void {
    if (!this.#running) return;
    if (this.#open === undefined) {
      this.#timer ??= setTimeout(() => this.#dial(), 0).unref();
      return;
    }
    this.#pumping ??= this.#send(this.#open)
      .catch((error: unknown) => {
        this.#options.logger.error('the audit spool could not be read', { error });
        this.#broke(undefined);
      })
      .finally(() => {
        this.#pumping = undefined;
        // Another stream may have been opened meanwhile, or events flushed after it looked.
        if (this.#hasMore()) this.#pump();
      });
  }

  #hasMore(): boolean {
    const { window } = this.#open ?? {};
    return window?.hasRoom === true && window.next <= this.#options.spool.flushedSequence;
  }

  async #send(open: Open): Promise<void> {
    const { spool } = this.#options;
    while (this.#open === open && this.#hasMore()) {
      if (open.window.isEmpty) open.heardAt = this.#now();
      const items = await spool.read(open.window.next, readAtOnce);
      if (items.length === 0 || this.#open !== open) return;
      for (const bytes of open.window.fill(items)) open.stream.outbox.control(bytes);
    }
  }

  #reply(open: Open, reply: wire.AuditReply): void {
    if (reply.reply === 'resend') {
      if (reply.resend.spoolEpoch !== this.#options.spool.epoch) return;
      this.#options.logger.warn('central misses audit events and gets them again', {
        from: reply.resend.fromSequence,
      });
      this.#acknowledged = Math.max(0, reply.resend.fromSequence - 1);
      return this.#broke(undefined);
    }
    if (reply.reply !== 'ack' || reply.ack.spoolEpoch !== this.#options.spool.epoch) return;
    if (reply.ack.sequence > this.#options.spool.flushedSequence) return this.#outlived();
    open.window.acknowledge(reply.ack.sequence);
    this.#heard(open, reply.ack.sequence);
    void this.#trim();
    if (this.#isDone()) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
  }

  #heard(open: Open, sequence: number): void {
    if (sequence <= this.#acknowledged) return;
    this.#acknowledged = sequence;
    this.#failures = 0;
    open.heardAt = this.#now();
    this.#health.progressed();
  }

  /** Central has more of this spool than there is: its disk was put back, and new events would be taken for old ones. */
  #outlived(): void {
    this.#options.logger.error('the audit spool is older than what central has: a new one begins', {
      epoch: this.#options.spool.epoch,
    });
    this.#hangUp();
    this.#acknowledged = 0;
    const again = (): void => this.#broke(undefined);
    this.#options.spool.beginAnew().then(again, again);
  }

  async #trim(): Promise<void> {
    try {
      await this.#options.spool.trim(this.#acknowledged);
    } catch (error) {
      this.#options.logger.warn('acknowledged audit events could not be removed', { error });
    }
  }

  #broke(error: AppError | undefined): void {
    this.#hangUp();
    this.#health.broke(error);
    if (!this.#running) return;
    const waitMs = fullJitter(backoff, this.#failures++, this.#options.random);
    this.#options.logger.debug('the audit stream ended', { error, retryInMs: waitMs });
    this.#dialIn(waitMs);
  }

  #hangUp(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    // Ended in order it would wait for a central that does not read. What is not acknowledged is sent again.
    open.stream.fail(new AppError('server_unreachable', 'This agent closed the stream.'));
    open.connection.close();
  }
}
