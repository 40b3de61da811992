import helmet from '@fastify/helmet';
import { basePath } from '@ambit/contracts';
import type { Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CentralSettings } from '../config.ts';
import type { AuthGuard } from './auth.guard.ts';
import { bodyLimits, parseJsonBody } from './json-body.ts';
import { limitsOf, takeLargeSets } from './large-sets.ts';
import { NestLogger } from './nest-logger.ts';
import { openApiDocument } from './openapi.ts';
import { servePublicDocuments } from './public-documents.ts';
import type { PublicDocument } from './public-documents.ts';
import { sendProblem, toRequestError } from './problem.filter.ts';
import { mountRaw } from './raw-mount.ts';
import type { RawMount } from './raw-mount.ts';
import { tlsOptions } from './rest-listener.ts';

export interface RestServerOptions {
  readonly module: object;
  readonly guard: Pick<AuthGuard, 'admit'>;
  readonly settings: Pick<CentralSettings, 'tlsCert' | 'tlsKey'>;
  readonly version: string;
  readonly logger: Logger;
  readonly newRequestId: () => string;
  /** What anybody may read, beside what this API is. */
  readonly documents: readonly PublicDocument[];
  readonly meters: Meters<typeof centralMetrics>;
  /** What stands beside the API, by its prefix. */
  readonly mounts: Readonly<Record<string, RawMount>>;
}

/** Builds the Nest application; `listenRest` opens its port. */
export async function createRestServer(
  options: RestServerOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...(await tlsOptions(options.settings)),
    bodyLimit: bodyLimits.bytes,
    requestTimeout: 60_000,
    genReqId: options.newRequestId,
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(toRequestError(error, request), request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    bodyParser: false,
    logger: new NestLogger(options.logger),
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parseJsonBody(body, limitsOf(request)),
  );
  takeLargeSets(fastify, options.guard);
  await app.register(helmet);
  servePublicDocuments(fastify, [openApi(options.version), ...options.documents]);
  sendLongTextsAsBytes(fastify);
  measure(fastify, options.meters);
  for (const [prefix, mount] of Object.entries(options.mounts))
    await mountRaw(fastify, prefix, mount);
  await app.init();
  return app;
}

/** Made when it is first asked for: most never is, and it is a tenth of the work of a start. */
function openApi(version: string): PublicDocument {
  let document: object | undefined;
  const read = (): object => (document ??= openApiDocument(version));
  return { path: `${basePath}/openapi.json`, maxAgeSeconds: 60, read };
}

const longText = 64 * 1024;

/** For a text Node takes three times its room before it writes it, and encodes it once to count its bytes and once to send them. */
function sendLongTextsAsBytes(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async (_request, _reply, payload) =>
    typeof payload === 'string' && payload.length > longText ? Buffer.from(payload) : payload,
  );
}

function measure(fastify: FastifyInstance, meters: RestServerOptions['meters']): void {
  fastify.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    meters.httpRequests.inc({ method: request.method, route, code: String(reply.statusCode) });
    meters.httpRequestDuration.observe({ method: request.method, route }, reply.elapsedTime / 1000);
  });
}
