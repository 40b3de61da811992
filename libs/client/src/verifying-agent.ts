import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** A tunnel to central through something in between. */
export interface WayThrough {
  open(): Promise<Socket>;
}

type Opened = (error: Error | null, socket: Duplex) => void;

/**
 * TLS connections whose certificates are verified, whatever the environment says: the platform's variable against it is
 * overruled, and what came of the handshake is looked at once more.
 */
export class VerifyingAgent extends https.Agent {
  readonly #way: WayThrough | undefined;

  constructor(ca: string | undefined, way: WayThrough | undefined) {
    super({
      keepAlive: true,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    });
    this.#way = way;
  }

  override createConnection(
    options: https.RequestOptions,
    opened?: Opened,
  ): Duplex | null | undefined {
    if (this.#way === undefined) return checked(super.createConnection(options, opened));
    this.#way.open().then(
      (socket) => opened?.(null, checked(connect({ ...(options as ConnectionOptions), socket }))),
      (error: Error) => opened?.(error, undefined as never),
    );
    return undefined;
  }
}

function checked<T extends Duplex | null | undefined>(socket: T): T {
  const secured = socket as TLSSocket | null | undefined;
  secured?.once('secureConnect', () => {
    if (!secured.authorized) secured.destroy(secured.authorizationError);
  });
  return socket;
}
