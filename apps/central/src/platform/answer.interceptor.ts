import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { requestIdHeader, responseSchemas, revisionHeader, routes } from '@ambit/contracts';
import type { Route } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import { Answer } from './answer.ts';
import { operationOf } from './endpoint.ts';

/** Passes every answer through its schema, so that nothing unlisted leaves, and sets ETag and revision. */
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const operation = operationOf(context.getHandler());
    if (operation === undefined) throw new AppError('internal', 'This route is not set up.');
    const route: Route = routes[operation];
    return next.handle().pipe(
      map((value: unknown) => {
        if (reply.sent || reply.raw.headersSent) return value;
        const answer = value instanceof Answer ? value : new Answer(value);
        void reply.header(requestIdHeader, request.id);
        if (answer.options.status !== undefined) void reply.status(answer.options.status);
        const { revision } = answer.options;
        if (revision !== undefined) void reply.header(revisionHeader, String(revision));
        const etag = resourceVersionOf(answer.body);
        if (etag !== undefined) void reply.header('etag', `"${etag}"`);
        return responseSchemas[answer.options.schema ?? route.response].parse(answer.body);
      }),
    );
  }
}

function resourceVersionOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return undefined;
  const { metadata } = body as { metadata: { uid?: string; resourceVersion?: string } };
  return metadata.uid === undefined ? undefined : metadata.resourceVersion;
}
