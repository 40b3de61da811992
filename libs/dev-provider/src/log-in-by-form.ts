/**
 * Signs somebody in as a browser without scripts would: goes where the provider sends it, types the name, and gives the address at
 * which the browser leaves the provider. Throws when it is shown anything else.
 */
export async function logInByForm(authorizationUrl: string, name: string): Promise<URL> {
  const { origin } = new URL(authorizationUrl);
  const cookies = new Map<string, string>();
  let next = new URL(authorizationUrl);
  let init: RequestInit = {};
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const reply = await fetch(next, { ...init, headers: { cookie }, redirect: 'manual' });
    for (const set of reply.headers.getSetCookie()) keep(cookies, set);
    const location = reply.headers.get('location');
    if (location !== null) {
      next = new URL(location, next);
      init = {};
      if (next.origin !== origin) return next;
      continue;
    }
    const page = await reply.text();
    if (reply.status !== 200 || !page.includes('name="name"'))
      throw new Error(`the provider shows ${reply.status}: ${page.slice(0, 500)}`);
    init = { method: 'POST', body: new URLSearchParams({ name }) };
  }
  throw new Error('the provider leads in circles');
}

function keep(cookies: Map<string, string>, set: string): void {
  const [pair = ''] = set.split(';');
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  if (value === '') cookies.delete(pair.slice(0, at));
  else cookies.set(pair.slice(0, at), value);
}
