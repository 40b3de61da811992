import { AppError, isAppError } from '@ambit/kernel';

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
]);

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no network',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP; is it the port of the agents?',
  EPROTO: 'the answer is not TLS; is it http:// instead of https://?',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clock',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What may be over in a moment: a restart, a connection that ended while idle. */
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN']);

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}

/** True for a network failure that a second attempt may not meet. */
export function isPassing(error: unknown): boolean {
  return isAppError(error, 'server_unreachable') && passing.has(codeOf(error.cause));
}

/** A failure of the network as `server_unreachable` in words, with what to check next; an `AppError` stays what it is. */
export function networkError(error: unknown, base: URL): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  if (code === 'ABORT_ERR') {
    return new AppError('timed_out', `the call to ${base.host} was cancelled`, { cause: error });
  }
  if (untrusted.has(code)) {
    return new AppError('server_unreachable', `the certificate of ${base.host} is not trusted`, {
      why: `it was not issued by a CA known here (${code})`,
      hint: 'Name the CA of central with --ca-file or AMBIT_CA_FILE.',
      cause: error,
    });
  }
  return new AppError('server_unreachable', `cannot reach central at ${base.origin}`, {
    why: reasons[code] ?? (code === '' ? 'the connection failed' : code),
    hint: 'Check that central runs and that the URL is right (--server or AMBIT_SERVER).',
    cause: error,
  });
}
