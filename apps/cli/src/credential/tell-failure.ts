import { AppError, isAppError, printable, toAppError } from '@ambit/kernel';
import { errorLines } from '../error-text.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';

/** Says on standard error why there is no credential, and gives the exit code for it. */
export function tellFailure(
  error: unknown,
  err: { readonly write: (text: string) => unknown },
): ExitCode {
  const { code = '' } = error as { readonly code?: string };
  // Whoever read it went away.
  if (code === 'EPIPE') return exitCodes.done;
  const told = code.startsWith('ERR_PARSE_ARGS')
    ? wrongUsage(error as Error)
    : unforeseen(error, code);
  for (const line of errorLines(told)) {
    err.write(
      `${line.map((part) => printable(typeof part === 'string' ? part : part.text)).join('')}\n`,
    );
  }
  return exitCodeOf(told);
}

function wrongUsage({ message }: Error): AppError {
  const nextCommand = 'ambit credential --help';
  return new AppError('usage', message.split('\n')[0] ?? '', { nextCommand });
}

function unforeseen(error: unknown, code: string): AppError {
  if (isAppError(error)) return error;
  if (['ENOSPC', 'EIO', 'EBADF'].includes(code)) {
    return new AppError('internal', `standard output cannot be written (${code})`);
  }
  const { message } = toAppError(error);
  return new AppError('internal', message, { why: (error as Error).message, cause: error });
}
