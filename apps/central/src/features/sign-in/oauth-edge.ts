import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { networkOf } from '../../platform/client-address.ts';
import type { ClientAddress } from '../../platform/client-address.ts';
import { oauthPath, sessionCookieName } from './oauth-facts.ts';
import { send } from './sign-in-edge.ts';

/** Requests of one network: a hundred programs that wait behind one address stay below. */
const budget = { points: 1_200, duration: 60 };

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
    const url = new URL(request.url ?? '/', publicUrl);
    const path = url.pathname.slice(oauthPath.length);
    // The server's own page for devices needs a script; ours stands with the other pages.
    if (path === '/device' || path.startsWith('/device/')) {
      if (path !== '/device/auth') {
        send(response, { status: 303, location: `/sign-in/device${userCodeOf(url)}` });
        return;
      }
    }
    const { headers } = request;
    Object.assign(headers, {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
      cookie: withoutSession(headers.cookie),
    });
    Object.assign(request, { originalUrl: request.url });
    request.url = `${path}${url.search}`;
    await callback(request, response);
  };
}

/**
 * Each sign-in of a program stands alone: who is signed in with a browser is known by our own cookie, and what the server
 * remembers of another person who was here before is of no use.
 */
function withoutSession(cookies = ''): string {
  const kept = cookies.split(/; */).filter((pair) => !sessionCookie.test(pair));
  return kept.join('; ');
}

function userCodeOf(url: URL): string {
  const userCode = url.searchParams.get('user_code') ?? '';
  return /^[A-Za-z-]{1,20}$/.test(userCode) ? `?user_code=${userCode}` : '';
}

async function hasBudget(limiter: RateLimiterMemory, network: string): Promise<boolean> {
  return limiter.consume(network).then(
    () => true,
    () => false,
  );
}
