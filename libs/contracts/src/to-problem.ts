import type { AppError, ErrorKind } from '@ambit/kernel';
import type { Problem } from './problem.ts';

/** The one place where a kind of error becomes an HTTP status. */
const httpStatus: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 412,
  rate_limited: 429,
  unavailable: 503,
  timeout: 504,
  internal: 500,
};

const statusOfCode: Readonly<Record<string, number>> = {
  invalid_path: 400,
  body_too_large: 413,
  method_not_allowed: 405,
  confirmation_required: 409,
};

const titles: Readonly<Record<ErrorKind, string>> = {
  invalid: 'The request is not valid',
  unauthenticated: 'Not signed in',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  conflict: 'Conflict',
  precondition: 'A condition does not hold',
  rate_limited: 'Too many requests',
  unavailable: 'Not available right now',
  timeout: 'Took too long',
  internal: 'Something went wrong on our side',
};

/** The HTTP status of an error, by its code and kind. */
export const httpStatusOf = ({ code, kind }: Pick<AppError, 'code' | 'kind'>): number =>
  statusOfCode[code] ?? httpStatus[kind];

/** The error as the answer that a caller sees: by its code and kind the status, and of its extras all but the cause. */
export function toProblem(error: AppError, requestId: string): Problem {
  const { why, hint, nextCommand, errors, details } = error.extras;
  return {
    type: 'about:blank',
    title: titles[error.kind],
    status: httpStatusOf(error),
    code: error.code,
    detail: error.message,
    ...(why === undefined ? {} : { why }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...(hint === undefined ? {} : { hint }),
    ...(nextCommand === undefined ? {} : { nextCommand }),
    ...(details === undefined ? {} : { details: { ...details } }),
    requestId,
  };
}
