import type { Socket } from 'node:net';
import { ChannelCredentials, type CallCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { HostAndPort } from './host-and-port.ts';

/** A tunnel to central through something in between, such as an HTTP proxy. */
export interface WayThrough {
  /** Where it is entered. */
  readonly address: HostAndPort;
  /** Dials it. Throws `AppError` with what stood in the way. */
  open(): Promise<Socket>;
  /** Over a connection to `address` that is there already. */
  through(socket: Socket): Promise<Socket>;
}

/** Which way central is reached: undefined is directly. */
export type WayOut = (central: HostAndPort) => WayThrough | undefined;

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type Target = Parameters<ChannelCredentials['_createSecureConnector']>[0];

/**
 * Credentials that go through a tunnel before they prove anything. The library has tunnels of its own, but takes the
 * proxy from variables that no other client of ours looks at, and keeps what the proxy answered to itself.
 */
export class TunnelCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #way: WayThrough;

  constructor(inner: ChannelCredentials, way: WayThrough) {
    super();
    this.#inner = inner;
    this.#way = way;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: Target,
    options: ChannelOptions,
    call?: CallCredentials,
  ): Connector {
    const inner = this.#inner._createSecureConnector(target, options, call);
    return {
      connect: async (socket) => inner.connect(await this.#way.through(socket)),
      waitForReady: () => inner.waitForReady(),
      getCallCredentials: () => inner.getCallCredentials(),
      destroy: () => inner.destroy(),
    };
  }
}
