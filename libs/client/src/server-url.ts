import { AppError } from '@ambit/kernel';

export interface ServerUrlOptions {
  /** Allows plain HTTP to hosts other than this machine; the token then travels unencrypted. */
  readonly allowPlainHttp?: boolean;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The base URL of central, without a trailing slash. Throws `usage` when it is no http(s) URL, holds credentials, a
 * query or a fragment, or is plain HTTP to another machine.
 */
export function checkServerUrl(text: string, options: ServerUrlOptions = {}): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new AppError('usage', `"${withoutCredentials(text)}" is not the URL of a server`, {
      hint: 'Write it as https://HOST or http://127.0.0.1:7080.',
    });
  }
  if ([url.username, url.password, url.search, url.hash].some((part) => part !== '')) {
    throw new AppError(
      'usage',
      `the URL of ${url.host} may hold no credentials, query or fragment`,
    );
  }
  refusePlainHttp(url, options);
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

function refusePlainHttp(url: URL, { allowPlainHttp = false }: ServerUrlOptions): void {
  if (url.protocol !== 'http:' || loopback.test(url.hostname) || allowPlainHttp) return;
  throw new AppError('usage', `plain HTTP to ${url.host} would send the token unencrypted`, {
    hint: 'Use https://, or http:// only for a central on this machine.',
  });
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//').slice(0, 200);
}
