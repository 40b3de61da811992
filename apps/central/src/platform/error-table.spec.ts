import { expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { toProblem } from '@ambit/contracts';
import { AppError, type ErrorCode } from '@ambit/kernel';
import { statusOfKind } from '@ambit/transport';

/** How each error of ours is answered, over HTTP and over gRPC. The compiler refuses a code that has no line. */
const answers = {
  invalid_request: '422 INVALID_ARGUMENT',
  invalid_path: '400 INVALID_ARGUMENT',
  invalid_name: '422 INVALID_ARGUMENT',
  invalid_policy: '422 INVALID_ARGUMENT',
  body_too_large: '413 INVALID_ARGUMENT',
  unsupported_field: '422 INVALID_ARGUMENT',
  end_in_the_past: '422 INVALID_ARGUMENT',
  usage: '422 INVALID_ARGUMENT',
  config_invalid: '422 INVALID_ARGUMENT',
  token_missing: '401 UNAUTHENTICATED',
  token_invalid: '401 UNAUTHENTICATED',
  token_expired: '401 UNAUTHENTICATED',
  token_revoked: '401 UNAUTHENTICATED',
  session_ended: '401 UNAUTHENTICATED',
  exchange_refused: '401 UNAUTHENTICATED',
  join_token_invalid: '401 UNAUTHENTICATED',
  certificate_required: '401 UNAUTHENTICATED',
  certificate_revoked: '401 UNAUTHENTICATED',
  certificate_expired: '401 UNAUTHENTICATED',
  permission_denied: '403 PERMISSION_DENIED',
  group_closed: '403 PERMISSION_DENIED',
  no_access: '403 PERMISSION_DENIED',
  identity_refused: '403 PERMISSION_DENIED',
  too_many_groups: '403 PERMISSION_DENIED',
  wrong_cluster: '403 PERMISSION_DENIED',
  ceiling_refused: '403 PERMISSION_DENIED',
  not_found: '404 NOT_FOUND',
  route_not_found: '404 NOT_FOUND',
  unknown_resource: '404 NOT_FOUND',
  method_not_allowed: '405 INVALID_ARGUMENT',
  already_exists: '409 ALREADY_EXISTS',
  in_use: '409 ALREADY_EXISTS',
  last_admin: '409 ALREADY_EXISTS',
  access_off: '409 ALREADY_EXISTS',
  cluster_not_connected: '409 ALREADY_EXISTS',
  credential_refused: '409 ALREADY_EXISTS',
  cluster_already_enrolled: '409 ALREADY_EXISTS',
  stale_resource: '412 FAILED_PRECONDITION',
  csr_required: '412 FAILED_PRECONDITION',
  confirmation_required: '409 FAILED_PRECONDITION',
  state_ahead: '503 UNAVAILABLE',
  rate_limited: '429 RESOURCE_EXHAUSTED',
  too_many_streams: '429 RESOURCE_EXHAUSTED',
  reader_too_slow: '429 RESOURCE_EXHAUSTED',
  sync_running: '503 UNAVAILABLE',
  cluster_offline: '503 UNAVAILABLE',
  server_unreachable: '503 UNAVAILABLE',
  database_unavailable: '503 UNAVAILABLE',
  not_ready: '503 UNAVAILABLE',
  kubernetes_unavailable: '503 UNAVAILABLE',
  address_in_use: '503 UNAVAILABLE',
  storage_full: '503 UNAVAILABLE',
  storage_unwritable: '503 UNAVAILABLE',
  data_folder_locked: '503 UNAVAILABLE',
  timed_out: '504 DEADLINE_EXCEEDED',
  internal: '500 INTERNAL',
} as const satisfies Record<ErrorCode, string>;

test.each(Object.entries(answers) as [ErrorCode, string][])('%s is answered %s', (code, answer) => {
  const error = new AppError(code, 'what happened');
  const { status: http, title } = toProblem(error, 'request');
  expect(`${http} ${status[statusOfKind[error.kind]]}`).toBe(answer);
  expect(title).not.toBe('');
});
