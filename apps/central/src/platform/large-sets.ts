import { basePath, routes } from '@ambit/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AmbitRequest } from './call.ts';
import type { AuthGuard } from './auth.guard.ts';
import { type BodyLimits, bodyLimits, setLimits } from './json-body.ts';

const setPath = basePath + routes.apply.path;

/** What a body of this request may be. */
export function limitsOf({ routeOptions }: FastifyRequest): BodyLimits {
  return routeOptions.url === setPath ? setLimits : bodyLimits;
}

/**
 * Lets POST apply take more than other routes, from callers who may use it: who they are is asked before more than an
 * ordinary body of theirs is read. Call it before routes are made.
 */
export function takeLargeSets(fastify: FastifyInstance, guard: Pick<AuthGuard, 'admit'>): void {
  fastify.addHook('onRoute', (route) => {
    if (route.url === setPath) route.bodyLimit = setLimits.bytes;
  });
  fastify.addHook('preParsing', async (request: AmbitRequest, _reply, payload) => {
    if (request.routeOptions.url !== setPath) return payload;
    // A body that does not say its length may be of any.
    const length = Number(request.headers['content-length'] ?? Infinity);
    if (!(length <= bodyLimits.bytes)) await guard.admit(request, 'apply');
    return payload;
  });
}
