import { parseSelectorText, selectorMatches } from '@ambit/rbac';
import type { ApiObject } from './api-object.ts';
import { pathOf } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { apiVersionOf } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { badRequest, expired, invalid, StatusError } from './status-error.ts';

export type ObjectFilter = (object: ApiObject) => boolean;

/** The selectors of a list or watch. Throws 400 for what cannot be read. */
export function filterOf(query: URLSearchParams): ObjectFilter {
  const parsed = parseSelectorText(query.get('labelSelector') ?? '');
  if (!parsed.ok) throw badRequest(parsed.message);
  const fields = fieldRequirements(query.get('fieldSelector') ?? '');
  return ({ metadata }) =>
    selectorMatches(parsed.selector, metadata.labels) &&
    fields.every(({ field, value, equal }) => {
      const found = field === 'metadata.name' ? metadata.name : (metadata.namespace ?? '');
      return (found === value) === equal;
    });
}

interface FieldRequirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

function fieldRequirements(text: string): FieldRequirement[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [, field = '', operator = '', value = ''] = /^([^=!]+)(==?|!=)(.*)$/.exec(part) ?? [];
    if (field !== 'metadata.name' && field !== 'metadata.namespace') {
      const known = '"metadata.name", "metadata.namespace"';
      throw badRequest(
        `${JSON.stringify(field || part)} is not a known field selector: only ${known}`,
      );
    }
    return { field, value, equal: operator !== '!=' };
  });
}

/** One page of a kind. Throws 410 when the page's revision is compacted, 504 when the revision is yet to come. */
export function listObjects(
  store: ObjectStore,
  resource: ServedResource,
  namespace: string,
  query: URLSearchParams,
): object {
  const filter = filterOf(query);
  const limit = Number(query.get('limit') ?? 0);
  const token = readToken(query.get('continue') ?? '');
  const revision = token?.rv ?? revisionAsked(store, query);
  if (revision < store.compacted) throw tooOld(token !== undefined);
  const rest = store
    .itemsAt(resource, namespace, revision)
    .filter((object) => filter(object) && (token === undefined || pathOf(object) > token.start));
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const selects = query.has('labelSelector') || query.has('fieldSelector');
  const remaining = rest.length - page.length;
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      ...nextPage(revision, page, remaining),
      ...(remaining > 0 && !selects && { remainingItemCount: remaining }),
    },
    items: page.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
  };
}

function nextPage(revision: number, page: readonly ApiObject[], remaining: number): object {
  const last = page.at(-1);
  if (remaining === 0 || last === undefined) return {};
  return { continue: writeToken(revision, pathOf(last)) };
}

function revisionAsked(store: ObjectStore, query: URLSearchParams): number {
  const asked = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '' && asked === '') {
    throw listOptionFault('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  const revision = readRevision(asked);
  if (revision > store.revision) throw fromTheFuture(revision, store.revision);
  return match === 'Exact' ? revision : store.revision;
}

/** Throws as a real API server does: 500 without a reason. */
export function readRevision(text: string): number {
  if (/^\d*$/.test(text)) return Number(text);
  throw new StatusError({
    code: 500,
    message: `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  });
}

export function listOptionFault(why: string): StatusError {
  const message = `Forbidden: ${why}`;
  const options = { group: 'meta.k8s.io', kind: 'ListOptions' };
  return invalid(options, '', [{ kind: 'Forbidden', field: 'resourceVersionMatch', message }]);
}

function tooOld(continued: boolean): StatusError {
  return expired(
    continued
      ? 'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
          'without the continue parameter.'
      : 'The resourceVersion for the provided list is too old.',
  );
}

function fromTheFuture(asked: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    retryAfterSeconds: 1,
  });
}

interface ContinueToken {
  readonly rv: number;
  readonly start: string;
}

function writeToken(rv: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
}

function readToken(text: string): ContinueToken | undefined {
  if (text === '') return undefined;
  try {
    const { rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString()) as ContinueToken;
    if (typeof rv === 'number' && typeof start === 'string') return { rv, start };
  } catch {
    // Refused below, as what is no token at all.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}
