import { BlockList, isIP } from 'node:net';

/** A host and port that a program wants to reach. IPv6 addresses stand without brackets. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** This machine by name; its addresses are in `loopback`. */
const thisMachineName = /^(?:.+\.)?localhost$/;
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
// "No address" leads to this machine when it is dialled.
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::', 'ipv6');

/** True for this machine under any of its names: 127.0.0.0/8, ::1, these as IPv4-mapped IPv6, localhost and below it. */
export function isThisMachine(host: string): boolean {
  const plain = plainHost(host);
  return thisMachineName.test(plain) || contains(loopback, plain);
}

/**
 * True when `NO_PROXY` names the destination. Entries, by comma or space: `*`; a name, which stands for the names below it
 * too, with or without a leading dot or `*.`; an address or a CIDR block of either family; each with or without a port.
 */
export function isExcluded({ host, port }: Destination, noProxy: string): boolean {
  const plain = plainHost(host);
  return noProxy.split(/[\s,]+/).some((entry) => matches(entry.toLowerCase(), plain, port));
}

/** As a URL has it (`127.1` is 127.0.0.1), without brackets and the dot at the end of a full name. */
function plainHost(host: string): string {
  const url = `http://${isIP(host) === 6 ? `[${host}]` : host}`;
  const plain = URL.canParse(url) ? new URL(url).hostname : host.toLowerCase();
  return plain.replace(/^\[(.*)\]$/, '$1').replace(/(?<=.)\.$/, '');
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const { name, only } = withoutPort(entry);
  if (only !== undefined && only !== port) return false;
  const block = blockOf(name);
  if (block !== undefined) return contains(block, host);
  const suffix = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** `name:port`, `[v6]:port` and `v6` told apart: an address of IPv6 without brackets has no port. */
function withoutPort(entry: string): { readonly name: string; readonly only?: number } {
  const bare = entry.split('/')[0] ?? '';
  if (isIP(bare) === 6) return { name: entry };
  const [, six, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const name = six ?? plain ?? entry;
  return port === undefined ? { name } : { name, only: Number(port) };
}

function blockOf(name: string): BlockList | undefined {
  const [address = '', bits] = name.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const longest = family === 'ipv6' ? 128 : 32;
  if (isIP(address) === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const size = bits === undefined ? longest : Number(bits);
  if (size > longest) return undefined;
  const block = new BlockList();
  block.addSubnet(address, size, family);
  return block;
}

/** The list of Node looks through IPv4-mapped addresses by itself. */
function contains(block: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && block.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
