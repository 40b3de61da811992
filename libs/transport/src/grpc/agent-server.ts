import { randomUUID } from 'node:crypto';
import {
  Metadata,
  Server,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { AppError, type Logger } from '@ambit/kernel';
import {
  agentServices,
  wireLimits,
  type MethodDefinition,
  type ReceivedAuditBatch,
  type wire,
} from '@ambit/protocol';
import type { AgentCall, PublicCall } from './agent-call.ts';
import { AgentServerCredentials, type ListenerCertificates } from './agent-server-credentials.ts';
import { toStatus } from './error-status.ts';
import type { MessageStream } from './message-stream.ts';
import { peerCertificate } from './peer-identity.ts';
import { quietGrpc } from './quiet-grpc.ts';
import { ServerMessageStream } from './server-message-stream.ts';

export type SyncStream = MessageStream<wire.AgentMessage, wire.CentralMessage>;
export type AuditStream = MessageStream<ReceivedAuditBatch, wire.AuditReply>;

/** The methods of the agent port. Those with an `AgentCall` are refused before they are called without a certificate. */
export interface AgentServerHandlers {
  enroll(request: wire.EnrollRequest, call: PublicCall): Promise<wire.EnrollResponse>;
  renewChallenge(
    request: wire.RenewChallengeRequest,
    call: PublicCall,
  ): Promise<wire.RenewChallengeResponse>;
  renewExpired(request: wire.RenewExpiredRequest, call: PublicCall): Promise<wire.RenewResponse>;
  renew(request: wire.RenewRequest, call: AgentCall): Promise<wire.RenewResponse>;
  connect(stream: SyncStream, call: AgentCall): void;
  push(stream: AuditStream, call: AgentCall): void;
}

export interface AgentServerOptions {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  readonly certificates: ListenerCertificates;
  readonly handlers: AgentServerHandlers;
  readonly logger: Logger;
}

export interface AgentServer {
  readonly port: number;
  /** For new connections; open streams stay. */
  replaceCertificates(certificates: ListenerCertificates): void;
  /** No new streams; those open may end within `graceMs` milliseconds, then they are cut. */
  close(graceMs: number): Promise<void>;
}

// Agents need at most four streams of a connection, and 16 MB of buffers for all of it.
const serverOptions = {
  'grpc.max_receive_message_length': wireLimits.messageBytes,
  'grpc.max_send_message_length': wireLimits.messageBytes,
  'grpc.max_concurrent_streams': 16,
  'grpc-node.max_session_memory': 16,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.enable_channelz': 0,
};

/** Listens for agents on one port with TLS 1.3. Throws `address_in_use` or `not_ready` when it cannot listen. */
export async function createAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const { handlers, logger, certificates } = options;
  quietGrpc();
  const server = new Server(serverOptions);
  const credentials = new AgentServerCredentials(certificates);
  const { enrollment, sync, audit } = agentServices;
  const { Enroll, Renew, RenewChallenge, RenewExpired } = enrollment;
  server.addService(enrollment, {
    Enroll: openUnary(Enroll, logger, (request, call) => handlers.enroll(request, call)),
    RenewChallenge: openUnary(RenewChallenge, logger, (request, call) =>
      handlers.renewChallenge(request, call),
    ),
    RenewExpired: openUnary(RenewExpired, logger, (request, call) =>
      handlers.renewExpired(request, call),
    ),
    Renew: agentUnary(Renew, logger, (request, call) => handlers.renew(request, call)),
  });
  server.addService(sync, {
    Connect: agentStream(sync.Connect, logger, (stream, call) => handlers.connect(stream, call)),
  });
  server.addService(audit, {
    Push: agentStream(audit.Push, logger, (stream, call) => handlers.push(stream, call)),
  });
  const port = await listen(server, options.address, credentials);
  const address = options.address.replace(/:0$/, `:${port}`);
  return {
    port,
    replaceCertificates: (next) => credentials.replace(next),
    close: (graceMs) => close(server, address, graceMs),
  };
}

function listen(
  server: Server,
  address: string,
  credentials: AgentServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, port) => {
      if (cause === null) resolve(port);
      else reject(cannotListen(address, cause));
    });
  });
}

function cannotListen(address: string, cause: Error): AppError {
  if (cause.message.includes('EADDRINUSE')) {
    const hint = 'Stop the program that listens there, or choose another address.';
    return new AppError('address_in_use', `${address} is taken.`, { hint, cause });
  }
  return new AppError('not_ready', `Agents cannot be listened for on ${address}.`, {
    why: cause.message,
    cause,
  });
}

// `forceShutdown` alone leaves streams open when channelz is off: draining is what ends them.
function close(server: Server, address: string, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), graceMs + 500);
    server.drain(address, graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

type Call = Parameters<typeof peerCertificate>[0] & { getPeer(): string };

function publicCall(call: Call): PublicCall {
  return { requestId: randomUUID(), remote: call.getPeer() };
}

function agentCall(call: Call): AgentCall {
  const peer = peerCertificate(call);
  if (peer !== undefined) return { ...publicCall(call), peer };
  throw new AppError('certificate_required', 'This call needs the certificate of an agent.', {
    why: 'No certificate by the CA of this installation was shown, or it has ended.',
    hint: 'Enrol the agent with a join token.',
    nextCommand: 'ambit cluster join-token NAME',
  });
}

function unary<Request, Response, C extends PublicCall>(
  logger: Logger,
  contextOf: (call: Call) => C,
  handle: (request: Request, call: C) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    let requestId: string = randomUUID();
    const answer = async (): Promise<Response> => {
      const context = contextOf(call);
      requestId = context.requestId;
      return handle(call.request, context);
    };
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => {
        report(logger, call.getPath(), requestId, error);
        callback(toStatus(error, requestId));
      },
    );
  };
}

// The definition is a parameter so that a handler cannot be given to a method of other types.
function openUnary<Request, Response>(
  _method: MethodDefinition<Request, Response>,
  logger: Logger,
  handle: (request: Request, call: PublicCall) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary(logger, publicCall, handle);
}

function agentUnary<Request, Response>(
  _method: MethodDefinition<Request, Response>,
  logger: Logger,
  handle: (request: Request, call: AgentCall) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary(logger, agentCall, handle);
}

function agentStream<In, Out>(
  method: Pick<MethodDefinition<never, Out>, 'responseSerialize'> & {
    readonly requestDeserialize: (bytes: Buffer) => In;
  },
  logger: Logger,
  handle: (stream: MessageStream<In, Out>, call: AgentCall) => void,
): handleBidiStreamingCall<In, Out> {
  return (call: ServerDuplexStream<In, Out>) => {
    let requestId: string = randomUUID();
    try {
      const context = agentCall(call);
      requestId = context.requestId;
      // Commits the call: the client stops keeping its messages for a retry.
      call.sendMetadata(new Metadata());
      const stream = new ServerMessageStream(call, method.responseSerialize, context);
      handle(stream, context);
    } catch (error) {
      report(logger, call.getPath(), requestId, error);
      call.emit('error', toStatus(error, requestId));
    }
  };
}

function report(logger: Logger, method: string, requestId: string, error: unknown): void {
  const known = error instanceof AppError && error.kind !== 'internal';
  const fields = { method, requestId, error };
  if (known) logger.info('agent call refused', fields);
  else logger.error('agent call failed', fields);
}
