import { AppError } from '@ambit/kernel';
import type { Environment } from '../environment.ts';
import { isExcluded, isThisMachine, type Destination } from './direct-hosts.ts';

/** An HTTP proxy that the environment names. Its credentials are in no text of ours. */
export interface ProxyServer extends Destination {
  /** The connection to the proxy itself is TLS. */
  readonly secure: boolean;
  /** For `Proxy-Authorization`. Secret. */
  readonly authorization?: string;
  /** `the proxy http://HOST:PORT (HTTPS_PROXY)`: without credentials, for messages. */
  readonly name: string;
}

/** Where the proxy of TLS connections stands, the first that is set. */
export const proxyVariables = ['https_proxy', 'HTTPS_PROXY'] as const;
/** Where the hosts that are reached directly stand, the first that is set. */
export const noProxyVariables = ['no_proxy', 'NO_PROXY'] as const;

/**
 * The proxy for a TLS connection to a destination, by `HTTPS_PROXY` and `NO_PROXY`; undefined when it is reached
 * directly, as this machine always is. Nothing of ours goes through a proxy without TLS, so `HTTP_PROXY` names none.
 * Throws `config_invalid`, without the value, when the variable is no URL of an HTTP proxy.
 */
export function chooseProxy(
  destination: Destination,
  environment: Environment,
): ProxyServer | undefined {
  const variable = firstSet(proxyVariables, environment);
  if (variable === undefined || isThisMachine(destination.host)) return undefined;
  const excluded = firstSet(noProxyVariables, environment);
  if (excluded !== undefined && isExcluded(destination, environment[excluded] ?? '')) {
    return undefined;
  }
  return proxyServer(environment[variable] ?? '', variable);
}

function firstSet(names: readonly string[], environment: Environment): string | undefined {
  return names.find((name) => (environment[name] ?? '') !== '');
}

function proxyServer(value: string, variable: string): ProxyServer {
  const text = value.trim();
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new AppError('config_invalid', `${variable} is not the URL of an HTTP proxy.`, {
      hint: `Write it as http://HOST:PORT, or unset ${variable}.`,
    });
  }
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const authorization = authorizationOf(url, variable);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    secure,
    ...(authorization === undefined ? {} : { authorization }),
    name: `the proxy ${url.protocol}//${url.hostname}:${port} (${variable})`,
  };
}

function authorizationOf(url: URL, variable: string): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    throw new AppError('config_invalid', `The credentials in ${variable} cannot be read.`, {
      hint: 'Write "%" in them as %25, and other special characters by their percent codes.',
    });
  }
}
