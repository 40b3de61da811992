import type * as wire from '../core/generated/messages.ts';
import { codecOf, type Codec } from './codec.ts';

/** One method as gRPC needs it. Serialisers let bytes through that were encoded before. */
export interface MethodDefinition<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Request | Uint8Array) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (value: Response | Uint8Array) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** The bytes of an AuditBatch as they came, over which the next batch's `previousHash` goes. */
export interface ReceivedAuditBatch {
  readonly bytes: Uint8Array;
  /** What is in them; they are read when it is asked for, so that a batch that has to wait is no more than its bytes. Throws on bytes that are none. */
  decode(): wire.AuditBatch;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function serializer<T extends object>(codec: Codec<T>): (value: T | Uint8Array) => Buffer {
  return (value) => toBuffer(value instanceof Uint8Array ? value : codec.encode(value));
}

function method<Request extends object, Response extends object>(
  path: string,
  names: readonly [request: string, response: string],
  streams: boolean,
): MethodDefinition<Request, Response> {
  const request = codecOf<Request>(names[0]);
  const response = codecOf<Response>(names[1]);
  return {
    path: `/ambit.agent.v1.${path}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: serializer(request),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: serializer(response),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}

const push = method<wire.AuditBatch, wire.AuditReply>(
  'Audit/Push',
  ['AuditBatch', 'AuditReply'],
  true,
);

/** The services of `ambit.agent.v1`, for `grpc.Server.addService` and clients. */
export const agentServices = {
  enrollment: {
    Enroll: method<wire.EnrollRequest, wire.EnrollResponse>(
      'Enrollment/Enroll',
      ['EnrollRequest', 'EnrollResponse'],
      false,
    ),
    Renew: method<wire.RenewRequest, wire.RenewResponse>(
      'Enrollment/Renew',
      ['RenewRequest', 'RenewResponse'],
      false,
    ),
    RenewChallenge: method<wire.RenewChallengeRequest, wire.RenewChallengeResponse>(
      'Enrollment/RenewChallenge',
      ['RenewChallengeRequest', 'RenewChallengeResponse'],
      false,
    ),
    RenewExpired: method<wire.RenewExpiredRequest, wire.RenewResponse>(
      'Enrollment/RenewExpired',
      ['RenewExpiredRequest', 'RenewResponse'],
      false,
    ),
  },
  sync: {
    Connect: method<wire.AgentMessage, wire.CentralMessage>(
      'Sync/Connect',
      ['AgentMessage', 'CentralMessage'],
      true,
    ),
  },
  audit: {
    Push: {
      ...push,
      requestDeserialize: (bytes: Buffer): ReceivedAuditBatch => ({
        bytes,
        decode: () => push.requestDeserialize(bytes),
      }),
    },
  },
} as const;
