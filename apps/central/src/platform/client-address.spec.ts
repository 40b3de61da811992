import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { clientAddress, isNetwork, networkOf } from './client-address.ts';

const called = (peer: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('the address of a caller', () => {
  const address = clientAddress(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '127.0.0.0/8']);

  test.each([
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['10.1.1.1', undefined, '10.1.1.1'],
    ['10.1.1.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.1.1.1', '198.51.100.1', '198.51.100.1'],
    ['10.1.1.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['10.1.1.1', '1.1.1.1, 198.51.100.1, 192.0.2.7, fd00::1', '198.51.100.1'],
    ['10.1.1.1', '1.1.1.1, junk', '10.1.1.1'],
    ['10.1.1.1', '1.1.1.1, junk, 10.2.2.2', '10.2.2.2'],
    ['10.1.1.1', '', '10.1.1.1'],
    ['10.1.1.1', ' , ,', '10.1.1.1'],
    ['10.1.1.1', '198.51.100.1:4711', '198.51.100.1'],
    ['10.1.1.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['fe80::1%eth0', '198.51.100.1', 'fe80::1'],
    ['10.1.1.1', '0x7f.1, 999.1.1.1', '10.1.1.1'],
    ['10.1.1.1', '10.2.2.2, 10.3.3.3', '10.2.2.2'],
  ])('that %s forwards as %s is %s', (peer, forwarded, expected) => {
    expect(address(called(peer, forwarded))).toBe(expected);
  });

  test('is that of the connection when no proxy is believed', () => {
    expect(clientAddress([])(called('127.0.0.1', '198.51.100.1'))).toBe('127.0.0.1');
  });
});

test.each([
  ['198.51.100.1', '198.51.100.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:0DB8:0001:2::', '2001:db8:1:2::/64'],
])('failures from %s are counted for %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a list of proxies takes networks and single addresses only', () => {
  for (const good of ['10.0.0.0/8', '10.0.0.1', '::1', 'fd00::/8', '0.0.0.0/0'])
    expect([good, isNetwork(good)]).toEqual([good, true]);
  for (const bad of [
    '',
    'proxy',
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'true',
  ])
    expect([bad, isNetwork(bad)]).toEqual([bad, false]);
});
