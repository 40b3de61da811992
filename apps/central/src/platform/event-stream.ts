import { requestIdHeader, toProblem } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { FastifyReply } from 'fastify';

/** What may lie unread before a reader is cut. */
const mostUnread = 512 * 1024;
/** How long a reader may take to read the reason for its end. */
const goodbyeMs: Millis = 5_000;

interface StreamedCall {
  readonly reply: FastifyReply;
  readonly requestId: string;
  readonly ended: AbortSignal;
}

/**
 * An answer as `text/event-stream`. It ends with the credential of its caller, with a last event that says why, and
 * when its reader is too slow: what is not read is not kept without end.
 */
export class EventStream {
  /** Resolves when nothing can be sent any more. */
  readonly closed: Promise<void>;
  readonly #raw: FastifyReply['raw'];
  readonly #requestId: string;
  #open = true;
  #sentAt = performance.now();

  /** Answers the head; until then the call can still be refused. */
  constructor({ reply, requestId, ended }: StreamedCall) {
    const { raw } = reply;
    this.#raw = raw;
    this.#requestId = requestId;
    reply.hijack();
    this.closed = new Promise((resolve) => {
      const gone = (): void => {
        this.#open = false;
        resolve();
      };
      // Who left before is told by no event any more.
      if (raw.closed) gone();
      else raw.once('close', gone);
    });
    if (!this.#open) return;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      [requestIdHeader]: requestId,
    });
    raw.flushHeaders();
    if (ended.aborted) this.#cut(ended.reason);
    ended.addEventListener('abort', () => this.#cut(ended.reason), { once: true });
  }

  get open(): boolean {
    return this.#open;
  }

  /** How long nothing was sent. */
  get quietMs(): Millis {
    return performance.now() - this.#sentAt;
  }

  /** Sends frames, or cuts the reader that left too much unread. Its last event id is where it goes on. */
  send(frames: string): void {
    if (!this.#open || frames === '') return;
    if (this.#raw.writableLength > mostUnread) return this.end(tooSlow());
    this.#sentAt = performance.now();
    this.#raw.write(frames);
  }

  /** Resolves when what was sent was taken, or the stream is over; a reader that takes nothing is cut. */
  async drained(): Promise<void> {
    if (!this.#open || !this.#raw.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => this.end(tooSlow()), 30_000);
      const done = (): void => {
        clearTimeout(late);
        resolve();
      };
      this.#raw.once('drain', done);
      void this.closed.then(done);
    });
  }

  /** With a problem the reader is told why. */
  end(problem?: AppError): void {
    if (!this.#open) return;
    this.#open = false;
    const told = problem === undefined ? '' : problemFrame(problem, this.#requestId);
    this.#raw.end(told);
    setTimeout(() => this.#raw.destroy(), goodbyeMs).unref();
  }

  /** What lies unread would still reach a reader who may not read it any more: then nothing is sent at all. */
  #cut(reason: unknown): void {
    if (!this.#open) return;
    if (this.#raw.writableLength === 0 && reason instanceof AppError) return this.end(reason);
    this.#open = false;
    this.#raw.destroy();
  }
}

function problemFrame(problem: AppError, requestId: string): string {
  return `event: problem\ndata: ${JSON.stringify(toProblem(problem, requestId))}\n\n`;
}

const tooSlow = (): AppError =>
  new AppError('reader_too_slow', 'Events come faster than this reader takes them.', {
    hint: 'Connect again with Last-Event-ID; nothing is lost.',
  });
