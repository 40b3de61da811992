import { createSecureContext } from 'node:tls';
import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { AppError } from '@ambit/kernel';
import { agentServices, wireLimits, type MethodDefinition, type wire } from '@ambit/protocol';
import { centralName } from '../pki/certificate-facts.ts';
import { ClientMessageStream } from './client-message-stream.ts';
import { fromStatus } from './error-status.ts';
import { addressOf, hostAndPort } from './host-and-port.ts';
import type { MessageStream } from './message-stream.ts';
import { notYetValid, saysNotYetValid } from './not-yet-valid.ts';
import { quietGrpc } from './quiet-grpc.ts';
import { TunnelCredentials, type WayOut } from './way-through.ts';

/** PEM. */
export interface DialIdentity {
  /** Leaf first. */
  readonly certificateChain: string;
  readonly privateKey: string;
}

export interface CentralConnectionOptions {
  /** host:port */
  readonly address: string;
  /** PEM of the only CAs that may vouch for central. The system's own list is never used. */
  readonly ca: string;
  /** Absent: only the methods that need no certificate answer. */
  readonly identity?: DialIdentity;
  /** 30 s and 10 s when absent. */
  readonly keepalive?: { readonly timeMs: number; readonly timeoutMs: number };
  /** Which way central is reached; directly when absent. */
  readonly wayOut?: WayOut | undefined;
}

/** The channels of one agent to central. Every error is an `AppError`. */
export interface CentralConnection {
  /** Resolves when the control channel is up. Throws `server_unreachable` after `deadlineMs`. */
  ready(deadlineMs: number): Promise<void>;
  enroll(request: wire.EnrollRequest, deadlineMs: number): Promise<wire.EnrollResponse>;
  renew(request: wire.RenewRequest, deadlineMs: number): Promise<wire.RenewResponse>;
  renewChallenge(
    request: wire.RenewChallengeRequest,
    deadlineMs: number,
  ): Promise<wire.RenewChallengeResponse>;
  renewExpired(request: wire.RenewExpiredRequest, deadlineMs: number): Promise<wire.RenewResponse>;
  connect(): MessageStream<wire.CentralMessage, wire.AgentMessage | Uint8Array>;
  /** On a TCP connection of its own, so that audit never fills the window of the control stream. */
  pushAudit(): MessageStream<wire.AuditReply, wire.AuditBatch | Uint8Array>;
  close(): void;
}

const channelOptions = {
  'grpc.ssl_target_name_override': centralName,
  'grpc.default_authority': centralName,
  'grpc.enable_retries': 0,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': wireLimits.messageBytes,
  'grpc.max_send_message_length': wireLimits.messageBytes,
  'grpc-node.flow_control_window': 2 * 1024 * 1024,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  // Proxies are chosen by `wayOut`, by the same rule for every client of ours.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // Dialling again is decided above, with full jitter; the channel itself does not wait long.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** The one way to talk to central over gRPC: TLS 1.3, our CA only, central's own name. */
export function connectToCentral(options: CentralConnectionOptions): CentralConnection {
  quietGrpc();
  const way = options.wayOut?.(hostAndPort(options.address));
  const direct = channelCredentials(options);
  const secure = way === undefined ? direct : new TunnelCredentials(direct, way);
  const dialled = way === undefined ? options.address : addressOf(way.address);
  const channel = channelOptionsOf(options);
  const control = new Client(dialled, secure, channel);
  let auditClient: Client | undefined;
  const { enrollment, sync, audit } = agentServices;
  const unaryOf =
    <Request, Response>(method: MethodDefinition<Request, Response>) =>
    (request: Request, deadlineMs: number): Promise<Response> =>
      unary(control, method, request, deadlineMs);
  return {
    ready: (deadlineMs) => ready(control, options.address, deadlineMs),
    enroll: unaryOf(enrollment.Enroll),
    renew: unaryOf(enrollment.Renew),
    renewChallenge: unaryOf(enrollment.RenewChallenge),
    renewExpired: unaryOf(enrollment.RenewExpired),
    connect: () => duplex(control, sync.Connect),
    pushAudit: () => {
      auditClient ??= new Client(dialled, secure, channel);
      return duplex(auditClient, audit.Push);
    },
    close: () => {
      control.close();
      auditClient?.close();
    },
  };
}

function channelOptionsOf({ keepalive }: CentralConnectionOptions): ChannelOptions {
  return {
    ...channelOptions,
    'grpc.keepalive_time_ms': keepalive?.timeMs ?? 30_000,
    'grpc.keepalive_timeout_ms': keepalive?.timeoutMs ?? 10_000,
  };
}

function channelCredentials({ ca, identity }: CentralConnectionOptions): ChannelCredentials {
  try {
    const secureContext = createSecureContext({
      ca,
      minVersion: 'TLSv1.3',
      ...(identity && { cert: identity.certificateChain, key: identity.privateKey }),
    });
    return credentials.createFromSecureContext(secureContext, { rejectUnauthorized: true });
  } catch (cause) {
    throw new AppError('config_invalid', 'The identity of the agent cannot be read.', { cause });
  }
}

function ready(client: Client, address: string, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + deadlineMs, (cause) => {
      if (cause === undefined) return resolve();
      if (saysNotYetValid(cause.message)) return reject(notYetValid({ cause }));
      const hint = 'Check the address and that central runs.';
      const message = `${address} cannot be reached, or is not a central that this agent trusts.`;
      reject(new AppError('server_unreachable', message, { why: cause.message, hint, cause }));
    });
  });
}

function unary<Request, Response>(
  client: Client,
  method: MethodDefinition<Request, Response>,
  request: Request,
  deadlineMs: number,
): Promise<Response> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, response?: Response) => {
        if (error !== null) reject(fromStatus(error));
        else if (response === undefined)
          reject(new AppError('internal', 'Central gave no answer.'));
        else resolve(response);
      },
    );
  });
}

function duplex<Out, In>(
  client: Client,
  method: Pick<MethodDefinition<Out, In>, 'path' | 'requestSerialize' | 'responseDeserialize'>,
): MessageStream<In, Out | Uint8Array> {
  const { path, requestSerialize, responseDeserialize } = method;
  const call: ClientDuplexStream<Out | Uint8Array, In> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  return new ClientMessageStream<In, Out | Uint8Array>(call, requestSerialize);
}
