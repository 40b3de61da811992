import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

interface Asked {
  readonly url: URL;
  readonly cookie: string;
  /** What a form is sent with; without it the page is read. */
  readonly form?: URLSearchParams;
  readonly ca?: string | undefined;
}

/**
 * Signs somebody in as a browser without scripts would: goes where the provider sends it, types the name, and gives the address at
 * which the browser leaves the provider. Over HTTPS it trusts `ca` alone, PEM. Throws when it is shown anything else.
 */
export async function logInByForm(
  authorizationUrl: string,
  name: string,
  { ca }: { readonly ca?: string } = {},
): Promise<URL> {
  const { origin } = new URL(authorizationUrl);
  const cookies = new Map<string, string>();
  let next = new URL(authorizationUrl);
  let form: { readonly form?: URLSearchParams } = {};
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const reply = await ask({ url: next, cookie, ca, ...form });
    for (const set of reply.headers['set-cookie'] ?? []) keep(cookies, set);
    const page = await text(reply);
    const { location } = reply.headers;
    if (location !== undefined) {
      next = new URL(location, next);
      form = {};
      if (next.origin !== origin) return next;
      continue;
    }
    if (reply.statusCode !== 200 || !page.includes('name="name"'))
      throw new Error(`the provider shows ${reply.statusCode}: ${page.slice(0, 500)}`);
    form = { form: new URLSearchParams({ name }) };
  }
  throw new Error('the provider leads in circles');
}

/** Not by `fetch`, which cannot be told whom to trust. */
async function ask({ url, cookie, form, ca }: Asked): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const sent = send(url, {
    method: form === undefined ? 'GET' : 'POST',
    agent: false,
    headers: {
      cookie,
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(ca === undefined ? {} : { ca }),
  });
  sent.end(form?.toString());
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  return reply;
}

function keep(cookies: Map<string, string>, set: string): void {
  const [pair = ''] = set.split(';');
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  if (value === '') cookies.delete(pair.slice(0, at));
  else cookies.set(pair.slice(0, at), value);
}
