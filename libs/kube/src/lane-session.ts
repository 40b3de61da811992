import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connectionFailure } from '@ambit/kernel';
import type { KubeConnection, KubeIdentity } from './connection.ts';
import { localError } from './kube-error.ts';
import type { KubeError } from './kube-error.ts';
import type { Timers } from './timers.ts';

const connectWithinMs = 10_000;
/** Together at most 30 s: how long a dead peer stays unnoticed. */
const pingEveryMs = 20_000;
const pingAnswerWithinMs = 10_000;
/** One list page of big objects fits, so that latency does not cap the rate (the default is 64 KiB). */
const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 4 * 1024 * 1024;
const sessionMemoryMegabytes = 32;

/** One established HTTP/2 connection: told apart by whether new streams may be opened on it. */
export class LaneSession {
  readonly #server: string;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket | TLSSocket;
  readonly #timers: Timers;
  #streams = 0;
  #leaving = false;
  #stopPinging: () => void = () => undefined;

  private constructor(
    server: string,
    session: ClientHttp2Session,
    socket: Socket | TLSSocket,
    timers: Timers,
  ) {
    this.#server = server;
    this.#session = session;
    this.#socket = socket;
    this.#timers = timers;
    // Without a listener an error of the session would end the process; its streams report it.
    session.on('error', () => undefined);
    session.once('goaway', () => this.leave());
    session.once('close', () => this.destroy());
    session.setLocalWindowSize(sessionWindowBytes);
    this.#ping();
  }

  /** Connects within ten seconds. Rejects with a `KubeError` of status 0. */
  static open(
    connection: KubeConnection,
    identity: KubeIdentity,
    timers: Timers,
  ): Promise<LaneSession> {
    const { server, serverName } = connection;
    const { ca, cert, key } = identity;
    const session = connect(new URL(server).origin, {
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      maxSessionMemory: sessionMemoryMegabytes,
      minVersion: 'TLSv1.2',
      // Said aloud: a variable of the platform would turn it off.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    return new Promise((opened, failed) => {
      const callOff = timers.after(connectWithinMs, () => {
        session.destroy();
        failed(localError('TimedOut', `no connection to ${server} within ${connectWithinMs} ms`));
      });
      session.on('error', (error) => {
        callOff();
        failed(cannotConnect(server, error));
      });
      session.once('connect', (_session, socket) => {
        callOff();
        if (!(socket as TLSSocket).authorized) {
          session.destroy();
          failed(localError('Unreachable', `the certificate of ${server} is not trusted`));
          return;
        }
        opened(new LaneSession(server, session, socket, timers));
      });
    });
  }

  /** False once the peer or we have said that it ends. */
  get usable(): boolean {
    return !this.#leaving && !this.#session.closed && !this.#session.destroyed;
  }

  /** True when nothing runs on it any more. */
  get ended(): boolean {
    return this.#session.destroyed;
  }

  onStreamLimit(follow: (limit: number) => void): void {
    this.#session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      if (maxConcurrentStreams !== undefined) follow(maxConcurrentStreams);
    });
  }

  /** `closed` is called once, when the stream is. */
  request(headers: OutgoingHttpHeaders, endStream: boolean, closed: () => void): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream });
    this.#streams += 1;
    stream.on('close', () => {
      this.#streams -= 1;
      closed();
      if (this.#leaving) this.leave();
    });
    return stream;
  }

  /** Takes no new stream, and ends with the last one that is open. */
  leave(): void {
    this.#leaving = true;
    if (this.#streams === 0) this.destroy();
  }

  /**
   * Ends everything at once. The socket, too: a session that was told to go away waits for ever for a peer that is
   * gone by then.
   */
  destroy(why?: Error): void {
    this.#leaving = true;
    this.#stopPinging();
    this.#session.destroy(why);
    this.#socket.destroy();
  }

  #ping(): void {
    this.#stopPinging = this.#timers.after(pingEveryMs, () => {
      this.#stopPinging = this.#timers.after(pingAnswerWithinMs, () => {
        this.destroy(localError('Unreachable', `${this.#server} does not answer PING`));
      });
      this.#session.ping((error) => {
        this.#stopPinging();
        if (error === null && !this.#session.destroyed) this.#ping();
      });
    });
  }
}

/** Node's own advice on certificates (a flag of the platform) is none that we would take. */
function cannotConnect(server: string, error: Error): KubeError {
  const { why, untrusted } = connectionFailure(error);
  const next = untrusted ? '; check certificate-authority-data of the kubeconfig' : '';
  return localError('Unreachable', `cannot connect to ${server}: ${why}${next}`, error);
}
