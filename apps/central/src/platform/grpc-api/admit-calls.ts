import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptor } from '@grpc/grpc-js';
import { apiMethodOf } from '@ambit/contracts/grpc';
import { AppError, toAppError } from '@ambit/kernel';
import { addressOfPeer } from '@ambit/transport';
import type { Actor } from '../actor.ts';
import type { AuthGuard } from '../auth.guard.ts';
import type { ClientAddress } from '../client-address.ts';
import { apiFailure } from './api-failure.ts';

/** Who was let in, and the id of the call. */
export interface AdmittedCall {
  readonly actor: Actor;
  readonly requestId: string;
}

export interface AdmissionPorts {
  readonly guard: Pick<AuthGuard, 'identifyBy' | 'require'>;
  readonly addressOf: ClientAddress;
  newRequestId(): string;
  /** Told of every call that was turned away. */
  refused(path: string, code: string): void;
}

/** What is asked about this process, and tells nothing of anybody. */
const forAnyone = /^\/grpc\.health\.v1\.Health\//;
/** What any caller may ask whom we know. */
const forKnown = /^\/grpc\.reflection\.v1(alpha)?\.ServerReflection\//;

/**
 * Lets calls in before anything of their messages is read: by the token in their metadata, and by what the method asks
 * for. Who calls is found by the metadata that the handler gets.
 */
export class AdmitCalls {
  readonly #ports: AdmissionPorts;
  readonly #admitted = new WeakMap<Metadata, AdmittedCall>();

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** Throws `internal` for a call that did not come by the interceptor. */
  admitted(metadata: Metadata): AdmittedCall {
    const admitted = this.#admitted.get(metadata);
    if (admitted === undefined) throw new AppError('internal', 'This method is not set up.');
    return admitted;
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    if (forAnyone.test(path)) return call as ServerInterceptingCall;
    const intercepting: ServerInterceptingCall = new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const requestId = this.#ports.newRequestId();
            this.#admit(path, metadata, call.getPeer()).then(
              (actor) => {
                this.#admitted.set(metadata, { actor, requestId });
                pass(metadata);
              },
              (error: unknown) => {
                const failure = apiFailure(error, requestId);
                this.#ports.refused(path, status[failure.code] ?? 'UNKNOWN');
                intercepting.sendStatus(failure);
              },
            );
          },
        }),
    });
    return intercepting;
  };

  async #admit(path: string, metadata: Metadata, peer: string): Promise<Actor> {
    const { guard, addressOf } = this.#ports;
    const texts = (name: string): string[] => metadata.get(name).map(String);
    const address = addressOf({
      socket: { remoteAddress: addressOfPeer(peer) },
      headers: { 'x-forwarded-for': texts('x-forwarded-for').join(',') },
    });
    const actor = await guard.identifyBy(texts('authorization'), address);
    const method = apiMethodOf(path);
    if (method === undefined && !forKnown.test(path))
      throw new AppError('route_not_found', 'There is no such method.');
    // What a kind asks for is known when the message is read.
    if (method !== undefined && method.permission !== 'kind:read')
      guard.require(actor, method.permission, method);
    return actor;
  }
}

/** The code of an error as metrics count it. */
export const statusNameOf = (thrown: unknown): string =>
  status[apiFailure(toAppError(thrown), '').code] ?? 'UNKNOWN';
