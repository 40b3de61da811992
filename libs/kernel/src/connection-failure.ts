/** Why a connection could not be made or was cut. */
export interface ConnectionFailure {
  /** Node's or OpenSSL's code, '' when it has none. */
  readonly code: string;
  /** In words, for a sentence that has named the address before. */
  readonly why: string;
  /** The peer showed a certificate by none of the CAs that were named. */
  readonly untrusted: boolean;
  /** May be over in a moment: a restart, a connection that ended while idle. */
  readonly passing: boolean;
}

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

const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN']);

/** What Node's error of a socket or of TLS means; of several attempts (`AggregateError`) the first. */
export function connectionFailure(error: unknown): ConnectionFailure {
  const code = codeOf(error);
  return {
    code,
    why: untrusted.has(code)
      ? `its certificate was not issued by a CA known here (${code})`
      : (reasons[code] ?? (code === '' ? 'the connection failed' : code)),
    untrusted: untrusted.has(code),
    passing: passing.has(code),
  };
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}
