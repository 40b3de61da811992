import type { Server, ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { apiDefinition } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';
import type { ApiCalls } from './api-calls.ts';

type Ask = ServerDuplexStream<object, object>;
type Implementation = Readonly<Record<typeof method, (call: Ask) => void>>;

const method = 'ServerReflectionInfo';
const mostQuestionBytes = 4_096;

/** Serves reflection, v1 and v1alpha. The library answers; how long a stream may be is ours, for the library has no limit. */
export function serveReflection(
  server: Pick<Server, 'addService'>,
  definition: ReturnType<typeof apiDefinition>,
  calls: Pick<ApiCalls, 'answering'>,
): void {
  const limited = {
    addService: (service: ServiceDefinition, implementation: Implementation) =>
      server.addService(withSmallRequests(service), {
        [method]: calls.answering({ service: 'ServerReflection', method }, (request: object) =>
          answerOf(implementation, request),
        ),
      }),
  };
  new ReflectionService(definition).addToServer(limited as unknown as Server);
}

/** An answer repeats its question, so a large one would be kept for whoever reads slowly. */
function withSmallRequests(service: ServiceDefinition): ServiceDefinition {
  const asked = service[method];
  if (asked === undefined) throw new AppError('internal', 'Reflection has another method.');
  return {
    ...service,
    [method]: {
      ...asked,
      requestDeserialize: (bytes: Buffer) =>
        bytes.length <= mostQuestionBytes ? asked.requestDeserialize(bytes) : tooLarge(),
    },
  };
}

const tooLarge = (): AppError =>
  new AppError('invalid_request', `A question has at most ${mostQuestionBytes} bytes.`);

/** What the library writes when one message comes. */
function answerOf(implementation: Implementation, request: object): object {
  let answer: object | undefined;
  const call = {
    on: (event: string, listener: (message: object) => void) => {
      if (event === 'data') listener(request);
    },
    write: (message: object) => (answer = message),
    end: () => undefined,
  };
  implementation[method](call as unknown as Ask);
  if (answer === undefined) throw new AppError('internal', 'Reflection gave no answer.');
  return answer;
}
