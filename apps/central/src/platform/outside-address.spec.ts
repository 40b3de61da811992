import { expect, test } from '@jest/globals';
import { whereIs } from './outside-address.ts';

test.each([
  ['140.82.121.3', 'public'],
  ['2606:4700::6810:85e5', 'public'],
  ['2a00:1450:4001::1', 'public'],
  ['::ffff:140.82.121.3', 'public'],
  ['127.0.0.1', 'private'],
  ['127.255.255.254', 'private'],
  ['10.1.2.3', 'private'],
  ['100.64.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.0.1', 'private'],
  ['::1', 'private'],
  ['fd00::1', 'private'],
  ['::ffff:127.0.0.1', 'private'],
  ['::ffff:7f00:1', 'private'],
  ['0:0:0:0:0:ffff:a00:1', 'private'],
  ['0.0.0.0', 'special'],
  ['169.254.169.254', 'special'],
  ['::ffff:169.254.169.254', 'special'],
  ['::ffff:a9fe:a9fe', 'special'],
  ['fe80::1', 'special'],
  ['::', 'special'],
  ['64:ff9b::7f00:1', 'special'],
  ['2002:7f00:1::', 'special'],
  ['2001:0:7f00:1::', 'special'],
  ['224.0.0.1', 'special'],
  ['255.255.255.255', 'special'],
  ['ff02::1', 'special'],
  ['192.0.2.1', 'special'],
  ['2001:db8::1', 'special'],
  ['example.org', 'special'],
  ['', 'special'],
])('%s is %s', (address, where) => {
  expect(whereIs(address)).toBe(where);
});
