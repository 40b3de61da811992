import { BlockList, isIP, isIPv4 } from 'node:net';

type Subnet = readonly [network: string, bits: number];

function listOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of subnets)
    list.addSubnet(network, bits, isIPv4(network) ? 'ipv4' : 'ipv6');
  return list;
}

const privateSubnets: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
];

/** Special purposes by the registries of IANA (RFC 6890), beside the private ones. */
const specialSubnets: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Of IPv6 all that is no global unicast, and what carries an IPv4 address inside.
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** One list for each family: an IPv4 address is found in networks of IPv6 too, as one that is mapped. */
const familiesOf = (subnets: readonly Subnet[]): Readonly<Record<'ipv4' | 'ipv6', BlockList>> => ({
  ipv4: listOf(subnets.filter(([network]) => isIPv4(network))),
  ipv6: listOf(subnets.filter(([network]) => !isIPv4(network))),
});

const privates = familiesOf(privateSubnets);
const specials = familiesOf(specialSubnets);

/**
 * Where an address lies: `public`, `private` (our own machine and networks), or `special`, which nothing of ours is ever
 * asked at: link-local with the metadata of clouds, multicast, addresses that stand for others.
 */
export function whereIs(address: string): 'public' | 'private' | 'special' {
  const plain = withoutMapping(address);
  const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(plain) === 0) return 'special';
  if (privates[family].check(plain, family)) return 'private';
  return specials[family].check(plain, family) ? 'special' : 'public';
}

/** An IPv4 address in the clothes of IPv6 (`::ffff:7f00:1`, `::ffff:127.0.0.1`) is that address. */
function withoutMapping(address: string): string {
  const mapped = /^(?:0{0,4}:){2,5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  const dotted = /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped === null) return dotted ?? address;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
