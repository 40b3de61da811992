import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { routes } from '@ambit/contracts';
import type { Route } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { FastifyReply } from 'fastify';
import { Observable, raceWith } from 'rxjs';
import type { Actor } from './actor.ts';
import { isAdmitted } from './call.ts';
import type { AmbitRequest } from './call.ts';
import type { CredentialWatch } from './credential-watch.ts';
import { operationOf } from './endpoint.ts';
import type { WaitingCalls } from './waiting-calls.ts';

/**
 * Ends what waits with the credential of its caller. Every read is under it, whether or not its route says that it
 * waits, so none can forget it; a write is short and goes on to its end, because half an answer to it says nothing.
 */
export class LifetimeInterceptor implements NestInterceptor {
  readonly #credentials: CredentialWatch;
  readonly #waiting: WaitingCalls;

  constructor(credentials: CredentialWatch, waiting: WaitingCalls) {
    this.#credentials = credentials;
    this.#waiting = waiting;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AmbitRequest>();
    const operation = operationOf(context.getHandler());
    const { actor } = request;
    if (operation === undefined || !isAdmitted(operation, request))
      throw new AppError('internal', 'This route is not set up.');
    const route: Route = routes[operation];
    if (route.method !== 'GET' && route.waits === undefined) return next.handle();
    // What waits does so by the right of a credential that can end.
    if (actor === undefined) throw new AppError('internal', 'This route is not set up.');
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const ended = this.#live(actor, asksToWait(route, request), reply);
    request.ended = ended;
    return next.handle().pipe(raceWith(endOf(ended, reply)));
  }

  #live(actor: Actor, waits: boolean, reply: FastifyReply): AbortSignal {
    const leave = waits ? this.#waiting.take(actor) : undefined;
    const life = this.#credentials.open(actor);
    const over = (): void => {
      leave?.();
      life.release();
    };
    // A caller who left while its token was looked up is told by no event any more.
    if (reply.raw.closed) over();
    else reply.raw.once('close', over);
    return life.ended;
  }
}

function asksToWait({ waits }: Route, { query }: AmbitRequest): boolean {
  return waits !== undefined && (query as Record<string, unknown>)[waits.when] !== undefined;
}

/** Fails when the call has to end; a stream that began tells its end itself. */
function endOf(ended: AbortSignal, reply: FastifyReply): Observable<never> {
  return new Observable((subscriber) => {
    const end = (): void => {
      if (!reply.sent && !reply.raw.destroyed) subscriber.error(ended.reason);
    };
    if (ended.aborted) end();
    ended.addEventListener('abort', end, { once: true });
    return () => ended.removeEventListener('abort', end);
  });
}
