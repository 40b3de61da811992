import { lookup } from 'node:dns';
import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
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

/**
 * Reads a document from a server of others without becoming its tool: over HTTPS, from a public address unless the server
 * is internal, without following it elsewhere, within limits. The address that was checked is the one that is connected to.
 * Throws `OutsideError`.
 */
export async function fetchOutside(
  url: URL,
  server: OutsideServer,
  { bytes, ms }: OutsideLimits = limits,
): Promise<string> {
  requireScheme(url, server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) requireAddress(host, url, server);
  const signal = AbortSignal.timeout(ms);
  try {
    const answer = await ask(url, server, signal);
    if (answer.statusCode !== 200) throw refusedAnswer(answer);
    return await textOf(answer, bytes);
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

function ask(url: URL, server: OutsideServer, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  send(
    url,
    {
      // A socket that was opened for another server's rules is not used again.
      agent: false,
      // An API server gives its keys to nobody who asks for application/json alone.
      headers: { accept: 'application/json, application/jwk-set+json' },
      lookup: checkedLookup(url, server),
      signal,
      ...(server.ca === undefined ? {} : { ca: server.ca }),
    },
    resolve,
  )
    .on('error', reject)
    .end();
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
