import { checkServerUrl, exchange, openConnection } from '@ambit/client/exchange';
import { wayOut } from '@ambit/config';
import { AppError, defined, isAppError } from '@ambit/kernel';
import * as oauth from 'openid-client';
import type { CommandContext } from '../command-context.ts';
import { readNamed } from '../profile/named-file.ts';
import { programName } from '../profile/oauth-call.ts';
import type { Profile } from '../profile/profile-fields.ts';
import { tokensOf, type SessionTokens } from '../profile/session-tokens.ts';
import { version } from '../version.ts';
import { signInByBrowser } from './by-browser.ts';
import { signInByDevice } from './by-device.ts';
import { hasBrowser } from './open-browser.ts';

type Central = Pick<Profile, 'server' | 'caFile'>;

const answerWithinMs = 10_000;

/**
 * Signs a person in: in the browser of this machine where there is one, else with a code that a browser anywhere takes. Throws
 * `permission_denied` when that is rejected, `timed_out` when nobody answers.
 */
export async function signInPerson(
  context: CommandContext,
  central: Central,
  device: boolean,
): Promise<SessionTokens> {
  const { env } = context;
  const ca = central.caFile === undefined ? undefined : await readNamed(central.caFile);
  const base = checkServerUrl(central.server);
  const connection = openConnection(base, { wayOut: wayOut(env), ...defined({ ca }) });
  const config = { server: base, fetch: fetchOver(connection) };
  try {
    const central = await discover(config);
    const byDevice = device || !hasBrowser(env);
    const signIn = byDevice ? signInByDevice : signInByBrowser;
    return tokensOf(await signIn(context, central), Date.now());
  } catch (error) {
    throw told(error, base);
  } finally {
    connection.agent.destroy();
  }
}

interface Discovered {
  readonly server: URL;
  readonly fetch: oauth.CustomFetch;
}

function discover({ server, fetch }: Discovered): Promise<oauth.Configuration> {
  const issuer = new URL(`${server.href.replace(/\/$/, '')}/oauth2`);
  return oauth.discovery(issuer, programName, undefined, oauth.None(), {
    [oauth.customFetch]: fetch,
    // Plain HTTP is refused before, but for this very machine.
    execute: server.protocol === 'http:' ? [oauth.allowInsecureRequests] : [],
  });
}

/** The library's calls as every other call of ours: the CA and the proxy of this central, no redirects, and no other host. */
function fetchOver(connection: ReturnType<typeof openConnection>): oauth.CustomFetch {
  return async (text, { method, headers, body, signal }) => {
    const url = new URL(text);
    const { base } = connection;
    if (url.origin !== base.origin) throw elsewhere(base, url.origin);
    const path = url.pathname.slice(base.pathname.replace(/\/$/, '').length) + url.search;
    const answer = await exchange(connection, {
      method,
      path,
      headers: { ...headers, 'user-agent': `ambit/${version}` },
      timeoutMs: answerWithinMs,
      ...defined({ signal, body: body instanceof URLSearchParams ? body.toString() : undefined }),
    });
    const type = String(answer.headers['content-type'] ?? '');
    return new Response(answer.body === '' ? null : answer.body, {
      status: answer.status,
      headers: { 'content-type': type },
    });
  };
}

const elsewhere = (base: URL, where: string): AppError =>
  new AppError('usage', `people do not sign in at ${base.origin}`, {
    why: `its sign-in is at ${where}`,
    nextCommand: `ambit login ${where}`,
  });

/** An error of the library: what the OAuth server said, or what was wrong with its answer. */
interface Refused extends Error {
  readonly error?: string;
  readonly code?: string;
}

/** What the library or the OAuth server says, in our words. */
function told(error: unknown, base: URL): AppError {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (isAppError(each)) return each;
    const issuer = issuerIn(each);
    if (issuer !== undefined) return elsewhere(base, issuer);
  }
  const { error: code, code: kind, message, name } = error as Refused;
  if (code === 'access_denied') {
    return new AppError('permission_denied', 'the sign-in was rejected', { cause: error });
  }
  if (code === 'expired_token' || name === 'TimeoutError') {
    return new AppError('timed_out', 'nobody signed in within the time there is', {
      nextCommand: `ambit login ${base.href.replace(/\/$/, '')}`,
      cause: error,
    });
  }
  return new AppError('server_unreachable', `people cannot sign in at ${base.host}`, {
    why: code ?? kind ?? message,
    hint: 'Something else may answer there. An API token is taken with --token-file FILE.',
    cause: error,
  });
}

/** Where a server says that people reach it, when that is another address than the one that was asked. */
function issuerIn({ code, cause }: Error & { readonly code?: unknown }): string | undefined {
  if (code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') return undefined;
  const { attribute, body } = cause as {
    readonly attribute?: unknown;
    readonly body?: { readonly issuer?: unknown };
  };
  const issuer = body?.issuer;
  return attribute === 'issuer' && typeof issuer === 'string'
    ? issuer.replace(/\/oauth2$/, '')
    : undefined;
}
