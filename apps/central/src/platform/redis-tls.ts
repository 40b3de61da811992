/** How the driver is told where Redis is: the address, and TLS apart from it when the URL asks for it. */
export interface RedisAddress {
  readonly url: string;
  readonly tls?: { readonly rejectUnauthorized: true; readonly minVersion: 'TLSv1.2' };
}

/**
 * The Redis of a URL, with the check of its certificate said aloud where the URL asks for TLS: left unsaid, a variable of
 * the platform turns it off. The driver knows `rediss` in small letters only, and takes a parameter `tls` of the URL over
 * what it is told: neither may cost the check.
 */
export function redisAddress(text: string): RedisAddress {
  const url = new URL(text);
  const secure = url.protocol === 'rediss:' || url.searchParams.has('tls');
  if (!secure) return { url: url.href };
  url.searchParams.delete('tls');
  return { url: url.href, tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' } };
}
