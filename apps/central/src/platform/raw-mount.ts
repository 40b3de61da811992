import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Answers requests itself, from the first byte of the body to the last of the answer. It never fails. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Hands everything under a prefix to a handler that reads and writes on its own: what stands there is no operation of the
 * API, has no bearer token and knows its callers by other means.
 */
export async function mountRaw(
  fastify: FastifyInstance,
  prefix: string,
  handler: RawHandler,
): Promise<void> {
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const url of [prefix, `${prefix}/*`]) {
      scope.route({
        method: ['GET', 'POST'],
        url,
        handler: async (request, reply) => {
          reply.hijack();
          await handler(request.raw, reply.raw);
        },
      });
    }
  });
}
