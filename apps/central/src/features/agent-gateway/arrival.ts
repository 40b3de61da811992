import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { SyncStream } from '@ambit/transport';
import type { AgentStream } from './agent-stream.ts';
import { messagePace, PacedStream } from './paced-stream.ts';

export interface ArrivalHandlers {
  /** Judges the Hello; calls `admitted` on the arrival when it is good and throws when it is not. */
  admit(arrival: Arrival, hello: wire.Hello): Promise<void>;
  /** The error as the agent may see it. */
  refusal(error: unknown): AppError;
  /** Once, at the end of a stream that was admitted. */
  left(agent: AgentStream): void;
}

/** Who connects has to say Hello within this time. */
const helloWithinMs = 10_000;
/** Messages that may come behind a Hello before it was judged. */
const mostEarly = 64;

/** One incoming stream, from its first byte to its end: what comes before the Hello was judged waits in order. */
export class Arrival {
  readonly stream: SyncStream;
  readonly #handlers: ArrivalHandlers;
  readonly #pace: PacedStream;
  readonly #helloDue: NodeJS.Timeout;
  readonly #atEnd: (() => void)[] = [];
  #early: wire.AgentMessage[] | undefined;
  #agent: AgentStream | undefined;
  #over = false;

  constructor(stream: SyncStream, handlers: ArrivalHandlers) {
    this.stream = stream;
    this.#handlers = handlers;
    this.#pace = new PacedStream(stream, messagePace);
    this.#helloDue = setTimeout(
      () => stream.fail(new AppError('timed_out', 'The agent did not say Hello in time.')),
      helloWithinMs,
    ).unref();
    stream.listen({
      message: (message) => this.#message(message),
      closed: () => this.#closed(),
    });
  }

  /** The stream has ended, whatever was still to be judged. */
  get over(): boolean {
    return this.#over;
  }

  /** Reads nothing more until `work` has ended. */
  hold(work: Promise<unknown>): void {
    this.#pace.hold(work);
  }

  admitted(agent: AgentStream): void {
    this.#agent = agent;
  }

  /** Calls `undo` when the stream ends, at once when it has. */
  atEnd(undo: () => void): void {
    if (this.#over) undo();
    else this.#atEnd.push(undo);
  }

  #message(message: wire.AgentMessage): void {
    this.#pace.count();
    if (this.#early !== undefined) {
      if (this.#early.length < mostEarly) this.#early.push(message);
      else this.stream.fail(new AppError('rate_limited', 'Too much was said before Welcome.'));
      return;
    }
    if (this.#agent !== undefined) return this.#agent.message(message);
    clearTimeout(this.#helloDue);
    this.#early = [];
    this.#pace.hold(this.#judge(message));
  }

  async #judge(first: wire.AgentMessage): Promise<void> {
    try {
      if (first.message !== 'hello')
        throw new AppError('invalid_request', 'The first message has to be a Hello.');
      await this.#handlers.admit(this, first.hello);
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const message of early) this.#agent?.message(message);
    } catch (error) {
      this.stream.fail(this.#handlers.refusal(error));
    }
  }

  #closed(): void {
    this.#over = true;
    clearTimeout(this.#helloDue);
    for (const undo of this.#atEnd.splice(0)) undo();
    if (this.#agent !== undefined) this.#handlers.left(this.#agent);
  }
}
