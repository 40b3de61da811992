import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type Logger } from '@ambit/kernel';
import type { Registry } from 'prom-client';
import { isExpectedHost } from './expected-hosts.ts';
import type { Readiness } from './readiness.ts';

export interface HealthOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Names that callers use for it beside addresses and localhost. */
  readonly names?: readonly string[];
  readonly readiness: Readiness;
  readonly registry: Registry;
  readonly logger: Logger;
}

export interface HealthListener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/**
 * Answers `/livez`, `/healthz`, `/readyz` (`?verbose` lists every part) and `/metrics`. Throws `address_in_use` when
 * the port is taken.
 */
export async function startHealthListener(options: HealthOptions): Promise<HealthListener> {
  // Loaded here so that a program without this listener does not pay for it.
  // An `import` of node:http evaluates every export, and some load all of fetch: 14 MiB that an agent has no use for.
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000 },
    (request, reply) => {
      void answer(request, options)
        .catch((error: unknown): Answer => {
          options.logger.error('a health request failed', { error });
          return { status: 500, body: 'internal error\n' };
        })
        .then((given) => send(reply, given));
    },
  );
  server.maxConnections = 64;
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, close: () => close(server) };
}

async function answer(request: IncomingMessage, options: HealthOptions): Promise<Answer> {
  if (!isExpectedHost(request.headers.host, [options.host, ...(options.names ?? [])])) {
    return { status: 421, body: 'this host name is not expected here: see --health-names\n' };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: 'only GET\n' };
  }
  const url = new URL(request.url ?? '/', 'http://health');
  switch (url.pathname) {
    case '/livez':
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz':
      return readyz(options.readiness, url.searchParams.has('verbose'));
    case '/metrics': {
      const body = await options.registry.metrics();
      return { status: 200, body, type: options.registry.contentType };
    }
    default:
      return { status: 404, body: 'try /livez, /readyz, /readyz?verbose or /metrics\n' };
  }
}

function readyz(readiness: Readiness, verbose: boolean): Answer {
  const ready = readiness.isReady();
  const shown = readiness.checks().filter((check) => verbose || !check.ready);
  const lines = shown.map(
    ({ name, ready: good, detail }) => `[${good ? '+' : '-'}] ${name}: ${detail}`,
  );
  return {
    status: ready ? 200 : 503,
    body: `${[...lines, ready ? 'ready' : 'not ready'].join('\n')}\n`,
  };
}

function send(reply: ServerResponse, { status, body, type }: Answer): void {
  reply.writeHead(status, {
    'content-type': type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  reply.end(body);
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? addressTaken(host, port, error) : error);
    });
    server.listen({ host, port }, resolve);
  });
}

function addressTaken(host: string, port: number, cause: unknown): AppError {
  return new AppError(
    'address_in_use',
    `Port ${port} on ${host} is taken, so health cannot be served.`,
    {
      hint: 'Name another address with --health-listen, or stop the program that listens there.',
      cause,
    },
  );
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
