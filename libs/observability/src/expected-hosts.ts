import { isIP } from 'node:net';

/** Host of a `Host` header, in lower case, without port and brackets; undefined when it is none. */
function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(header.toLowerCase());
  return match?.[1] ?? match?.[2];
}

/**
 * True for a `Host` that a page in a browser cannot have been brought to by DNS of somebody else: an address, localhost,
 * or one of `names`. A request without the header comes from no browser.
 */
export function isExpectedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return true;
  const host = hostOf(header);
  if (host === undefined) return false;
  const known = ['localhost', ...names].map((name) => name.toLowerCase());
  return isIP(host) !== 0 || known.includes(host);
}
