import type { Millis } from '@ambit/kernel';

/** Longest text of an API server that is kept: an escalation refusal names every missing rule, about 9 KB for `admin`. */
const maxMessageLength = 1024;

export interface KubeErrorCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface KubeErrorDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
}

export interface KubeErrorInit {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly causes?: readonly KubeErrorCause[];
  readonly details?: KubeErrorDetails;
  readonly retryAfterMs?: Millis;
  readonly cause?: unknown;
}

/** Reasons of our own, for calls that got no answer; all others are the API server's words. */
export type LocalReason = 'Unreachable' | 'TimedOut' | 'Aborted' | 'BadAnswer' | 'Fenced';

/**
 * A call to an API server that did not succeed. `status` is the HTTP status, 0 when no answer came; `reason` the API
 * server's word (`NotFound`, `Conflict`, …) or a `LocalReason`; `message` is capped and holds no credential.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** A log needs no stack of it: the message says what happened. */
  readonly foreseen = true;
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly KubeErrorCause[];
  readonly details: KubeErrorDetails;
  readonly retryAfterMs: Millis | undefined;

  constructor(init: KubeErrorInit) {
    super(capText(init.message), init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.reason = init.reason;
    this.causes = (init.causes ?? []).map((cause) => ({
      ...cause,
      message: capText(cause.message),
    }));
    this.details = init.details ?? {};
    this.retryAfterMs = init.retryAfterMs;
  }

  /** True when the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    if (this.tooLarge) return false;
    return this.status === 0
      ? this.reason !== 'Aborted'
      : this.status === 429 || this.status >= 500;
  }

  /** True when the object is too big for the API server or for etcd, which answers 500 without a reason. */
  get tooLarge(): boolean {
    return (
      this.status === 413 || (this.status === 500 && this.message.includes('request is too large'))
    );
  }

  /** True when the write was refused because its namespace is being deleted. */
  get namespaceTerminating(): boolean {
    return (
      this.status === 403 && this.causes.some((cause) => cause.reason === 'NamespaceTerminating')
    );
  }

  /** True when a policy or a webhook refused it: each of them chooses the status by itself. */
  get deniedByAdmission(): boolean {
    return /\bdenied (the )?request\b/.test(this.message);
  }

  /** True for the API server's check that nobody hands out what they do not hold. */
  get escalation(): boolean {
    return (
      this.status === 403 &&
      this.message.includes('attempting to grant RBAC permissions not currently held')
    );
  }
}

/** True for a `KubeError`, optionally of one HTTP status. */
export function isKubeError(error: unknown, status?: number): error is KubeError {
  return error instanceof KubeError && (status === undefined || error.status === status);
}

/** A failure without an answer. */
export function localError(reason: LocalReason, message: string, cause?: unknown): KubeError {
  return new KubeError({ status: 0, reason, message, ...(cause === undefined ? {} : { cause }) });
}

interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: KubeErrorDetails & {
    readonly causes?: readonly Partial<KubeErrorCause>[];
    readonly retryAfterSeconds?: number;
  };
}

function isStatusBody(body: unknown): body is StatusBody {
  return typeof body === 'object' && body !== null && (body as StatusBody).kind === 'Status';
}

/** What the API server answered, as an error: a `Status` object where there is one, else the plain text. */
export function errorFromAnswer(status: number, body: unknown, retryAfter?: string): KubeError {
  const header = parseRetryAfter(retryAfter);
  const wait = header === undefined ? {} : { retryAfterMs: header };
  if (isStatusBody(body)) return errorFromStatus(status, body, wait);
  const message = typeof body === 'string' && body !== '' ? body : `HTTP status ${status}`;
  return new KubeError({ status, reason: '', message, ...wait });
}

function errorFromStatus(
  httpStatus: number,
  body: StatusBody,
  wait: Pick<KubeErrorInit, 'retryAfterMs'>,
): KubeError {
  const {
    code = httpStatus,
    reason = '',
    message = `HTTP status ${httpStatus}`,
    details = {},
  } = body;
  const retryAfterMs = seconds(details.retryAfterSeconds);
  return new KubeError({
    status: code,
    reason,
    message,
    causes: (details.causes ?? []).map(toCause),
    details: onlyKnownDetails(details),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...wait,
  });
}

function toCause(cause: Partial<KubeErrorCause>): KubeErrorCause {
  return {
    reason: cause.reason ?? '',
    message: cause.message ?? '',
    ...(cause.field === undefined ? {} : { field: cause.field }),
  };
}

function onlyKnownDetails(details: KubeErrorDetails): KubeErrorDetails {
  const known = ['name', 'group', 'kind', 'uid'] as const;
  return Object.fromEntries(
    known.flatMap((key) => (typeof details[key] === 'string' ? [[key, details[key]]] : [])),
  );
}

/** RFC 9110 10.2.3, seconds only: API servers never send a date. */
function parseRetryAfter(header: string | undefined): Millis | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? seconds(Number(header)) : undefined;
}

function seconds(value: number | undefined): Millis | undefined {
  return value !== undefined && value > 0 ? value * 1000 : undefined;
}

function capText(text: string): string {
  if (text.length <= maxMessageLength) return text;
  return `${text.slice(0, maxMessageLength)}… (${text.length - maxMessageLength} more characters)`;
}
