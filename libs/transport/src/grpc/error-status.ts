import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import {
  AppError,
  errorKinds,
  toAppError,
  type ErrorCode,
  type ErrorExtras,
  type ErrorKind,
} from '@ambit/kernel';
import { notYetValid, saysNotYetValid } from './not-yet-valid.ts';

/** gRPC status of each kind of error. */
export const statusOfKind = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  conflict: status.ALREADY_EXISTS,
  precondition: status.FAILED_PRECONDITION,
  rate_limited: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorKind, status>;

const trailer = {
  code: 'ambit-code',
  requestId: 'ambit-request-id',
  why: 'ambit-why',
  hint: 'ambit-hint',
  nextCommand: 'ambit-next-command',
} as const;

const told = ['why', 'hint', 'nextCommand'] as const;

/** The error as a gRPC status with its code and request id in the trailers. Unknown errors hide their text. */
export function toStatus(error: unknown, requestId: string): StatusObject {
  const failure = toAppError(error);
  const metadata = new Metadata();
  metadata.set(trailer.code, failure.code);
  metadata.set(trailer.requestId, requestId);
  for (const name of told) {
    const text = failure.extras[name];
    // Metadata carries ASCII only.
    if (text !== undefined) metadata.set(trailer[name], encodeURIComponent(text));
  }
  return { code: statusOfKind[failure.kind], details: failure.message, metadata };
}

const codeOfStatus: Partial<Record<status, ErrorCode>> = {
  [status.CANCELLED]: 'server_unreachable',
  [status.INVALID_ARGUMENT]: 'invalid_request',
  [status.DEADLINE_EXCEEDED]: 'timed_out',
  [status.NOT_FOUND]: 'not_found',
  [status.ALREADY_EXISTS]: 'already_exists',
  [status.PERMISSION_DENIED]: 'permission_denied',
  [status.RESOURCE_EXHAUSTED]: 'rate_limited',
  [status.FAILED_PRECONDITION]: 'stale_resource',
  [status.UNIMPLEMENTED]: 'method_not_allowed',
  [status.UNAVAILABLE]: 'server_unreachable',
  [status.UNAUTHENTICATED]: 'certificate_required',
};

/** True for an end of stream by the network or by a server that went away, which comes without trailers of ours. */
function isBrokenStream(error: ServiceError): boolean {
  return error.code === status.INTERNAL && /RST_STREAM|ECONN|EPIPE|goaway/i.test(error.details);
}

function textOf(metadata: Metadata | undefined, name: string): string | undefined {
  const value = metadata?.get(name)[0];
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(value.toString());
  } catch {
    return undefined;
  }
}

/** What came back from a call as an `AppError`: by our own code when the trailers hold one, else by the status. */
export function fromStatus(error: ServiceError): AppError {
  const code = textOf(error.metadata, trailer.code);
  if (code !== undefined && Object.hasOwn(errorKinds, code)) {
    return new AppError(code as ErrorCode, error.details, {
      ...toldBy(error.metadata),
      ...detailsOf(textOf(error.metadata, trailer.requestId)),
      cause: error,
    });
  }
  if (isBrokenStream(error)) {
    return new AppError('server_unreachable', 'The connection to central broke.', { cause: error });
  }
  const known = codeOfStatus[error.code] ?? 'internal';
  if (known === 'server_unreachable') return unreachable(error);
  return new AppError(known, error.details || 'Central refused the call.', { cause: error });
}

function toldBy(metadata: Metadata): ErrorExtras {
  const texts = told.map((name) => [name, textOf(metadata, trailer[name])] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

function detailsOf(requestId: string | undefined): ErrorExtras {
  return requestId === undefined ? {} : { details: { requestId } };
}

function unreachable(error: ServiceError): AppError {
  if (saysNotYetValid(error.details)) return notYetValid({ cause: error });
  const untrusted = /certificate|self.signed|altname|issuer/i.test(error.details);
  if (!untrusted) {
    return new AppError('server_unreachable', 'Central cannot be reached.', {
      why: error.details,
      hint: 'Check the address and that central runs.',
      cause: error,
    });
  }
  return new AppError('server_unreachable', 'What answers is not by a CA this agent trusts.', {
    why: error.details,
    hint:
      'Check that the address leads to your central. If its CA was changed while this agent was away, ' +
      'move its data folder away and start it with a new join token.',
    nextCommand: 'ambit cluster join-token NAME',
    cause: error,
  });
}
