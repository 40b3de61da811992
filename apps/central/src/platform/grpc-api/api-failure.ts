import { Metadata } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import { encodeRpcStatus, statusDetailsTrailer, textWithin } from '@ambit/contracts/grpc';
import { toAppError } from '@ambit/kernel';
import { statusOfKind } from '@ambit/transport';

/** Trailer with the id that logs and audit events carry. */
export const requestIdTrailer = 'ambit-request-id';

/** Most bytes of a message that is a header: there each may take three characters. */
const mostDetails = 512;

/** Whatever was thrown as the status of a call: the code of the error, and a `google.rpc.Status` with the rest of it. */
export function apiFailure(thrown: unknown, requestId: string): StatusObject {
  const error = toAppError(thrown);
  const code = statusOfKind[error.kind];
  const metadata = new Metadata();
  metadata.set(requestIdTrailer, requestId);
  metadata.set(statusDetailsTrailer, Buffer.from(encodeRpcStatus(error, code, requestId)));
  // grpc-js throws at half a surrogate pair, which a text of a caller may hold or a cut may leave.
  return { code, details: textWithin(error.message, mostDetails), metadata };
}
