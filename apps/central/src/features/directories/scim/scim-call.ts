import type { IncomingMessage } from 'node:http';
import { AppError } from '@ambit/kernel';
import { parseJsonBody } from '../../../platform/json-body.ts';
import type { DirectoryCaller } from '../directory-caller.ts';
import { badRequest } from './scim-error.ts';

/** Where SCIM stands on the port of the API. */
export const scimPath = '/scim/v2';

/** A group of ten thousand comes in one body. Taken of known callers only. */
const limits = { bytes: 8 * 1024 * 1024, containers: 100_000 };
const longestTarget = 8_192;

/** What is asked, of whom and by whom. */
export interface ScimCall {
  readonly method: string;
  /** Below `scimPath`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly caller: DirectoryCaller;
  /** Of everything here, as callers reach it. */
  readonly base: string;
  readonly ifMatch: number | undefined;
  readonly ifNoneMatch: string | undefined;
  body(): Promise<unknown>;
}

export interface ScimAnswer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request as SCIM means it. Throws `invalid_request`. */
export function scimCall(
  request: IncomingMessage,
  caller: DirectoryCaller,
  base: string,
): ScimCall {
  const { url = '', method = '', headers } = request;
  if (url.length > longestTarget)
    throw badRequest('tooMany', `The address has more than ${longestTarget} characters.`);
  const [path, search] = splitOnce(url, '?');
  return {
    method,
    path: path.slice(scimPath.length).split('/').filter(Boolean).map(decoded),
    query: new URLSearchParams(search),
    caller,
    base,
    ifMatch: versionIn(headers['if-match']),
    ifNoneMatch: headers['if-none-match'],
    body: () => readBody(request),
  };
}

function splitOnce(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('invalidSyntax', 'The address cannot be read.');
  }
}

/** Undefined for none and for any. Throws `stale_resource` for what is no version of ours. */
function versionIn(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, digits] = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim()) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new AppError('stale_resource', 'If-Match names no version that this ever had.');
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (!['', 'application/scim+json', 'application/json'].includes(type.trim().toLowerCase()))
    throw badRequest('invalidSyntax', 'The body has to be application/scim+json.');
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > limits.bytes) {
      const mebibytes = limits.bytes / 1024 / 1024;
      throw new AppError('body_too_large', `The body is larger than ${mebibytes} MiB.`);
    }
    pieces.push(piece);
  }
  try {
    return parseJsonBody(Buffer.concat(pieces), limits);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw badRequest('invalidSyntax', error.message);
  }
}
