import { limitsOf } from './large-sets.ts';
import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { problemContentType, requestIdHeader, toProblem } from '@ambit/contracts';
import { AppError, toAppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { methodsOf } from './known-methods.ts';

/** Turns whatever was thrown into `application/problem+json`; what nobody foresaw is logged once and hidden. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toRequestError(thrown, request);
    if (error.kind === 'internal') {
      this.#logger.error('a request failed', {
        requestId: request.id,
        error: error.cause ?? error,
      });
    }
    if (reply.raw.headersSent) reply.raw.destroy();
    else sendProblem(error, request, reply);
  }
}

/** Answers with the error as `application/problem+json`. */
export function sendProblem(error: AppError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request.id);
  const { retryAfterSeconds, allow } = error.extras.details ?? {};
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  if (allow !== undefined) void reply.header('allow', String(allow));
  if (error.kind === 'unauthenticated') void reply.header('www-authenticate', 'Bearer');
  void reply
    .status(problem.status)
    .header('content-type', problemContentType)
    .header(requestIdHeader, request.id)
    .send(JSON.stringify(problem));
}

/** Whatever was thrown while a request was answered, in the words of an `AppError`. */
export function toRequestError(thrown: unknown, request: FastifyRequest): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return notThere(request);
  if (status === 413) {
    const mebibytes = limitsOf(request).bytes / 1024 / 1024;
    return new AppError('body_too_large', `The body is larger than ${mebibytes} MiB.`, {
      hint: 'Send the objects in several requests.',
    });
  }
  if (status === 415) {
    return new AppError('invalid_request', 'The body has to be application/json.');
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError('invalid_request', 'The request could not be read.', { cause: thrown });
  }
  return toAppError(thrown);
}

function notThere({ method, url }: FastifyRequest): AppError {
  const [path = ''] = url.split('?');
  const allow = methodsOf(path).join(', ');
  if (allow !== '') {
    return new AppError('method_not_allowed', `${path} does not take ${method}.`, {
      hint: `It takes ${allow}.`,
      details: { allow },
    });
  }
  return new AppError('route_not_found', `There is no ${method} ${path}.`, {
    hint: 'GET /api/v1/openapi.json lists what there is.',
  });
}

/** Fastify's own errors carry `statusCode`; Nest's are HttpExceptions. */
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return undefined;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}
