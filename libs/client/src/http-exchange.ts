import http from 'node:http';
import https from 'node:https';
import { AppError, type Millis } from '@ambit/kernel';
import { networkError } from './network-error.ts';
import { VerifyingAgent, type WayThrough } from './verifying-agent.ts';

export interface Connection {
  readonly base: URL;
  readonly agent: http.Agent;
}

export interface ConnectionOptions {
  /** PEM of the CA to trust instead of the system's. */
  readonly ca?: string;
  /** Which way central is reached; undefined is directly. Asked for https:// alone: nothing goes through a proxy unencrypted. */
  readonly wayOut?: (destination: { host: string; port: number }) => WayThrough | undefined;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: Millis;
  /** Milliseconds until the connection has to be there, TLS included; as long as an answer may take without it. */
  readonly connectWithinMs?: Millis;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** More than any page of 500 objects needs; a peer that sends more is not central. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Certificates are always verified: there is no option that turns it off, and no variable does. */
export function openConnection(base: URL, options: ConnectionOptions): Connection {
  if (base.protocol !== 'https:') return { base, agent: new http.Agent({ keepAlive: true }) };
  const host = base.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = base.port === '' ? 443 : Number(base.port);
  return { base, agent: new VerifyingAgent(options.ca, options.wayOut?.({ host, port })) };
}

/** Sends the request and gives the answer's head as soon as it is there. Throws `AppError` for what the network did. */
export function openExchange(
  connection: Connection,
  request: HttpRequest,
): Promise<http.IncomingMessage> {
  const { base, agent } = connection;
  const send = base.protocol === 'https:' ? https.request : http.request;
  const bytes = request.body === undefined ? undefined : Buffer.from(request.body);
  const headers = {
    ...request.headers,
    ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
  };
  return new Promise((resolve, reject) => {
    const url = new URL(base.pathname.replace(/\/$/, '') + request.path, base);
    const call = send(url, {
      method: request.method,
      agent,
      headers,
      timeout: request.timeoutMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if (request.connectWithinMs !== undefined)
      giveUpConnecting(call, base, request.connectWithinMs);
    call.on('response', resolve);
    call.on('timeout', () => call.destroy(tooSlow(base, request.timeoutMs)));
    call.on('error', (error) => reject(networkError(error, base)));
    call.end(bytes);
  });
}

/** Sends the request and reads the whole answer. */
export async function exchange(connection: Connection, request: HttpRequest): Promise<HttpAnswer> {
  const incoming = await openExchange(connection, request);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxAnswerBytes) {
        throw new AppError('internal', `${connection.base.host} answered with more than 64 MiB`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw networkError(error, connection.base);
  }
  const body = Buffer.concat(chunks).toString('utf8');
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
}

/** A new connection that is not there in time ends the call; one that was kept is there already. */
function giveUpConnecting(call: http.ClientRequest, base: URL, withinMs: Millis): void {
  const timer = setTimeout(() => call.destroy(tooSlow(base, withinMs)), withinMs);
  const there = (): void => clearTimeout(timer);
  call.on('close', there).on('socket', (socket) => {
    if (!socket.connecting) there();
    else socket.once(base.protocol === 'https:' ? 'secureConnect' : 'connect', there);
  });
}

function tooSlow(base: URL, timeoutMs: Millis): AppError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new AppError('timed_out', `${base.host} did not answer within ${seconds} s`);
}
