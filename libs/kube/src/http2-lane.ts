import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { KubeConnection } from './connection.ts';
import { isKubeError, localError } from './kube-error.ts';
import { LaneSession } from './lane-session.ts';
import { StreamSlots } from './stream-slots.ts';
import type { Timers } from './timers.ts';

/** What API servers announce; used until the peer has told its own. */
const usualStreamLimit = 100;

/**
 * One HTTP/2 session that is made when needed and made anew when it ended: closed by either side, told to go away, or
 * not answering PING. Streams above the peer's limit wait here in order, where the wait can be seen and ended;
 * on the wire they would wait silently.
 */
export class Http2Lane {
  readonly #connection: KubeConnection;
  readonly #timers: Timers;
  readonly #slots = new StreamSlots(usualStreamLimit);
  /** Those included that were told to go away and finish their streams. */
  readonly #sessions = new Set<LaneSession>();
  #current: Promise<LaneSession> | undefined;
  #closed = false;

  constructor(connection: KubeConnection, timers: Timers) {
    this.#connection = connection;
    this.#timers = timers;
  }

  /** Opens a stream; `signal` ends the wait for it. Rejects with a `KubeError` of status 0. */
  async open(headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<ClientHttp2Stream> {
    const release = await this.#slots.take(signal);
    try {
      const session = await this.#usable(signal);
      const stream = session.request(headers);
      stream.once('close', release);
      return stream;
    } catch (error) {
      release();
      if (isKubeError(error) || !(error instanceof Error) || error.name === 'AppError') throw error;
      throw localError('Unreachable', error.message, error);
    }
  }

  /** The next stream opens a new session, with the identity of then; open streams go on. */
  reset(): void {
    this.#current = undefined;
    for (const session of this.#sessions) session.leave();
  }

  /** Ends all sessions and everything on them; nothing can be opened afterwards. */
  close(): void {
    this.#closed = true;
    this.#current = undefined;
    const why = localError('Aborted', 'the client is closed');
    for (const session of this.#sessions) session.destroy(why);
    this.#sessions.clear();
  }

  async #usable(signal: AbortSignal): Promise<LaneSession> {
    for (;;) {
      if (this.#closed) throw localError('Aborted', 'the client is closed');
      const current = (this.#current ??= this.#connect());
      const session = await unlessAborted(current, signal);
      if (session.usable) return session;
      if (this.#current === current) this.#current = undefined;
    }
  }

  #connect(): Promise<LaneSession> {
    const connecting = this.#openSession();
    connecting.catch(() => {
      if (this.#current === connecting) this.#current = undefined;
    });
    return connecting;
  }

  async #openSession(): Promise<LaneSession> {
    const identity = await this.#connection.identity();
    const session = await LaneSession.open(this.#connection, identity, this.#timers);
    if (this.#closed) {
      session.destroy();
      throw localError('Aborted', 'the client is closed');
    }
    for (const other of this.#sessions) if (other.ended) this.#sessions.delete(other);
    this.#sessions.add(session);
    session.onStreamLimit((limit) => this.#slots.resize(limit));
    return session;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((done, failed) => {
    const abort = (): void => failed(signal.reason as Error);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    promise.then(done, failed).finally(() => signal.removeEventListener('abort', abort));
  });
}
