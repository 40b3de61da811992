import { randomUUID } from 'node:crypto';
import {
  Metadata,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { AppError, type Logger } from '@ambit/kernel';
import type { MethodDefinition } from '@ambit/protocol';
import type { AgentCall, PublicCall } from './agent-call.ts';
import type { ConnectionGate } from './connection-gate.ts';
import { toStatus } from './error-status.ts';
import type { MessageStream } from './message-stream.ts';
import { peerCertificate } from './peer-identity.ts';
import { RefusalLog } from './refusal-log.ts';
import { ServerMessageStream } from './server-message-stream.ts';

type Call = Parameters<typeof peerCertificate>[0] & { getPeer(): string };

/** Gives handlers to gRPC: who calls is settled before they run, and what they throw becomes a status. */
export class AgentCalls {
  readonly #refusals: RefusalLog;
  readonly #gate: Pick<ConnectionGate, 'identified'>;

  constructor(logger: Logger, gate: Pick<ConnectionGate, 'identified'>) {
    this.#refusals = new RefusalLog(logger);
    this.#gate = gate;
  }

  // The definition is a parameter so that a handler cannot be given to a method of other types.

  /** A method that anybody may call. */
  open<Request, Response>(
    _method: MethodDefinition<Request, Response>,
    handle: (request: Request, call: PublicCall) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return this.#unary(publicCall, handle);
  }

  /** A method that needs the certificate of an agent. */
  agent<Request, Response>(
    _method: MethodDefinition<Request, Response>,
    handle: (request: Request, call: AgentCall) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return this.#unary((call) => this.#agentCall(call), handle);
  }

  /** A stream that needs the certificate of an agent. */
  stream<In, Out>(
    method: Pick<MethodDefinition<never, Out>, 'responseSerialize'> & {
      readonly requestDeserialize: (bytes: Buffer) => In;
    },
    handle: (stream: MessageStream<In, Out>, call: AgentCall) => void,
  ): handleBidiStreamingCall<In, Out> {
    return (call: ServerDuplexStream<In, Out>) => {
      let requestId: string = randomUUID();
      try {
        const context = this.#agentCall(call);
        requestId = context.requestId;
        // Commits the call: the client stops keeping its messages for a retry.
        call.sendMetadata(new Metadata());
        const stream = new ServerMessageStream(call, method.responseSerialize, context);
        handle(stream, context);
      } catch (error) {
        this.#report(call, requestId, error);
        call.emit('error', toStatus(error, requestId));
      }
    };
  }

  #unary<Request, Response, C extends PublicCall>(
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
          this.#report(call, requestId, error);
          callback(toStatus(error, requestId));
        },
      );
    };
  }

  #agentCall(call: Call): AgentCall {
    const peer = peerCertificate(call);
    if (peer !== undefined) {
      this.#gate.identified(call.getPeer(), peer.fingerprint);
      return { ...publicCall(call), peer };
    }
    throw new AppError('certificate_required', 'This call needs the certificate of an agent.', {
      why: 'No certificate by the CA of this installation was shown, or it has ended.',
      hint: 'Enrol the agent with a join token.',
      nextCommand: 'ambit cluster join-token NAME',
    });
  }

  #report(call: Call & { getPath(): string }, requestId: string, error: unknown): void {
    this.#refusals.note(call.getPath(), requestId, error);
  }
}

function publicCall(call: Call): PublicCall {
  return { requestId: randomUUID(), remote: call.getPeer() };
}
