import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { centralName } from '@ambit/transport';

/** The agent port, and what an attacker knows of it. */
export interface Target {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
}

export interface StolenIdentity {
  /** PEM. */
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly clusterUid: string;
  readonly kubeSystemUid: string;
}

/** Attackers come from an address of their own; polite callers come from 127.0.0.1. */
export const attackersAddress = '127.0.0.2';

/** A TCP connection that never throws. */
export function dialTcp({ port }: Target): Socket {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: attackersAddress });
  socket.on('error', () => undefined).on('data', () => undefined);
  return socket;
}

/** HTTP/2 over TLS as an agent speaks it, with nothing in between that would keep to the rules. */
export async function openSession(
  target: Target,
  identity?: StolenIdentity,
): Promise<ClientHttp2Session> {
  const tcp = dialTcp(target);
  const socket = connectTls({
    socket: tcp,
    ca: target.ca,
    servername: centralName,
    ALPNProtocols: ['h2'],
    ...(identity === undefined
      ? {}
      : { cert: identity.certificateChain, key: identity.privateKey }),
  });
  socket.on('error', () => undefined);
  const failed = once(socket, 'close').then(() => {
    throw new Error('closed before the handshake was done');
  });
  failed.catch(() => undefined);
  await Promise.race([once(socket, 'secureConnect'), failed]);
  const session = connectHttp2(`https://${centralName}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

/** One message as gRPC frames it. */
export function framed(body: Uint8Array, flag = 0, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, body]);
}

export const grpcHeaders = (path: string): Record<string, string> => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
});

/** The gRPC status of one call; -1 when there was none. */
export function callStatus(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
): Promise<number> {
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) return resolve(-1);
    let status = -1;
    const note = (fields: Readonly<Record<string, unknown>>): void => {
      const found = fields['grpc-status'];
      if (found !== undefined) status = Number(found);
    };
    const request = session.request(grpcHeaders(path));
    request
      .on('response', note)
      .on('trailers', note)
      .on('error', () => undefined)
      .resume();
    request.setTimeout(10_000, () => request.close());
    request.on('close', () => resolve(status));
    request.end(framed(body));
    return undefined;
  });
}
