import type { CustomFetch } from 'openid-client';
import { askOutside } from '../../platform/fetch-outside.ts';
import type { OutsideServer } from '../../platform/fetch-outside.ts';

/** What the library may know of an answer. */
const passedOn = ['content-type', 'www-authenticate'];

/** How the library asks a provider: through the client that no provider makes a tool of. It throws `OutsideError`. */
export function providerFetch(server: OutsideServer): CustomFetch {
  return async (url, { method, headers, body }) => {
    const {
      status,
      headers: got,
      text,
    } = await askOutside(new URL(url), server, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body === null || body === undefined ? {} : { body: textOf(body) }),
    });
    const known = passedOn.flatMap((name) => {
      const value = got[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    return new Response(text === '' ? null : text, { status, headers: Object.fromEntries(known) });
  };
}

/** Everything that is asked of a provider is a form. */
function textOf(body: unknown): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('only forms are sent to a provider');
}
