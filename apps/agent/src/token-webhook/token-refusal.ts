/** Why a token lets in nobody: for the agent's own log and metrics, never for whoever showed it. */
export type WebhookRefusal =
  | 'too_long'
  | 'malformed'
  | 'header_field'
  | 'wrong_algorithm'
  | 'wrong_type'
  | 'unknown_key'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'wrong_signature'
  | 'unknown_claim'
  | 'wrong_claim'
  | 'wrong_time'
  | 'lives_too_long'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_name'
  | 'reserved_name'
  | 'beyond_ceiling'
  | 'wrong_group'
  | 'session_ended'
  | 'denied';

/** Leaves a judgement with its reason; `verifyClusterToken` catches it. */
export class TokenRefused extends Error {
  readonly reason: WebhookRefusal;

  constructor(reason: WebhookRefusal) {
    super(reason);
    this.reason = reason;
  }
}
