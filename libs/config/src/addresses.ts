import { isIPv6 } from 'node:net';

/** Where something listens or is reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port` (all interfaces) as an address; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  if (match[1] === undefined) return { host: match[2] || '0.0.0.0', port };
  return isIPv6(match[1]) ? { host: shortIPv6(match[1]), port } : undefined;
}

/** The one way that an IPv6 address is written, so that texts of one address are equal. */
function shortIPv6(host: string): string {
  return new URL(`http://[${host}]`).hostname.slice(1, -1);
}

/** `host:port`, with brackets around an IPv6 host. */
export function addressText(address: Address): string {
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/**
 * The address by which somebody on this machine reaches what listens at `address`, as it has to be typed: the loopback
 * address of its family where it listens on all interfaces.
 */
export function reachableText({ host, port }: Address): string {
  const loopback: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return addressText({ host: loopback[host] ?? host, port });
}

/** True when only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
