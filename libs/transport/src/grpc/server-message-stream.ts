import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError } from '@ambit/kernel';
import type { AgentCall } from './agent-call.ts';
import { toStatus } from './error-status.ts';
import type { MessageStream, StreamListener } from './message-stream.ts';
import { Outbox } from './outbox.ts';

// setTimeout overflows above 2^31 - 1 ms and fires at once.
const longestTimerMs = 3_600_000;

/** The server's side of a stream. It ends when the caller's certificate does. */
export class ServerMessageStream<In, Out> implements MessageStream<In, Out> {
  readonly outbox: Outbox<Out>;
  readonly #call: ServerDuplexStream<In, Out>;
  readonly #context: AgentCall;
  #listener: StreamListener<In> | undefined;
  #over = false;
  #certificateTimer: NodeJS.Timeout | undefined;

  constructor(
    call: ServerDuplexStream<In, Out>,
    encode: (message: Out) => Uint8Array,
    context: AgentCall,
  ) {
    this.#call = call;
    this.#context = context;
    this.outbox = new Outbox<Out>(
      {
        // The serialiser lets bytes through, so that a message is encoded once and its size is known.
        write: (bytes, done) => call.write(bytes as Out, done),
        onDrained: (drained) => call.on('drain', drained),
        abort: (error) => this.fail(error),
      },
      { encode },
    );
    call.on('cancelled', () => {
      this.#finish(new AppError('server_unreachable', 'The agent went away.'));
    });
    // A message that cannot be read ends the call before anybody sees it.
    call.on('error', (cause) => this.#finish(toInternal(cause)));
    this.#watchCertificate();
  }

  listen(listener: StreamListener<In>): void {
    this.#listener = listener;
    this.#call.on('data', (message: In) => {
      if (this.#over) return;
      try {
        listener.message(message);
      } catch (cause) {
        this.fail(cause instanceof AppError ? cause : toInternal(cause));
      }
    });
    this.#call.on('end', () => this.#endInOrder());
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  async end(): Promise<void> {
    await this.outbox.flushed();
    this.#endInOrder();
  }

  fail(error: AppError): void {
    if (this.#over) return;
    this.#finish(error);
    this.#call.emit('error', toStatus(error, this.#context.requestId));
  }

  #endInOrder(): void {
    if (this.#over) return;
    this.#call.end();
    this.#finish(undefined);
  }

  #finish(error: AppError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#certificateTimer);
    this.outbox.close();
    this.#listener?.closed(error);
  }

  #watchCertificate(): void {
    const left = this.#context.peer.notAfter - Date.now();
    if (left <= 0) {
      this.fail(new AppError('certificate_expired', 'The certificate of the agent ended.'));
      return;
    }
    const wait = Math.min(left, longestTimerMs);
    this.#certificateTimer = setTimeout(() => this.#watchCertificate(), wait);
    this.#certificateTimer.unref();
  }
}

function toInternal(cause: unknown): AppError {
  return new AppError('internal', 'Something went wrong on our side.', { cause });
}
