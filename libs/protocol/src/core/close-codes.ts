import type { ErrorCode } from '@ambit/kernel';
import type { CentralCloseReason } from './central-session-types.ts';

/** The code of the error that ends a stream, by why the session of central closed it. */
export const closeCodes: Readonly<Record<CentralCloseReason, ErrorCode>> = {
  protocol_error: 'invalid_request',
  unsupported_protocol: 'invalid_request',
  wrong_cluster: 'wrong_cluster',
  state_ahead: 'state_ahead',
  heartbeat_missed: 'timed_out',
  superseded: 'already_exists',
  goodbye: 'not_ready',
};
