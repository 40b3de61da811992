import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/** Keeps grpc-js off standard error: what it prints there comes back as the error of a call as well. */
export function quietGrpc(): void {
  setLogVerbosity(logVerbosity.NONE);
}
