/**
 * The gRPC API of central as typed functions: to sync people and groups, to ask who may do what, and to plan and apply
 * policy. Every failure is an `AppError` that carries what central said.
 */
export {
  /** @public Programs of others call it; ours has REST. */
  AmbitGrpcClient,
  type AmbitGrpcOptions,
} from './ambit-grpc-client.ts';
export type { DirectorySource, SourceGroup, SourceUser, SyncOptions } from './directory-pages.ts';
