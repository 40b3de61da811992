import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { CallLimit } from './call-limit.ts';
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
  /** What `#current` came to. */
  #ready: LaneSession | undefined;
  readonly #release = (): void => this.#slots.give();
  #closed = false;

  constructor(connection: KubeConnection, timers: Timers) {
    this.#connection = connection;
    this.#timers = timers;
  }

  /** Opens a stream, ended when nothing is to be sent on it; `limit` ends the wait. Rejects with a `KubeError` of status 0. */
  async open(
    headers: OutgoingHttpHeaders,
    endStream: boolean,
    limit: CallLimit,
  ): Promise<ClientHttp2Stream> {
    if (limit.reason !== undefined) throw limit.reason;
    if (!this.#slots.takeFree()) await this.#slots.take(limit);
    try {
      const session = this.#ready?.usable === true ? this.#ready : await this.#usable(limit);
      return session.request(headers, endStream, this.#release);
    } catch (error) {
      this.#release();
      if (isKubeError(error) || !(error instanceof Error) || error.name === 'AppError') throw error;
      throw localError('Unreachable', error.message, error);
    }
  }

  /** The next stream opens a new session, with the identity of then; open streams go on. */
  reset(): void {
    this.#current = undefined;
    this.#ready = undefined;
    for (const session of this.#sessions) session.leave();
  }

  /** Ends all sessions and everything on them; nothing can be opened afterwards. */
  close(): void {
    this.#closed = true;
    this.#current = undefined;
    this.#ready = undefined;
    const why = localError('Aborted', 'the client is closed');
    for (const session of this.#sessions) session.destroy(why);
    this.#sessions.clear();
  }

  async #usable(limit: CallLimit): Promise<LaneSession> {
    for (;;) {
      if (this.#closed) throw localError('Aborted', 'the client is closed');
      const current = (this.#current ??= this.#connect());
      const session = await unlessEnded(current, limit);
      if (session.usable) {
        if (this.#current === current) this.#ready = session;
        return session;
      }
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

function unlessEnded<T>(promise: Promise<T>, limit: CallLimit): Promise<T> {
  return new Promise((done, failed) => {
    if (limit.reason !== undefined) {
      failed(limit.reason);
      return;
    }
    const forget = limit.onEnd(() => failed(limit.reason));
    promise.then(done, failed).finally(forget);
  });
}
