import { availableParallelism } from 'node:os';
import { Server } from '@grpc/grpc-js';
import type { Logger } from '@ambit/kernel';
import { agentServices, wireLimits, type ReceivedAuditBatch, type wire } from '@ambit/protocol';
import type { AgentCall, PublicCall } from './agent-call.ts';
import { AgentServerCredentials, type ListenerCertificates } from './agent-server-credentials.ts';
import { AgentCalls } from './agent-calls.ts';
import { openAgentPort } from './agent-port.ts';
import { ConnectionGate, type ConnectionLimits } from './connection-gate.ts';
import { countRefusals } from './count-refusals.ts';
import type { MessageStream } from './message-stream.ts';
import { quietGrpc } from './quiet-grpc.ts';

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
  /** What strangers and single certificates may cost; `connectionLimits` unless told. */
  readonly limits?: ConnectionLimits;
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
  // An agent's connections carry a stream all the time; what carries none is of no use to anybody.
  'grpc.max_connection_idle_ms': 60_000,
  'grpc.enable_channelz': 0,
};

/** A handshake costs about 2 ms of one core. At this rate 5,000 agents come back to two cores within a minute. */
export const connectionLimits: ConnectionLimits = {
  handshakesPerSecond: 60 * availableParallelism(),
  waiting: 8_192,
  waitingPerAddress: 4_096,
  waitAtMostMs: 15_000,
  unidentified: 512,
  unidentifiedPerAddress: 256,
  identifyWithinMs: 20_000,
  refusedCalls: 2,
  perCertificate: 6,
};

/** Listens for agents on one port with TLS 1.3. Throws `address_in_use` or `not_ready` when it cannot listen. */
export async function createAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const { handlers, logger, certificates, limits = connectionLimits } = options;
  quietGrpc();
  const credentials = new AgentServerCredentials(certificates);
  const interceptors = [countRefusals((peer) => gate.refused(peer))];
  const server = new Server({ ...serverOptions, interceptors });
  const injector = server.createConnectionInjector(credentials);
  const gate = new ConnectionGate((socket) => injector.injectConnection(socket), limits);
  addServices(server, handlers, new AgentCalls(logger, gate));
  const port = await openAgentPort(server, options.address, gate);
  return {
    port: port.port,
    replaceCertificates: (next) => credentials.replace(next),
    close: (graceMs) => port.close(graceMs),
  };
}

function addServices(server: Server, handlers: AgentServerHandlers, calls: AgentCalls): void {
  const { enrollment, sync, audit } = agentServices;
  const { Enroll, Renew, RenewChallenge, RenewExpired } = enrollment;
  server.addService(enrollment, {
    Enroll: calls.open(Enroll, (request, call) => handlers.enroll(request, call)),
    RenewChallenge: calls.open(RenewChallenge, (request, call) =>
      handlers.renewChallenge(request, call),
    ),
    RenewExpired: calls.open(RenewExpired, (request, call) => handlers.renewExpired(request, call)),
    Renew: calls.agent(Renew, (request, call) => handlers.renew(request, call)),
  });
  server.addService(sync, {
    Connect: calls.stream(sync.Connect, (stream, call) => handlers.connect(stream, call)),
  });
  server.addService(audit, {
    Push: calls.stream(audit.Push, (stream, call) => handlers.push(stream, call)),
  });
}
