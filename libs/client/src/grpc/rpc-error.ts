import { status, type ServiceError } from '@grpc/grpc-js';
import { decodeRpcStatus, statusDetailsTrailer } from '@ambit/contracts/grpc';
import { AppError, type ErrorCode } from '@ambit/kernel';

const codes: Partial<Record<status, ErrorCode>> = {
  [status.CANCELLED]: 'timed_out',
  [status.DEADLINE_EXCEEDED]: 'timed_out',
  [status.UNAVAILABLE]: 'server_unreachable',
  [status.UNIMPLEMENTED]: 'method_not_allowed',
  [status.RESOURCE_EXHAUSTED]: 'body_too_large',
};

/** How a call ended as an error with all that central said; what is not of central by its status. */
export function rpcError(error: ServiceError, address: string): AppError {
  const [details] = error.metadata?.get(statusDetailsTrailer) ?? [];
  const said = details instanceof Buffer ? decodeRpcStatus(details) : undefined;
  if (said !== undefined) return said;
  const code = codes[error.code] ?? 'internal';
  if (code !== 'server_unreachable')
    return new AppError(code, `The call to ${address} ended: ${error.details}`, { cause: error });
  return new AppError(code, `cannot reach the gRPC API of central at ${address}`, {
    why: error.details,
    hint: 'Check that central runs with grpcListen, that the address is right, and that its CA is trusted.',
    cause: error,
  });
}
