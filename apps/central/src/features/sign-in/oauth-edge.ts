import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { networkOf } from '../../platform/client-address.ts';
import type { ClientAddress } from '../../platform/client-address.ts';
import { oauthPath, sessionCookieName } from './oauth-facts.ts';
import { send } from './sign-in-edge.ts';
import { messagePage } from './views.ts';

/** Requests of one network: a hundred programs that wait behind one address stay below. */
const budget = { points: 1_200, duration: 60 };

/**
 * What the OAuth server is asked for here, to the letter: it folds case and has more pages than these, and those would stand
 * beside the limits of ours.
 */
const passedOn =
  /^\/(?:auth(?:\/[\w-]{1,64})?|token(?:\/revocation)?|device\/auth|jwks|\.well-known\/openid-configuration)$/;

const sessionCookie = new RegExp(`^(__Secure-)?${sessionCookieName}(\\.sig)?=`);

/** Hands requests to the OAuth server, as they look at the public URL whatever they say of themselves. */
export function oauthHandler(
  provider: Provider,
  publicUrl: string,
  addressOf: ClientAddress,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { host, protocol } = new URL(publicUrl);
  const callback = provider.callback();
  const limiter = new RateLimiterMemory(budget);
  return async (request, response) => {
    if (!(await hasBudget(limiter, networkOf(addressOf(request))))) {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60' });
      response.end('{"error":"slow_down"}');
      return;
    }
    const { path, search } = targetOf(request);
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

async function hasBudget(limiter: RateLimiterMemory, network: string): Promise<boolean> {
  return limiter.consume(network).then(
    () => true,
    () => false,
  );
}
