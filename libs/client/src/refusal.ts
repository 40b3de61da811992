import type { Problem } from '@ambit/contracts';
import { AppError, defined, type ErrorCode, errorKinds } from '@ambit/kernel';
import type { HttpAnswer } from './http-exchange.ts';

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'token_invalid',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'already_exists',
  412: 'stale_resource',
  413: 'body_too_large',
  422: 'invalid_request',
  429: 'rate_limited',
  502: 'server_unreachable',
  503: 'not_ready',
  504: 'timed_out',
};

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(errorKinds, code);
}

/** An answer of 300 and above as an error: with all that its problem says, where it holds one. */
export function refusal(answer: HttpAnswer, base: URL, problem: Problem | undefined): AppError {
  if (answer.status < 400) return redirected(answer, base);
  return problem === undefined ? foreignAnswer(answer, base) : problemError(problem, answer);
}

function problemError(problem: Problem, answer: HttpAnswer): AppError {
  const { title, detail, why, hint, nextCommand, errors, details, requestId } = problem;
  const code = isKnown(problem.code) ? problem.code : (codeByStatus[answer.status] ?? 'internal');
  return new AppError(
    code,
    detail || title,
    defined({
      why,
      hint,
      nextCommand,
      errors: errors?.map((item) => defined(item)),
      details: { ...details, requestId },
    }),
  );
}

/** Redirects are never followed: the token would go wherever the answer says. */
function redirected(answer: HttpAnswer, base: URL): AppError {
  return new AppError(
    'server_unreachable',
    `${base.host} answered with a redirect (${answer.status})`,
    {
      why: `it points to ${String(answer.headers.location ?? 'nowhere').slice(0, 200)}`,
      hint: 'Use the URL of central itself; redirects are not followed with a token.',
    },
  );
}

/** Something between us and central, or something else altogether, answered. */
export function foreignAnswer(answer: HttpAnswer, base: URL): AppError {
  const type = String(answer.headers['content-type'] ?? 'nothing').split(';')[0] ?? '';
  return new AppError(
    codeByStatus[answer.status] ?? 'server_unreachable',
    `${base.host} answered ${answer.status} with ${type} instead of JSON`,
    { hint: 'Is this the URL of central? A proxy in between may have answered.' },
  );
}
