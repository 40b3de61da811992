import { httpStatusOf } from '@ambit/contracts';
import { AppError, toAppError } from '@ambit/kernel';

/** Kinds of bad requests as SCIM names them (RFC 7644, 3.12). */
export type ScimType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness';

export const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** Where SCIM and its clients know another status for the same (RFC 7644, 3.12). */
const ofScim: Readonly<Record<number, number>> = { 422: 400, 504: 503 };

/** A request that cannot be understood or done as it stands. */
export const badRequest = (scimType: ScimType, message: string, hint?: string): AppError =>
  new AppError('invalid_request', message, {
    ...(hint === undefined ? {} : { hint }),
    details: { scimType },
  });

export interface ScimFailure {
  readonly error: AppError;
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whatever was thrown as an answer of SCIM: what happened, why, and what next, in its one text. */
export function toScimFailure(thrown: unknown): ScimFailure {
  const error = toAppError(thrown);
  const plain = httpStatusOf(error);
  const status = ofScim[plain] ?? plain;
  const { why, hint, nextCommand, details } = error.extras;
  const text = [error.message, why, hint, nextCommand && `Next: ${nextCommand}`];
  const scimType = scimTypeOf(error);
  return {
    error,
    status,
    body: {
      schemas: [errorSchema],
      status: String(status),
      ...(scimType === undefined ? {} : { scimType }),
      detail: text.filter((part) => part !== undefined).join(' '),
    },
    headers: {
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(status === 429 || status === 503
        ? { 'retry-after': String(details?.['retryAfterSeconds'] ?? 1) }
        : {}),
    },
  };
}

function scimTypeOf({ code, extras }: AppError): string | undefined {
  const said = extras.details?.['scimType'];
  if (typeof said === 'string') return said;
  if (code === 'already_exists') return 'uniqueness';
  if (code === 'invalid_request' || code === 'invalid_name') return 'invalidValue';
  return undefined;
}
