import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oauth from 'openid-client';
import type { CommandContext } from '../command-context.ts';
import { scope } from './by-device.ts';
import { openBrowser } from './open-browser.ts';
import { showWaiting } from './show-waiting.ts';

/** As long as central waits for an answer. */
const waitMs = 10 * 60_000;

/** Opens the browser of this machine, and waits for it to come back to a port of ours. */
export async function signInByBrowser(
  { terminal, signal, env }: CommandContext,
  config: oauth.Configuration,
): Promise<oauth.TokenEndpointResponse> {
  const verifier = oauth.randomPKCECodeVerifier();
  const [state, nonce] = [oauth.randomState(), oauth.randomNonce()];
  const loopback = await listen();
  const ends = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  try {
    const { port } = loopback.address() as AddressInfo;
    const url = oauth.buildAuthorizationUrl(config, {
      redirect_uri: `http://127.0.0.1:${port}/callback`,
      scope,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    terminal.err.line(`Your browser opens; if it does not, open there: ${url.href}`);
    const answer = awaitAnswer(loopback, state, ends);
    openBrowser(url.href, env);
    const done = showWaiting(terminal.err, waitMs);
    const back = await answer.finally(done);
    return await oauth.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
  } finally {
    loopback.close();
    loopback.closeAllConnections();
  }
}

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** The address at which the browser comes back. Whatever else asks at the port, and knows no state of ours, changes nothing. */
function awaitAnswer(server: Server, state: string, signal: AbortSignal): Promise<URL> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    server.on('request', (request, response) => {
      const url = new URL(`http://127.0.0.1:${port}${request.url ?? '/'}`);
      const ours = url.pathname === '/callback' && url.searchParams.get('state') === state;
      response.writeHead(ours ? 200 : 404, headers);
      response.end(
        ours ? 'Go back to the terminal. You can close this page.\n' : 'Nothing here.\n',
      );
      if (ours) response.on('finish', () => resolve(url));
    });
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
}

const headers = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  connection: 'close',
};
