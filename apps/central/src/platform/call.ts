import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { parseRequest, parseWith, querySchemas, routes } from '@ambit/contracts';
import type {
  OperationId,
  QuerySchemaName,
  RequestSchemaName,
  requestSchemas,
} from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Actor } from './actor.ts';
import { operationOf } from './endpoint.ts';
import { isForAnyone } from './for-anyone.ts';
import { readPiecewise } from './read-piecewise.ts';
import { checkedParams } from './path-params.ts';

type Table = typeof routes;
type QueryOf<O extends OperationId> = Table[O]['query'] extends infer Q extends QuerySchemaName
  ? z.output<(typeof querySchemas)[Q]>
  : never;
type BodyOf<O extends OperationId> = Table[O] extends { request: infer B extends RequestSchemaName }
  ? z.output<(typeof requestSchemas)[B]>
  : undefined;

/** `absent`: the object must not exist yet. A revision: it must be at that resourceVersion. */
export type IfMatch = 'absent' | { readonly revision: number };

/** One request after parsing: everything a handler may look at. */
export interface Call<O extends OperationId> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryOf<O>;
  readonly body: BodyOf<O>;
  /** Nobody known on a route for anyone. */
  readonly actor: Table[O]['permission'] extends 'anyone' ? undefined : Actor;
  /** Where the call comes from. */
  readonly address: string;
  /** Aborts when the call has to end: its credential is over, or its caller gone. Only on routes marked as waiting. */
  readonly ended: Table[O] extends { waits: object } ? AbortSignal : undefined;
  readonly requestId: string;
  readonly precondition?: IfMatch;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What the auth guard leaves on a request. */
export interface AmbitRequest extends FastifyRequest {
  actor?: Actor;
  address?: string;
  /** What the lifetime interceptor leaves on it. */
  ended?: AbortSignal;
}

/** Gives a handler its `Call`: query and body parsed with the schemas the route table names. */
export const TheCall = createParamDecorator(async (_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<AmbitRequest>();
  const operation = operationOf(context.getHandler());
  if (operation === undefined || !isAdmitted(operation, request)) {
    throw new AppError('internal', 'This route is not set up.');
  }
  const route: { query: QuerySchemaName; request?: RequestSchemaName } = routes[operation];
  const precondition = preconditionOf(request);
  return {
    params: checkedParams(request.params as Record<string, string>),
    query: parseWith(querySchemas[route.query], request.query ?? {}, 'The query'),
    body: route.request === undefined ? undefined : await bodyOf(route.request, request.body),
    actor: request.actor,
    address: request.address ?? '',
    ended: request.ended,
    requestId: request.id,
    ...(precondition === undefined ? {} : { precondition }),
    request,
    reply: context.switchToHttp().getResponse<FastifyReply>(),
  };
});

/** Aborts when the caller is gone before it is answered. */
export function whileHeard({ reply }: { readonly reply: FastifyReply }): AbortSignal {
  const gone = new AbortController();
  const abort = (): void =>
    gone.abort(new AppError('timed_out', 'The caller was gone before the answer.'));
  if (reply.raw.closed) abort();
  else reply.raw.once('close', abort);
  return gone.signal;
}

/** The guard let the call in: it found out who calls, or needed not to. */
export function isAdmitted(operation: OperationId, { actor }: AmbitRequest): boolean {
  return actor !== undefined || isForAnyone(operation);
}

function bodyOf(schema: RequestSchemaName, body: unknown): unknown {
  return readPiecewise((part) => parseRequest(schema, part), body ?? {});
}

/** Only what PUT and DELETE do can hang on a condition: caches send theirs with every GET. */
function preconditionOf({ headers, method }: FastifyRequest): IfMatch | undefined {
  if (method !== 'PUT' && method !== 'DELETE') return undefined;
  const match = headers['if-match'];
  const none = headers['if-none-match'];
  if (none !== undefined) {
    if (none.trim() === '*') return 'absent';
    throw new AppError('invalid_request', 'If-None-Match can only be * here.');
  }
  if (match === undefined) return undefined;
  const revision = /^"?(\d{1,16})"?$/.exec(match.trim())?.[1];
  if (revision === undefined) {
    throw new AppError('invalid_request', 'If-Match has to be the ETag of an earlier answer.', {
      hint: 'An ETag is the resourceVersion in quotes, such as "418".',
    });
  }
  return { revision: Number(revision) };
}
