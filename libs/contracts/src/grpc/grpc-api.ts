/** The gRPC API of central: the messages of `proto/ambit/api`, what each method asks of its caller, and its errors. */
export type * as api from './generated/messages.ts';
export { apiMethodOf, apiMethods, mostMessageBytes, usualParts } from './api-methods.ts';
export type { ApiMethod, ApiServiceName } from './api-methods.ts';
export { apiDefinition, apiPackage, serviceNamed } from './api-services.ts';
export { partsWithin } from './message-parts.ts';
export {
  decodeRpcStatus,
  encodeRpcStatus,
  statusDetailsTrailer,
  textWithin,
} from './rpc-status.ts';
