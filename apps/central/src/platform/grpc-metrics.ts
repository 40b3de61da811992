import { status } from '@grpc/grpc-js';
import { toAppError } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { statusOfKind } from '@ambit/transport';
import type { AgentServerHandlers, MessageStream } from '@ambit/transport';

type GrpcMeters = Pick<Meters<typeof centralMetrics>, 'grpcHandled' | 'grpcStreamsOpen'>;

/** The handlers of the agent port with every call and stream counted. */
export function withGrpcMetrics(
  handlers: AgentServerHandlers,
  meters: GrpcMeters,
): AgentServerHandlers {
  const counted = counterOf(meters);
  return {
    enroll: (request, call) => counted('Enrollment', 'Enroll', handlers.enroll(request, call)),
    renew: (request, call) => counted('Enrollment', 'Renew', handlers.renew(request, call)),
    renewChallenge: (request, call) =>
      counted('Enrollment', 'RenewChallenge', handlers.renewChallenge(request, call)),
    renewExpired: (request, call) =>
      counted('Enrollment', 'RenewExpired', handlers.renewExpired(request, call)),
    connect: (stream, call) => handlers.connect(meteredStream(stream, 'Sync', meters), call),
    push: (stream, call) => handlers.push(meteredStream(stream, 'Audit', meters), call),
  };
}

const methods = { Sync: 'Connect', Audit: 'Push' } as const;

function codeOf(error: unknown): string {
  return error === undefined ? 'OK' : (status[statusOfKind[toAppError(error).kind]] ?? 'UNKNOWN');
}

function counterOf(
  meters: GrpcMeters,
): <T>(service: string, method: string, call: Promise<T>) => Promise<T> {
  const count = (service: string, method: string, error?: unknown): void =>
    meters.grpcHandled.inc({ service, method, code: codeOf(error) });
  return async (service, method, call) => {
    try {
      const response = await call;
      count(service, method);
      return response;
    } catch (error) {
      count(service, method, error);
      throw error;
    }
  };
}

function meteredStream<In, Out>(
  stream: MessageStream<In, Out>,
  service: keyof typeof methods,
  meters: GrpcMeters,
): MessageStream<In, Out> {
  return {
    outbox: stream.outbox,
    listen: (listener) => {
      meters.grpcStreamsOpen.inc({ service });
      stream.listen({
        message: listener.message,
        closed: (error) => {
          meters.grpcStreamsOpen.dec({ service });
          meters.grpcHandled.inc({ service, method: methods[service], code: codeOf(error) });
          listener.closed(error);
        },
      });
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
  };
}
