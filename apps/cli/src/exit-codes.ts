import type { AppError, ErrorCode, ErrorKind } from '@ambit/kernel';

/** What the exit codes of `ambit` mean; printed by `ambit --help`. */
export const exitCodes = {
  done: 0,
  error: 1,
  usage: 2,
  signedOut: 3,
  forbidden: 4,
  notFound: 5,
  conflict: 6,
  waiting: 8,
  unreachable: 9,
  guarded: 10,
  /** Stored, and not in force everywhere it should be. */
  notInForce: 11,
  /** Taken away, and somebody still has it. */
  stillGranted: 12,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byKind: Readonly<Record<ErrorKind, ExitCode>> = {
  invalid: exitCodes.error,
  unauthenticated: exitCodes.signedOut,
  forbidden: exitCodes.forbidden,
  not_found: exitCodes.notFound,
  conflict: exitCodes.conflict,
  precondition: exitCodes.conflict,
  rate_limited: exitCodes.unreachable,
  unavailable: exitCodes.unreachable,
  timeout: exitCodes.unreachable,
  internal: exitCodes.error,
};

const byCode: Partial<Record<ErrorCode, ExitCode>> = {
  usage: exitCodes.usage,
  config_invalid: exitCodes.usage,
  ceiling_refused: exitCodes.guarded,
  cluster_not_connected: exitCodes.unreachable,
  confirmation_required: exitCodes.guarded,
};

/** The exit code that stands for an error. */
export function exitCodeOf(error: AppError): ExitCode {
  return byCode[error.code] ?? byKind[error.kind];
}
