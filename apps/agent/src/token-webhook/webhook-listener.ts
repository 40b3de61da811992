import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Address } from '@ambit/config';
import { AppError, type Logger } from '@ambit/kernel';
import type { ReviewAnswer } from './answer-review.ts';
import { OneATurn } from './one-a-turn.ts';
import type { TlsMaterial } from './webhook-certificate.ts';

export interface WebhookListenerOptions {
  readonly address: Address;
  readonly tls: TlsMaterial;
  /** Answers the body of a question. */
  readonly answer: (text: string) => ReviewAnswer;
  readonly logger: Logger;
}

export interface WebhookListener {
  /** Where it listens. */
  readonly address: Address;
  /** From now on new connections are shown this. Throws when it is no certificate with its key. */
  renew(tls: TlsMaterial): void;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const path = '/authenticate';
const mostBytes = 64 * 1024;
/** An API server holds few connections and keeps them. */
const mostConnections = 128;
/** More questions than this at once are not waited for: the API server asks again. */
const mostWaiting = 256;
const readWithinMs = 5_000;
const keptAliveMs = 90_000;

/**
 * Answers `POST /authenticate` over TLS. Questions are judged one at a time with a turn for everything else between, so that
 * no number of them keeps the agent from reconciling. Throws `address_in_use`, and what is wrong with the certificate.
 */
export async function startWebhookListener(
  options: WebhookListenerOptions,
): Promise<WebhookListener> {
  const turns = new OneATurn(mostWaiting);
  // An `import` would evaluate all of its exports: see the listener of health.
  const { createServer } = process.getBuiltinModule('node:https');
  const server = createServer(
    {
      ...options.tls,
      minVersion: 'TLSv1.3',
      maxHeaderSize: 16 * 1024,
      handshakeTimeout: readWithinMs,
      headersTimeout: readWithinMs,
      requestTimeout: readWithinMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: keptAliveMs,
    },
    (request, response) => {
      void reply(request, options, turns)
        .catch((error: unknown): Reply => {
          options.logger.error('a question about a token failed', { error });
          return { status: 500, body: message('internal error') };
        })
        .then((given) => send(response, given));
    },
  );
  server.maxConnections = mostConnections;
  await listen(server, options.address);
  const { address: host, port } = server.address() as AddressInfo;
  return {
    address: { host, port },
    renew: (tls) => server.setSecureContext({ ...tls, minVersion: 'TLSv1.3' }),
    close: () => close(server),
  };
}

async function reply(
  request: IncomingMessage,
  { answer }: WebhookListenerOptions,
  turns: OneATurn,
): Promise<Reply> {
  const [asked] = (request.url ?? '').split('?', 1);
  if (asked !== path) return { status: 404, body: message(`only ${path} is served here`) };
  if (request.method !== 'POST') {
    return { status: 405, body: message('only POST'), headers: { allow: 'POST' } };
  }
  const text = await bodyOf(request);
  if (text === undefined) {
    const body = message(`a question has at most ${mostBytes} bytes`);
    return { status: 413, body, headers: { connection: 'close' } };
  }
  if (!(await turns.next())) {
    return {
      status: 503,
      body: message('too many questions at once'),
      headers: { 'retry-after': '1' },
    };
  }
  return answer(text);
}

const message = (text: string): string => `${JSON.stringify({ message: text })}\n`;

/** Undefined when it is too long: the rest is not read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? addressTaken({ host, port }, error) : error);
    });
    server.listen({ host, port }, resolve);
  });
}

function addressTaken({ host, port }: Address, cause: unknown): AppError {
  const what = `Port ${port} on ${host} is taken, so the API server cannot ask about tokens.`;
  return new AppError('address_in_use', what, {
    hint: 'Name another address with --webhook-listen, or stop the program that listens there.',
    cause,
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
