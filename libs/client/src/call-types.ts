import type {
  ApplyResult,
  OperationId,
  querySchemas,
  requestSchemas,
  responseSchemas,
  routes,
} from '@ambit/contracts';

type Routes = typeof routes;

/** Names in braces of a path. */
type PathParameters<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameters<Rest>
  : never;

type Input<S> = S extends { readonly _zod: { readonly input: infer I } } ? I : never;
type Output<S> = S extends { readonly _zod: { readonly output: infer O } } ? O : never;

type Params<Op extends OperationId> =
  PathParameters<Routes[Op]['path']> extends never
    ? { readonly params?: undefined }
    : { readonly params: Readonly<Record<PathParameters<Routes[Op]['path']>, string | number>> };

type Query<Op extends OperationId> = {
  readonly query?: Partial<Output<(typeof querySchemas)[Routes[Op]['query']]>>;
};

type Body<Op extends OperationId> = Routes[Op] extends {
  readonly request: infer R extends keyof typeof requestSchemas;
}
  ? { readonly body: Input<(typeof requestSchemas)[R]> }
  : { readonly body?: undefined };

/** What a call of an operation takes. `ifMatch` quotes a resourceVersion; `ifNoneMatch: '*'` only creates. */
export type CallArgs<Op extends OperationId> = Params<Op> &
  Query<Op> &
  Body<Op> & {
    readonly ifMatch?: string;
    readonly ifNoneMatch?: '*';
    readonly signal?: AbortSignal;
    /** Milliseconds for this call instead of the client's. */
    readonly timeoutMs?: number;
  };

/** What a call answers; where `dryRun` is possible, an ApplyResult too. */
export type CallResult<Op extends OperationId> =
  | Output<(typeof responseSchemas)[Routes[Op]['response']]>
  | (Routes[Op] extends { readonly dryRun: true } ? ApplyResult : never);

/** One function per operation of the API, by operationId. */
export type Operations = {
  readonly [Op in OperationId]: (args: CallArgs<Op>) => Promise<CallResult<Op>>;
};
