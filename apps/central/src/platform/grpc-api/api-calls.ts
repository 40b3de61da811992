import { once } from 'node:events';
import { Metadata, status } from '@grpc/grpc-js';
import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  StatusObject,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { findPolicyKind } from '@ambit/contracts';
import { apiMethods } from '@ambit/contracts/grpc';
import type { ApiMethod, ApiServiceName } from '@ambit/contracts/grpc';
import { AppError, toAppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import type { Actor } from '../actor.ts';
import type { AuthGuard } from '../auth.guard.ts';
import type { CredentialWatch } from '../credential-watch.ts';
import type { WaitingCalls } from '../waiting-calls.ts';
import type { AdmitCalls } from './admit-calls.ts';
import { statusNameOf } from './admit-calls.ts';
import type { GrpcCall, ApiHandlers } from './api-call.ts';
import { apiFailure, requestIdTrailer } from './api-failure.ts';
import { measured } from './measured-service.ts';
import { spokenWithin, tooLong } from './spoken-within.ts';

export interface ApiCallPorts {
  readonly guard: Pick<AuthGuard, 'require'>;
  readonly credentials: Pick<CredentialWatch, 'open'>;
  readonly waiting: Pick<WaitingCalls, 'take'>;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'grpcHandled' | 'grpcStreamsOpen'>;
  readonly logger: Logger;
}

interface CallLabels {
  readonly service: string;
  readonly method: string;
}
/** Without a permission it is for everybody who is known. */
type CallContract = Omit<ApiMethod, 'permission'> & Partial<Pick<ApiMethod, 'permission'>>;
type AnyCall = ServerUnaryCall<unknown, object> | ServerReadableStream<unknown, object>;
type AnyHandler = (input: never, call: GrpcCall) => Promise<object>;

/** Of a stream that is answered message by message. */
const mostAnswered = 100;
const answeringMs: Millis = 60_000;

/** Between grpc-js and the handlers: who calls, for how long, what is counted and how failures are told. */
export class ApiCalls {
  readonly #admission: AdmitCalls;
  readonly #ports: ApiCallPorts;

  constructor(admission: AdmitCalls, ports: ApiCallPorts) {
    this.#admission = admission;
    this.#ports = ports;
  }

  /** The handlers of a service as grpc-js takes them. */
  service<Name extends ApiServiceName>(
    name: Name,
    handlers: ApiHandlers[Name],
  ): UntypedServiceImplementation {
    const methods: Readonly<Record<string, ApiMethod>> = apiMethods[name];
    const served = Object.entries<AnyHandler>({ ...handlers } as never);
    return Object.fromEntries(
      served.map(([method, handler]) => {
        const contract = methods[method];
        if (contract === undefined)
          throw new AppError('internal', `${name}.${method} names no permission.`);
        return [
          method,
          (call: AnyCall, answer: sendUnaryData<object>) =>
            void this.#run({ service: name, method }, contract, { call, answer, handler }),
        ];
      }),
    );
  }

  /** A stream that is answered message by message, and is held by the same limits. */
  answering<Request>(
    labels: CallLabels,
    answerTo: (request: Request) => object,
  ): (call: ServerDuplexStream<Request, object>) => void {
    return (call) => {
      const end: sendUnaryData<object> = (failure, _value, trailers) => {
        if (failure === null) call.end(trailers);
        else call.emit('error', failure);
      };
      const handler = async (requests: AsyncIterable<Request>, { ended }: GrpcCall) => {
        let asked = 0;
        for await (const request of requests) {
          if (++asked > mostAnswered) throw tooManyAsked();
          if (!call.write(answerTo(request))) await once(call, 'drain', { signal: ended });
        }
        return {};
      };
      void this.#run(labels, { mostMs: answeringMs }, { call, answer: end, handler });
    };
  }

  async #run(
    labels: CallLabels,
    contract: CallContract,
    {
      call,
      answer,
      handler,
    }: {
      readonly call: AnyCall;
      readonly answer: sendUnaryData<object>;
      readonly handler: AnyHandler;
    },
  ): Promise<void> {
    const { meters, logger } = this.#ports;
    const { requestId, actor } = this.#admission.admitted(call.metadata);
    try {
      const value = await this.#handled(labels.service, contract, {
        call,
        handler,
        actor,
        requestId,
      });
      meters.grpcHandled.inc({ ...labels, code: 'OK' });
      const trailers = new Metadata();
      trailers.set(requestIdTrailer, requestId);
      answer(null, value, trailers);
    } catch (error) {
      const failure = toAppError(error);
      if (failure.kind === 'internal')
        logger.error('a call failed', { requestId, error: failure.cause ?? failure });
      meters.grpcHandled.inc({ ...labels, code: statusNameOf(failure) });
      this.#refuse(answer, failure, requestId);
    }
  }

  /** Never throws: whatever a failure says, it ends the call and not the process. */
  #refuse(answer: sendUnaryData<object>, failure: AppError, requestId: string): void {
    try {
      answer(apiFailure(failure, requestId) as StatusObject & Error);
    } catch (error) {
      this.#ports.logger.error('a failure could not be told', { requestId, error });
      answer({ code: status.INTERNAL, details: 'The call failed.' });
    }
  }

  async #handled(
    service: string,
    contract: CallContract,
    {
      call,
      handler,
      actor,
      requestId,
    }: {
      readonly call: AnyCall;
      readonly handler: AnyHandler;
      readonly actor: Actor;
      readonly requestId: string;
    },
  ): Promise<object> {
    const streams = !('request' in call);
    const leave = streams ? this.#ports.waiting.take(actor) : undefined;
    if (streams) this.#ports.meters.grpcStreamsOpen.inc({ service });
    const life = this.#life(call, actor, contract);
    try {
      if (!streams) this.#requireKind(actor, contract, call.request);
      const input = streams ? spokenWithin(call, life.ended) : measured(call.request);
      const work = handler(input as never, { actor, requestId, ended: life.ended });
      return await (contract.writes === true ? work : Promise.race([work, endOf(life.ended)]));
    } finally {
      life.release();
      leave?.();
      if (streams) this.#ports.meters.grpcStreamsOpen.dec({ service });
    }
  }

  #life(
    call: AnyCall,
    actor: Actor,
    { mostMs }: CallContract,
  ): { readonly ended: AbortSignal; release(): void } {
    const held = this.#ports.credentials.open(actor);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(tooLong(mostMs)), mostMs).unref();
    const gone = (): void => over.abort(new AppError('timed_out', 'The caller is gone.'));
    if (call.cancelled) gone();
    else call.on('cancelled', gone);
    return {
      ended: AbortSignal.any([held.ended, over.signal]),
      release: () => {
        clearTimeout(timer);
        call.off('cancelled', gone);
        held.release();
      },
    };
  }

  /** Throws `invalid_request` for a kind that there is not, and `permission_denied`. */
  #requireKind(actor: Actor, { permission }: CallContract, request: unknown): void {
    if (permission !== 'kind:read') return;
    const { kind: asked = '' } = request as { kind?: string };
    const kind = findPolicyKind(asked);
    if (kind !== undefined) {
      const ofTeams = 'ofTeams' in kind;
      return this.#ports.guard.require(actor, `${kind.plural}:read`, ofTeams ? { ofTeams } : {});
    }
    const message = `There is no kind ${JSON.stringify(asked.slice(0, 64))}.`;
    throw new AppError('invalid_request', message, {
      errors: [{ pointer: '/kind', message }],
    });
  }
}

const endOf = (ended: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(toAppError(ended.reason));
    if (ended.aborted) end();
    else ended.addEventListener('abort', end, { once: true });
  });

const tooManyAsked = (): AppError =>
  new AppError('too_many_streams', `One stream has at most ${mostAnswered} answers.`, {
    hint: 'Ask the rest in another one.',
  });
