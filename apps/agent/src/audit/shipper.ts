import { fullJitter } from '@ambit/kernel';
import type { AppError, Logger, Millis, Random } from '@ambit/kernel';
import type { CentralConnection, MessageStream } from '@ambit/transport';
import type { wire } from '@ambit/protocol';
import { within } from '../platform/within.ts';
import type { Spool } from './spool.ts';
import { UploadWindow } from './upload-window.ts';

export interface AuditShipperOptions {
  readonly spool: Spool;
  readonly dial: () => CentralConnection;
  readonly random: Random;
  readonly logger: Logger;
}

type Stream = MessageStream<wire.AuditReply, wire.AuditBatch | Uint8Array>;

interface Open {
  readonly connection: CentralConnection;
  readonly stream: Stream;
  readonly window: UploadWindow;
}

const backoff = { baseMs: 500, capMs: 30_000 };
const readAtOnce = 512;

/**
 * Brings the spool to central, in order and on a connection of its own, and trims what central has committed. After
 * a broken stream it goes on after the last acknowledgement: an event may travel twice and is stored once.
 */
export class AuditShipper {
  readonly #options: AuditShipperOptions;
  readonly #forget: () => void;
  #open: Open | undefined;
  #acknowledged = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #running = false;
  #idle: (() => void)[] = [];

  constructor(options: AuditShipperOptions) {
    this.#options = options;
    this.#forget = options.spool.onFlushed(() => this.#pump());
  }

  /** Sequence up to which central has committed, as far as this process knows. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  start(): void {
    this.#running = true;
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
    this.#forget();
    this.#hangUp();
    await this.#pumping;
  }

  #isDone(): boolean {
    return this.#acknowledged >= this.#options.spool.flushedSequence;
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
    const connection = this.#options.dial();
    const stream = connection.pushAudit();
    const window = new UploadWindow(this.#options.spool.epoch, this.#acknowledged + 1);
    const open = { connection, stream, window };
    this.#open = open;
    stream.listen({
      message: (reply) => {
        if (this.#open === open) this.#reply(open, reply);
      },
      closed: (error) => {
        if (this.#open === open) this.#broke(error);
      },
    });
    this.#pump();
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
      });
  }

  async #send(open: Open): Promise<void> {
    const { spool } = this.#options;
    while (this.#open === open && open.window.hasRoom) {
      if (open.window.next > spool.flushedSequence) return;
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
    this.#failures = 0;
    if (reply.ack.sequence > this.#options.spool.flushedSequence) return this.#outlived();
    open.window.acknowledge(reply.ack.sequence);
    this.#acknowledged = Math.max(this.#acknowledged, reply.ack.sequence);
    void this.#trim();
    if (this.#isDone()) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
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
    if (!this.#running) return;
    const waitMs = fullJitter(backoff, this.#failures++, this.#options.random);
    this.#options.logger.debug('the audit stream ended', { error, retryInMs: waitMs });
    this.#dialIn(waitMs);
  }

  #hangUp(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    void open.stream.end();
    open.connection.close();
  }
}
