import { apiMethodOf, partsWithin, serviceNamed, usualParts } from '@ambit/contracts/grpc';
import type { apiDefinition, ApiServiceName } from '@ambit/contracts/grpc';
import { AppError } from '@ambit/kernel';

type Definition = ReturnType<typeof apiDefinition>;
type Service = ReturnType<typeof serviceNamed>;
type Method = Service[string];

/** A service whose messages are measured before they become objects: `measured` has to be asked for what comes. */
export function measuredService(definition: Definition, name: ApiServiceName): Service {
  const methods = Object.entries(serviceNamed(definition, name));
  return Object.fromEntries(
    methods.map(([method, served]) => [method, measuredMethod(definition, served)]),
  );
}

function measuredMethod(definition: Definition, method: Method): Method {
  const most = apiMethodOf(method.path)?.mostParts ?? usualParts;
  const within = partsWithin(definition, method, most);
  return {
    ...method,
    // What is thrown here is told to nobody.
    requestDeserialize: (bytes) =>
      within(bytes) ? method.requestDeserialize(bytes) : tooManyParts(most),
  };
}

/** The message of a caller. Throws `invalid_request` for one that had too many parts to be read. */
export function measured<T>(message: T): T {
  if (message instanceof AppError) throw message;
  return message;
}

const tooManyParts = (most: number): AppError =>
  new AppError('invalid_request', `The message has more than ${most} parts, and was not read.`, {
    hint: 'Send less in one message.',
  });
