import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, isAppError } from '@ambit/kernel';
import type { ErrorKind, Logger } from '@ambit/kernel';
import type { ClientAddress } from '../../platform/client-address.ts';
import { requestBudget, requestsPerMinute } from './request-budget.ts';
import type { PageCall, PageReply } from './page-call.ts';
import type { SignInPages } from './sign-in-pages.ts';
import { messagePage, pageHeaders } from './views.ts';

/** Most bytes of a form; a password of 256 letters in its longest spelling fits. */
const mostBytes = 8_192;

/** Reads a request for a page, and writes the answer. It never fails. */
export function pageHandler(
  pages: SignInPages,
  addressOf: ClientAddress,
  logger: Logger,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const mayAsk = requestBudget(requestsPerMinute);
  return async (request, response) => {
    try {
      if (!(await mayAsk(addressOf(request)))) return send(response, tooMany);
      send(response, await pages.answer(await read(request, response, addressOf)));
    } catch (error) {
      send(response, replyTo(error, logger));
    }
  };
}

const tooMany: PageReply = {
  status: 429,
  page: messagePage('Please wait', 'Too many requests come from your network. Go on in a minute.'),
  retryAfterSeconds: 60,
};

/** Writes an answer with the headers that every page has. */
export function send(response: ServerResponse, reply: PageReply): void {
  const { status, page = '', location, cookie, retryAfterSeconds } = reply;
  response.writeHead(status, {
    ...pageHeaders,
    ...(location === undefined ? {} : { location }),
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(page);
}

async function read(
  request: IncomingMessage,
  response: ServerResponse,
  addressOf: ClientAddress,
): Promise<PageCall> {
  const url = new URL(request.url ?? '/', 'http://central');
  const method = request.method === 'POST' ? 'POST' : 'GET';
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    form: method === 'POST' ? await formOf(request) : new URLSearchParams(),
    cookies: request.headers.cookie,
    address: addressOf(request),
    raw: [request, response],
  };
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const [type] = (request.headers['content-type'] ?? '').split(';');
  if (type !== 'application/x-www-form-urlencoded')
    throw new AppError('invalid_request', 'This page takes a form.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new AppError('body_too_large', 'The form is too large.');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

const statuses: Partial<Record<ErrorKind, number>> = {
  rate_limited: 429,
  invalid: 400,
  forbidden: 403,
};

function replyTo(error: unknown, logger: Logger): PageReply {
  if (isAppError(error) && error.kind !== 'internal') {
    const status = statuses[error.kind] ?? 503;
    const { hint = '' } = error.extras;
    return { status, page: messagePage('That did not work', `${error.message} ${hint}`) };
  }
  logger.error('a page of sign-in failed', { error });
  const text = 'Something went wrong on our side. Try again in a moment.';
  return { status: 500, page: messagePage('That did not work', text) };
}
