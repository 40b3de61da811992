import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { AppError } from '@ambit/kernel';
import type { Environment } from '@ambit/config';
import { systemCode } from './storage-error.ts';

export interface HttpLimits {
  /** Longest wait for a connection and the head of the answer, per hop. */
  readonly answerMs: number;
  /** Longest silence within a body. */
  readonly stallMs: number;
  /** Tries of one download; each goes on where the one before was cut. */
  readonly tries: number;
}

// Where the network is closed, packets are often dropped without a word: five seconds, then the next way is tried.
export const usualHttpLimits: HttpLimits = { answerMs: 5_000, stallMs: 20_000, tries: 5 };

export interface OpenOptions {
  readonly environment: Environment;
  readonly limits: HttpLimits;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const redirects = [301, 302, 303, 307, 308];

/** The answer to a GET, redirects followed, proxy variables obeyed. Throws `server_unreachable` when there is none. */
export async function openUrl(url: string, options: OpenOptions): Promise<IncomingMessage> {
  let at = new URL(url);
  for (let hop = 0; hop < 6; hop += 1) {
    const response = await answer(at, options);
    const location = response.headers.location;
    if (location === undefined || !redirects.includes(response.statusCode ?? 0)) return response;
    response.destroy();
    at = new URL(location, at);
  }
  throw new AppError('server_unreachable', `${url} redirects in a circle.`);
}

function answer(url: URL, options: OpenOptions): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const proxyEnv = { ...options.environment };
  const agent = secure ? new HttpsAgent({ proxyEnv }) : new HttpAgent({ proxyEnv });
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsGet : httpGet)(url, {
      agent,
      headers: { 'user-agent': 'ambit-dev-cluster', ...options.headers },
      ...(options.signal && { signal: options.signal }),
    });
    const timer = setTimeout(() => {
      request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, options.limits.answerMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      response.setTimeout(options.limits.stallMs, () => {
        response.destroy(Object.assign(new Error('the transfer stalled'), { code: 'ETIMEDOUT' }));
      });
      resolve(response);
    });
    request.once('error', (error) => {
      clearTimeout(timer);
      reject(unreachable(url, error, options.limits));
    });
  });
}

const noRoute = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

function unreachable(url: URL, error: Error, limits: HttpLimits): AppError {
  const code = systemCode(error) ?? '';
  const fail = (message: string, hint: string): AppError =>
    new AppError('server_unreachable', message, { hint, cause: error });
  if (code.startsWith('ERR_PROXY')) {
    return fail(
      `The proxy of HTTPS_PROXY or HTTP_PROXY refused to connect to ${url.host}.`,
      'Let the proxy pass that host, or unset the variable where no proxy is needed.',
    );
  }
  if (noRoute.has(code)) {
    return fail(
      `${url.host} cannot be found from here (${code}): there seems to be no network.`,
      'Connect to the network, or set HTTPS_PROXY when it is reached through a proxy.',
    );
  }
  if (code === 'ETIMEDOUT') {
    return fail(
      `${url.host} did not answer within ${limits.answerMs / 1000} s.`,
      'A firewall may drop the packets; set HTTPS_PROXY when the network is reached through a proxy.',
    );
  }
  if (/CERT|ISSUER|SELF_SIGNED|ALTNAME/.test(code)) {
    return fail(
      `The certificate of ${url.host} is not trusted here (${code}).`,
      'Behind a proxy that opens TLS, set NODE_EXTRA_CA_CERTS to a file with its certificate authority.',
    );
  }
  return fail(
    `${url.host} cannot be reached (${code || error.message}).`,
    'Look at the network and at HTTPS_PROXY, then try again.',
  );
}
