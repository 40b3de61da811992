import { Problem, requestIdHeader } from '@ambit/contracts';
import type { AppError } from '@ambit/kernel';
import type { HttpAnswer } from './http-exchange.ts';
import { refusal } from './refusal.ts';

/** An answer of 300 and above as an error with all that central said. */
export function answerError(answer: HttpAnswer, base: URL): AppError {
  const problem = readProblem(answer.body);
  if (problem === undefined) return refusal(answer, base, undefined);
  const requestId = problem.requestId || String(answer.headers[requestIdHeader] ?? '');
  return refusal(answer, base, { ...problem, requestId });
}

function readProblem(body: string): Problem | undefined {
  try {
    return Problem.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
