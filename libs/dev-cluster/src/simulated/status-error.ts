import { qualifiedKind, qualifiedPlural } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusInit {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

/** A refusal in the API server's own form. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(init: StatusInit) {
    super(init.message);
    this.code = init.code;
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: init.message,
      ...(init.reason === undefined ? {} : { reason: init.reason }),
      ...(init.details === undefined ? {} : { details: init.details }),
      code: init.code,
    };
  }
}

type Named = Pick<ServedResource, 'group' | 'plural' | 'kind'>;

function pluralDetails(resource: Named, name: string, causes?: readonly StatusCause[]): object {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    ...(causes === undefined ? {} : { causes }),
  };
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function notFound(resource: Named, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualifiedPlural(resource)} ${quote(name)} not found`,
    details: { ...pluralDetails(resource, name) },
  });
}

export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualifiedPlural(resource)} ${quote(name)} already exists`,
    details: { ...pluralDetails(resource, name) },
  });
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedPlural(resource)} ${quote(name)}: ${why}`,
    details: { ...pluralDetails(resource, name) },
  });
}

export const modifiedMeanwhile =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): StatusError {
  const what =
    name === '' ? qualifiedPlural(resource) : `${qualifiedPlural(resource)} ${quote(name)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${what} is forbidden: ${why}`,
    details: { ...pluralDetails(resource, name, causes) },
  });
}

/** What is wrong with one field; `kind` is Kubernetes' word for the sort of fault. */
export interface FieldFault {
  readonly kind: 'Invalid' | 'Required' | 'NotSupported' | 'Forbidden';
  readonly field: string;
  readonly message: string;
}

export function invalid(
  resource: Pick<ServedResource, 'group' | 'kind'>,
  name: string,
  faults: readonly FieldFault[],
): StatusError {
  const texts = faults.map((fault) => `${fault.field}: ${fault.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualifiedKind(resource)} ${quote(name)} is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.kind,
      causes: faults.map((fault) => ({
        reason: `FieldValue${fault.kind}`,
        message: fault.message,
        field: fault.field,
      })),
    },
  });
}

export function unsupportedMediaType(): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ' +
      'application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json',
    details: {},
  });
}

export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

export function unknownPath(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function quote(text: string): string {
  return JSON.stringify(text);
}
