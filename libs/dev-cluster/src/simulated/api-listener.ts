import { createSecureServer } from 'node:http2';
import type {
  Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KeyPair } from '../access/certificates.ts';
import type { Credentials } from './authenticator.ts';

export type OnRequest = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** Like a kube-apiserver: so many streams on one connection, and none kept that is idle. */
const streamsPerConnection = 100;
const idleMs = 90_000;

/** The socket side: HTTPS with HTTP/2 and HTTP/1.1 on one port, client certificates asked for and not required. */
export class ApiListener {
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();

  constructor(caPem: string, serving: KeyPair, onRequest: OnRequest) {
    this.#server = createSecureServer(
      {
        allowHTTP1: true,
        ca: caPem,
        cert: serving.certPem,
        key: serving.keyPem,
        requestCert: true,
        rejectUnauthorized: false,
        settings: { maxConcurrentStreams: streamsPerConnection },
      },
      onRequest,
    );
    this.#server.on('session', (session) => this.#hold(session));
    // The bare connections: one that is still at its handshake has to be cut, too.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
    });
    this.#server.on('sessionError', () => undefined);
  }

  /** Resolves with the port. */
  listen(port: number): Promise<number> {
    return new Promise((listening, failed) => {
      this.#server.once('error', failed);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', failed);
        listening((this.#server.address() as AddressInfo).port);
      });
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Asks every client to go on over another connection; what runs goes on. */
  goAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    this.cut();
    await closed;
  }

  #hold(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setTimeout(idleMs, () => session.close());
    session.once('close', () => this.#sessions.delete(session));
    session.on('error', () => undefined);
  }
}

/** What the request's connection and headers say about who sends it. A certificate that is not ours says nothing. */
export function credentialsOf(request: Http2ServerRequest): Credentials {
  const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
  const { authorization } = request.headers;
  if (!socket.authorized) return authorization === undefined ? {} : { authorization };
  const subject = socket.getPeerCertificate().subject as {
    readonly CN?: string | readonly string[];
    readonly O?: string | readonly string[];
  };
  const user = [subject.CN ?? ''].flat()[0] ?? '';
  return { certificate: { user, groups: [subject.O ?? []].flat() } };
}

/** Ends the request's connection without an answer. */
export function dropConnection(request: Http2ServerRequest): void {
  const session = request.stream?.session;
  if (session === undefined) request.socket.destroy();
  else session.destroy();
}
