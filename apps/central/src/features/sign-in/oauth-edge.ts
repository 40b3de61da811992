import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { ClientAddress } from '../../platform/client-address.ts';
import { oauthPath, sessionCookieName } from './oauth-facts.ts';
import { beginningsPerMinute, requestBudget, requestsPerMinute } from './request-budget.ts';
import { send } from './sign-in-edge.ts';
import { messagePage } from './views.ts';

/** Most bytes of a request's target and of its body; what programs send fits many times. */
const mostBytes = 8_192;

/**
 * What the OAuth server is asked for here, to the letter: it folds case and has more pages than these, and those would stand
 * beside the limits of ours.
 */
const passedOn =
  /^\/(?:auth(?:\/[\w-]{1,64})?|token(?:\/revocation)?|device\/auth|jwks|\.well-known\/openid-configuration)$/;

/** Where a sign-in begins, and something is kept before anybody showed who they are. */
const beginning = /^\/(?:auth|device\/auth)$/;

const sessionCookie = new RegExp(`^(__Secure-)?${sessionCookieName}(\\.sig)?=`);

/** Hands requests to the OAuth server, as they look at the public URL whatever they say of themselves. */
export function oauthHandler(
  provider: Provider,
  publicUrl: string,
  addressOf: ClientAddress,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { host, protocol } = new URL(publicUrl);
  const callback = provider.callback();
  const mayAsk = requestBudget(requestsPerMinute);
  const mayBegin = requestBudget(beginningsPerMinute);
  return async (request, response) => {
    const address = addressOf(request);
    if (!(await mayAsk(address))) return refuse(response, 429, 'slow_down');
    const status = unfit(request);
    if (status !== undefined) return refuse(response, status, 'invalid_request');
    const { path, search } = targetOf(request);
    if (beginning.test(path) && !(await mayBegin(address)))
      return refuse(response, 429, 'slow_down');
    // The server's own page for devices needs a script; ours stands with the other pages.
    if (path === '/device') {
      send(response, { status: 303, location: `/sign-in/device${userCodeOf(search)}` });
      return;
    }
    if (!passedOn.test(path)) {
      send(response, { status: 404, page: messagePage('Not found', 'There is no such page.') });
      return;
    }
    const { headers } = request;
    Object.assign(headers, {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
      cookie: withoutSession(headers.cookie),
    });
    const url = `${path}${search}`;
    Object.assign(request, { originalUrl: `${oauthPath}${url}`, url });
    await callback(request, response);
  };
}

/** The path below ours, as it was written, and the query with its question mark. An empty path: it is not below ours. */
function targetOf({ url = '' }: IncomingMessage): {
  readonly path: string;
  readonly search: string;
} {
  const at = url.indexOf('?');
  const [whole, search] = at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at)];
  return { path: whole.startsWith(`${oauthPath}/`) ? whole.slice(oauthPath.length) : '', search };
}

/**
 * Each sign-in of a program stands alone: who is signed in with a browser is known by our own cookie, and what the server
 * remembers of another person who was here before is of no use.
 */
function withoutSession(cookies = ''): string {
  const kept = cookies.split(/; */).filter((pair) => !sessionCookie.test(pair));
  return kept.join('; ');
}

function userCodeOf(search: string): string {
  const userCode = new URLSearchParams(search).get('user_code') ?? '';
  return /^[A-Za-z-]{1,20}$/.test(userCode) ? `?user_code=${userCode}` : '';
}

/** The status that refuses a request before anything of its body is read. Without a length it may go on for ever. */
function unfit({ headers, url = '' }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return 411;
  if (Number(headers['content-length'] ?? 0) > mostBytes) return 413;
  return url.length > mostBytes ? 414 : undefined;
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    // What is left of the body is not waited for.
    connection: 'close',
    ...(status === 429 ? { 'retry-after': '60' } : {}),
  });
  response.end(JSON.stringify({ error }));
}
