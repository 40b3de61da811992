import { AppError } from '@ambit/kernel';
import type { BackoffShape, Clock, Logger, Millis, Random } from '@ambit/kernel';
import type { Retry, wire } from '@ambit/protocol';
import type { CentralConnection, MessageStream } from '@ambit/transport';
import { within } from '../platform/within.ts';
import { isRefusal, ReconnectPlan } from './reconnect-plan.ts';

type Stream = MessageStream<wire.CentralMessage, wire.AgentMessage | Uint8Array>;

export interface SessionLoopListener {
  /** A stream was opened; what is sent now is its first message. */
  opened(attempt: number): void;
  message(message: wire.CentralMessage): void;
  tick(): void;
  /** The stream is over, whoever ended it. */
  closed(reason: string, error: AppError | undefined): void;
}

export interface SessionLoopOptions {
  readonly dial: () => CentralConnection;
  readonly listener: SessionLoopListener;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  readonly logger: Logger;
  /** How long central may take to accept a stream, in milliseconds; 20,000 by default. */
  readonly acceptWithinMs?: Millis;
}

interface Open {
  readonly connection: CentralConnection;
  readonly stream: Stream;
  readonly ticks: NodeJS.Timeout;
  readonly deadline: NodeJS.Timeout;
  liveSince: Millis | undefined;
}

const tickMs: Millis = 1_000;
const defaultAcceptWithinMs: Millis = 20_000;
const sayAgainMs: Millis = 60_000;

/** Keeps one stream to central open for as long as the agent runs, and decides when to dial again. */
export class SessionLoop {
  readonly #options: SessionLoopOptions;
  readonly #plan: ReconnectPlan;
  #open: Open | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #stopped = false;
  #said = { text: '', at: -Infinity };

  constructor(options: SessionLoopOptions) {
    this.#options = options;
    this.#plan = new ReconnectPlan(options.random);
  }

  start(): void {
    this.#dialIn(this.#plan.first());
  }

  /** In order: what was given before leaves before. */
  send(message: wire.AgentMessage): void {
    this.#open?.stream.outbox.control(message);
  }

  /** Replaces a message of the same kind that still waits. */
  sendLatest(message: wire.AgentMessage): void {
    this.#open?.stream.outbox.latest(message.message ?? '', message);
  }

  /** Many messages, taken as central reads them. */
  sendAll(messages: Iterable<wire.AgentMessage>): void {
    this.#open?.stream.outbox.sequence(messages);
  }

  /** Central accepted the stream and said how to come back. */
  live(shape: BackoffShape): void {
    this.#plan.setShape(shape);
    if (this.#open !== undefined) {
      clearTimeout(this.#open.deadline);
      this.#open.liveSince = this.#options.clock.monotonic();
    }
    this.#said = { text: '', at: -Infinity };
  }

  /** Ends the stream because the session says so. */
  close(reason: string, message: string, retry: Retry): void {
    this.#options.logger.info('the stream to central was closed', { reason, why: message });
    this.#end({ reason, retry });
  }

  /** Leaves the stream for a new one with the identity of now, without waiting. */
  redial(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const old = this.#open;
    this.#open = undefined;
    this.#dial();
    if (old !== undefined) hangUp(old);
  }

  /** Says goodbye and ends. Resolves within a second. */
  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    if (open.liveSince !== undefined) {
      open.stream.outbox.control({ message: 'goodbye', goodbye: { reason } });
      await within(1_000, open.stream.end());
    }
    hangUp(open);
  }

  #dialIn(ms: Millis): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#dial(), ms);
  }

  #dial(): void {
    const { listener, dial, acceptWithinMs = defaultAcceptWithinMs } = this.#options;
    const connection = dial();
    const stream = connection.connect();
    const ticks = setInterval(() => listener.tick(), tickMs).unref();
    // A central that takes the connection and says nothing would hold the agent until three heartbeats are missed.
    const deadline = setTimeout(() => {
      if (this.#open === open) this.#broke(new AppError('timed_out', 'Central does not answer.'));
    }, acceptWithinMs).unref();
    const open: Open = { connection, stream, ticks, deadline, liveSince: undefined };
    this.#open = open;
    stream.listen({
      message: (message) => {
        if (this.#open === open) listener.message(message);
      },
      closed: (error) => {
        if (this.#open === open) this.#broke(error);
      },
    });
    listener.opened(++this.#attempts);
  }

  #broke(error: AppError | undefined): void {
    this.#end({ reason: error?.code ?? 'ended', error });
  }

  #end(how: {
    readonly reason: string;
    readonly error?: AppError | undefined;
    readonly retry?: Retry;
  }): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    hangUp(open);
    const since = open.liveSince;
    const liveMs = since === undefined ? 0 : this.#options.clock.monotonic() - since;
    const waitMs = this.#plan.next({ ...how, liveMs });
    if (how.error !== undefined) this.#tell(how.error, waitMs);
    this.#options.listener.closed(how.reason, how.error);
    this.#dialIn(waitMs);
  }

  /** The same failure again and again is said once a minute. */
  #tell(error: AppError, retryInMs: Millis): void {
    const at = this.#options.clock.monotonic();
    if (this.#said.text === error.message && at - this.#said.at < sayAgainMs) return;
    this.#said = { text: error.message, at };
    const fields = { error, retryInMs: Math.round(retryInMs) };
    if (isRefusal(error)) {
      const next = error.extras.nextCommand;
      this.#options.logger.error('central refuses this agent', {
        ...fields,
        ...(next && { next }),
      });
    } else this.#options.logger.warn('there is no stream to central', fields);
  }
}

function hangUp({ connection, stream, ticks, deadline }: Open): void {
  clearInterval(ticks);
  clearTimeout(deadline);
  stream.fail(new AppError('server_unreachable', 'This agent closed the stream.'));
  connection.close();
}
