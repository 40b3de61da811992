import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Answers requests itself, from the first byte of the body to the last of the answer. It never fails. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What stands beside the API under a prefix, and which methods it takes. */
export interface RawMount {
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  readonly handle: RawHandler;
}

/**
 * Hands everything under a prefix to a handler that reads and writes on its own: what stands there is no operation of the
 * API and looks at its callers itself.
 */
export async function mountRaw(
  fastify: FastifyInstance,
  prefix: string,
  { methods, handle }: RawMount,
): Promise<void> {
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const url of [prefix, `${prefix}/*`]) {
      scope.route({
        method: [...methods],
        url,
        handler: async (request, reply) => {
          reply.hijack();
          await handle(request.raw, reply.raw);
        },
      });
    }
  });
}
