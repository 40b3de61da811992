/** How a failure is handled at every edge; each code belongs to exactly one kind. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** Every code a program of ours may answer with, and its kind. The code is API: never renamed. */
export const errorKinds = {
  invalid_request: 'invalid',
  invalid_path: 'invalid',
  invalid_name: 'invalid',
  invalid_policy: 'invalid',
  body_too_large: 'invalid',
  unsupported_field: 'invalid',
  end_in_the_past: 'invalid',
  usage: 'invalid',
  config_invalid: 'invalid',
  token_missing: 'unauthenticated',
  token_invalid: 'unauthenticated',
  token_expired: 'unauthenticated',
  token_revoked: 'unauthenticated',
  session_ended: 'unauthenticated',
  exchange_refused: 'unauthenticated',
  join_token_invalid: 'unauthenticated',
  certificate_required: 'unauthenticated',
  certificate_revoked: 'unauthenticated',
  certificate_expired: 'unauthenticated',
  permission_denied: 'forbidden',
  group_closed: 'forbidden',
  no_access: 'forbidden',
  identity_refused: 'forbidden',
  too_many_groups: 'forbidden',
  wrong_cluster: 'forbidden',
  ceiling_refused: 'forbidden',
  not_found: 'not_found',
  unknown_resource: 'not_found',
  route_not_found: 'not_found',
  method_not_allowed: 'invalid',
  already_exists: 'conflict',
  in_use: 'conflict',
  last_admin: 'conflict',
  access_off: 'conflict',
  cluster_not_connected: 'conflict',
  credential_refused: 'conflict',
  cluster_already_enrolled: 'conflict',
  stale_resource: 'precondition',
  csr_required: 'precondition',
  confirmation_required: 'precondition',
  state_ahead: 'unavailable',
  rate_limited: 'rate_limited',
  too_many_streams: 'rate_limited',
  reader_too_slow: 'rate_limited',
  sync_running: 'unavailable',
  cluster_offline: 'unavailable',
  server_unreachable: 'unavailable',
  database_unavailable: 'unavailable',
  not_ready: 'unavailable',
  kubernetes_unavailable: 'unavailable',
  address_in_use: 'unavailable',
  storage_full: 'unavailable',
  storage_unwritable: 'unavailable',
  data_folder_locked: 'unavailable',
  timed_out: 'timeout',
  internal: 'internal',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** One faulty place in what the caller sent. `pointer` is an RFC 6901 JSON pointer. */
export interface ErrorItem {
  readonly message: string;
  readonly document?: number;
  readonly pointer?: string;
  readonly line?: number;
  readonly column?: number;
  readonly didYouMean?: string;
}

export interface ErrorExtras {
  /** Why it happened, when the message alone does not say it. */
  readonly why?: string;
  /** What the reader should do next, as a sentence. */
  readonly hint?: string;
  /** What the reader should do next, as a command line. */
  readonly nextCommand?: string;
  readonly errors?: readonly ErrorItem[];
  /** Safe values only: they are shown to the caller. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses a boundary of ours. `message` is shown to the caller as it stands:
 * it says what happened in the caller's words and holds no secret, no SQL and no path of the server.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.extras = extras;
  }

  get kind(): ErrorKind {
    return errorKinds[this.code];
  }

  /** True when the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'timeout' || this.kind === 'rate_limited';
  }
}

/** True for an `AppError`, optionally of one code. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** The error as an `AppError`; anything unknown becomes `internal` with its text hidden behind `cause`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('internal', 'Something went wrong on our side.', { cause: error });
}
