import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { AppError } from '@ambit/kernel';
import { fromStatus } from './error-status.ts';
import type { MessageStream, StreamListener } from './message-stream.ts';
import { Outbox } from './outbox.ts';

/** The agent's side of a stream. */
export class ClientMessageStream<In, Out> implements MessageStream<In, Out> {
  readonly outbox: Outbox<Out>;
  readonly #call: ClientDuplexStream<Out, In>;
  #listener: StreamListener<In> | undefined;
  #over = false;

  constructor(call: ClientDuplexStream<Out, In>, encode: (message: Out) => Uint8Array) {
    this.#call = call;
    this.outbox = new Outbox<Out>(
      {
        // The serialiser lets bytes through, so that a message is encoded once and its size is known.
        write: (bytes, done) => call.write(bytes as Out, done),
        onDrained: (drained) => call.on('drain', drained),
        abort: (error) => this.fail(error),
      },
      { encode },
    );
    // A stream without a listener for errors would end the process.
    call.on('error', (error: ServiceError) => this.#finish(fromStatus(error)));
    call.on('status', ({ code }) => {
      if (code === status.OK) this.#finish(undefined);
    });
  }

  listen(listener: StreamListener<In>): void {
    this.#listener = listener;
    this.#call.on('data', (message: In) => {
      if (!this.#over) listener.message(message);
    });
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  async end(): Promise<void> {
    await this.outbox.flushed();
    this.#call.end();
  }

  fail(error: AppError): void {
    this.#finish(error);
    this.#call.cancel();
  }

  #finish(error: AppError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.outbox.close();
    this.#listener?.closed(error);
  }
}
