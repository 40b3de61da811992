import type { api, ApiServiceName } from '@ambit/contracts/grpc';
import type { Actor } from '../actor.ts';

/** One call of the gRPC API, by somebody who may make it. */
export interface GrpcCall {
  readonly actor: Actor;
  readonly requestId: string;
  /** Aborts with an `AppError` when the caller is gone, its credential over, or the time up. */
  readonly ended: AbortSignal;
}

/** What a handler answers: fields that are left out have their defaults. */
type Answered<T> = T extends readonly (infer Item)[]
  ? readonly Answered<Item>[]
  : T extends object
    ? { readonly [Field in keyof T]?: Answered<T[Field]> | undefined }
    : T;

type Unary<Request, Response> = (request: Request, call: GrpcCall) => Promise<Answered<Response>>;
/** Messages are read when they are asked for; it ends when the caller has sent all. */
type ClientStream<Request, Response> = (
  requests: AsyncIterable<Request>,
  call: GrpcCall,
) => Promise<Answered<Response>>;

export interface DirectoryHandlers {
  readonly SyncDirectory: ClientStream<api.SyncDirectoryRequest, api.SyncDirectoryResponse>;
  readonly ListDirectoryUsers: Unary<api.ListDirectoryUsersRequest, api.ListDirectoryUsersResponse>;
  readonly ListDirectoryGroups: Unary<
    api.ListDirectoryGroupsRequest,
    api.ListDirectoryGroupsResponse
  >;
}

export interface AccessHandlers {
  readonly CheckAccess: Unary<api.CheckAccessRequest, api.CheckAccessResponse>;
  readonly CheckAccessMany: Unary<api.CheckAccessManyRequest, api.CheckAccessManyResponse>;
  readonly WhoCan: Unary<api.WhoCanRequest, api.WhoCanResponse>;
  readonly ListHeldAccess: Unary<api.ListHeldAccessRequest, api.ListHeldAccessResponse>;
  readonly ListEffectiveAccess: Unary<
    api.ListEffectiveAccessRequest,
    api.ListEffectiveAccessResponse
  >;
  readonly ExplainAccess: Unary<api.ExplainAccessRequest, api.ExplainAccessResponse>;
}

export interface PolicyHandlers {
  readonly ApplyPolicy: Unary<api.ApplyPolicyRequest, api.ApplyPolicyResponse>;
  readonly PlanPolicy: Unary<api.PlanPolicyRequest, api.PlanPolicyResponse>;
  readonly GetPolicyObject: Unary<api.GetPolicyObjectRequest, api.GetPolicyObjectResponse>;
  readonly ListPolicyObjects: Unary<api.ListPolicyObjectsRequest, api.ListPolicyObjectsResponse>;
}

/** The handlers of every service; one that lacks a method does not compile. */
export interface ApiHandlers extends Record<ApiServiceName, object> {
  readonly DirectoryService: DirectoryHandlers;
  readonly AccessService: AccessHandlers;
  readonly PolicyService: PolicyHandlers;
}
