import type { AppError } from '@ambit/kernel';
import type { Outbox } from './outbox.ts';

export interface StreamListener<In> {
  readonly message: (message: In) => void;
  /** Once, at the end. No error: the other side ended the stream, as far as can be told in order. */
  readonly closed: (error: AppError | undefined) => void;
}

/** One side of a bidirectional stream. */
export interface MessageStream<In, Out> {
  readonly outbox: Outbox<Out>;
  /** Call it before anything else, in the same turn: what is not listened to piles up in memory. */
  listen(listener: StreamListener<In>): void;
  /** Stops reading, so that the sender stops sending, until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what waits, then ends this side in order. */
  end(): Promise<void>;
  /** Ends the stream at once. At the server the error becomes the status of the call. */
  fail(error: AppError): void;
}
