import { ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';

/**
 * Tells the peers whose calls are not answered well: refused by a handler, by gRPC before there is one, or taken back by the
 * caller, which no handler hears of when the message had not come yet. Each of them costs.
 */
export function countRefusals(refused: (peer: string) => void): ServerInterceptor {
  return (_method, call) => {
    // Afterwards the call has no connection any more that could be asked.
    const peer = call.getPeer();
    let ended = false;
    const end = (isGood: boolean): void => {
      if (!ended && !isGood) refused(peer);
      ended = true;
    };
    return new ServerInterceptingCall(call, {
      start: (next) => next({ onCancel: () => end(false) }),
      sendStatus: (answer, next) => {
        end(answer.code === status.OK);
        next(answer);
      },
    });
  };
}
