import { lookup } from 'node:dns';
import { request as plainRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { connectionFailure } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { whereIs } from './outside-address.ts';

/** What an administrator said about a server of others. */
export interface OutsideServer {
  /** It may lie at a private address, and is asked over plain HTTP there. */
  readonly internal: boolean;
  /** PEM certificates that alone sign its certificate; without them those that everybody trusts. */
  readonly ca?: string;
}

/** Most bytes of an answer, and until when it has come. */
export interface OutsideLimits {
  readonly bytes: number;
  readonly ms: Millis;
}

const limits: OutsideLimits = { bytes: 1024 * 1024, ms: 5_000 };

/** Why nothing came of it, as the end of a sentence; for who runs central, not for callers. */
export class OutsideError extends Error {
  override readonly name = 'OutsideError';
}

export interface OutsideRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OutsideAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Reads a document from a server of others without becoming its tool: over HTTPS, from a public address unless the server
 * is internal, without following it elsewhere, within limits. The address that was checked is the one that is connected to.
 * Throws `OutsideError`.
 */
export async function fetchOutside(
  url: URL,
  server: OutsideServer,
  within: OutsideLimits = limits,
): Promise<string> {
  return exchange([url, reading], server, within, async (answer) => {
    if (answer.statusCode !== 200) throw refusedAnswer(answer);
    return textOf(answer, within.bytes);
  });
}

/** As `fetchOutside`, with whatever is sent, and whatever comes back: the caller judges it. Throws `OutsideError`. */
export async function askOutside(
  url: URL,
  server: OutsideServer,
  request: OutsideRequest,
  within: OutsideLimits = limits,
): Promise<OutsideAnswer> {
  return exchange([url, request], server, within, async (answer) => ({
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: await textOf(answer, within.bytes),
  }));
}

/** An API server gives its keys to nobody who asks for application/json alone. */
const reading: OutsideRequest = {
  headers: { accept: 'application/json, application/jwk-set+json' },
};

async function exchange<T>(
  [url, request]: readonly [URL, OutsideRequest],
  server: OutsideServer,
  { ms }: OutsideLimits,
  read: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  requireScheme(url, server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) requireAddress(host, url, server);
  const signal = AbortSignal.timeout(ms);
  try {
    return await read(await ask([url, request], server, signal));
  } catch (error) {
    if (error instanceof OutsideError) throw error;
    const why = signal.aborted
      ? `did not answer within ${ms / 1000} s`
      : `cannot be read: ${connectionFailure(error).why}`;
    throw new OutsideError(`${url.host} ${why}`, { cause: error });
  }
}

function requireScheme({ protocol, host }: URL, { internal }: OutsideServer): void {
  if (protocol === 'https:' || (protocol === 'http:' && internal)) return;
  throw new OutsideError(`${host || protocol} is not asked: only https:// is`);
}

function requireAddress(address: string, { host, protocol }: URL, server: OutsideServer): void {
  const where = whereIs(address);
  if (where === 'private' && server.internal) return;
  if (where === 'public' && protocol === 'https:') return;
  throw new OutsideError(
    where === 'public'
      ? `${host} is at the public address ${address}, where only https:// is asked`
      : `${host} is at the ${where} address ${address}, where nothing is asked`,
  );
}

function ask(
  [url, { method = 'GET', headers = {}, body }]: readonly [URL, OutsideRequest],
  server: OutsideServer,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  send(
    url,
    {
      method,
      // A socket that was opened for another server's rules is not used again.
      agent: false,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      lookup: checkedLookup(url, server),
      signal,
      ...(server.ca === undefined ? {} : { ca: server.ca }),
    },
    resolve,
  )
    .on('error', reject)
    .end(body);
  return promise;
}

/** Names are looked up once: what is checked here is what the socket connects to. */
function checkedLookup(url: URL, server: OutsideServer): LookupFunction {
  return (hostname, options, found) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return found(error, []);
      try {
        for (const { address } of addresses) requireAddress(address, url, server);
      } catch (refusal) {
        return found(refusal as OutsideError, []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return found(null, addresses);
      return found(null, first.address, first.family);
    });
  };
}

function refusedAnswer(answer: IncomingMessage): OutsideError {
  const { statusCode = 0 } = answer;
  answer.destroy();
  const elsewhere = statusCode >= 300 && statusCode < 400 ? ', and is not followed elsewhere' : '';
  return new OutsideError(`it answers ${statusCode}${elsewhere}`);
}

async function textOf(answer: IncomingMessage, most: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > most) throw new OutsideError(`its answer is larger than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
