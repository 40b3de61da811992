import { AppError, connectionFailure, isAppError } from '@ambit/kernel';

/** True for a network failure that a second attempt may not meet. */
export function isPassing(error: unknown): boolean {
  return isAppError(error, 'server_unreachable') && connectionFailure(error.cause).passing;
}

/** A failure of the network as `server_unreachable` in words, with what to check next; an `AppError` stays what it is. */
export function networkError(error: unknown, base: URL): AppError {
  if (isAppError(error)) return error;
  const { code, why, untrusted } = connectionFailure(error);
  if (code === 'ABORT_ERR') {
    return new AppError('timed_out', `the call to ${base.host} was cancelled`, { cause: error });
  }
  if (untrusted) {
    return new AppError('server_unreachable', `the certificate of ${base.host} is not trusted`, {
      why,
      hint: 'Name the CA of central with --ca-file or AMBIT_CA_FILE.',
      cause: error,
    });
  }
  return new AppError('server_unreachable', `cannot reach central at ${base.origin}`, {
    why,
    hint: 'Check that central runs and that the URL is right (--server or AMBIT_SERVER).',
    cause: error,
  });
}
