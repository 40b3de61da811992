import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AppError } from '@ambit/kernel';
import { addressText } from '../addresses.ts';
import type { Environment } from '../environment.ts';
import { chooseProxy, type ProxyServer } from './choose-proxy.ts';
import type { Destination } from './direct-hosts.ts';

/** A way to a destination through an HTTP proxy. What travels in it is for the destination alone to read. */
export interface ProxyTunnel {
  /** The proxy in words, without credentials. */
  readonly name: string;
  /** Where the proxy listens. */
  readonly address: Destination;
  /** Dials the proxy and asks for the tunnel. Throws `server_unreachable`, with the answer of the proxy when there is one. */
  open(): Promise<Socket>;
  /** As `open`, over a connection to the proxy's address that is there already. */
  through(socket: Socket): Promise<Socket>;
}

/** Which way a destination is reached: undefined is directly. Throws `config_invalid`. */
export type WayOut = (destination: Destination) => ProxyTunnel | undefined;

const answerWithinMs = 10_000;

/** The ways out that the environment names, for every client that opens TLS connections. */
export function wayOut(environment: Environment): WayOut {
  return (destination) => {
    const proxy = chooseProxy(destination, environment);
    return proxy === undefined ? undefined : tunnel(proxy, destination);
  };
}

function tunnel(proxy: ProxyServer, destination: Destination): ProxyTunnel {
  const { name, host, port } = proxy;
  return {
    name,
    address: { host, port },
    open: () => askFor(destination, proxy, {}),
    through: (socket) => {
      // A proxy that is reached by TLS gets its own handshake inside this connection first.
      const over = () => (proxy.secure ? connectTls({ ...verified(host), socket }) : socket);
      return askFor(destination, proxy, { createConnection: over });
    },
  };
}

function verified(servername: string) {
  return { servername, rejectUnauthorized: true, minVersion: 'TLSv1.2' as const };
}

function askFor(
  destination: Destination,
  proxy: ProxyServer,
  over: Pick<http.RequestOptions, 'createConnection'>,
): Promise<Socket> {
  const target = addressText(destination);
  const { host, port, secure, authorization } = proxy;
  const shared = {
    host,
    port,
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
    timeout: answerWithinMs,
    ...over,
  };
  // An agent of its own: the shared one may be told by the environment to go through a proxy itself.
  const request = secure
    ? https.request({ ...shared, ...verified(host), agent: new https.Agent() })
    : http.request({ ...shared, agent: new http.Agent() });
  return new Promise((resolve, reject) => {
    request.on('connect', ({ statusCode }, socket) => {
      if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      reject(refused(proxy, target, statusCode));
    });
    // A proxy that answers CONNECT with a body is read as any other answer.
    request.on('response', (response) => {
      response.destroy();
      reject(refused(proxy, target, response.statusCode));
    });
    request.on('timeout', () => request.destroy(new Error('it does not answer')));
    request.on('error', (cause) => reject(unreachable(proxy, cause)));
    request.end();
  });
}

function refused({ name }: ProxyServer, target: string, status: number | undefined): AppError {
  const hint =
    status === 407
      ? 'Give the credentials of the proxy in its URL, as http://USER:PASSWORD@HOST:PORT.'
      : 'Let the proxy pass that host, or name it in NO_PROXY when it is reached without the proxy.';
  const message = `${name} answered ${status ?? 'nothing'} to CONNECT ${target}`;
  return new AppError('server_unreachable', message, { hint });
}

function unreachable({ name }: ProxyServer, cause: Error): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new AppError('server_unreachable', `${name} cannot be reached`, {
    why: code === '' ? cause.message : code,
    hint: 'Check the variable; hosts that are reached without the proxy stand in NO_PROXY.',
    cause,
  });
}
