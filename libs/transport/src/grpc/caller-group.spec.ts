import { describe, expect, test } from '@jest/globals';
import { addressOfPeer, callerGroup } from './caller-group.ts';

describe('whom a budget is kept for', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000:0001::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('%s counts as %s', (address, group) => {
    expect(callerGroup(address)).toBe(group);
  });

  test('the peer of a call is read with and without brackets', () => {
    expect(addressOfPeer('10.1.2.3:4711')).toBe('10.1.2.3');
    expect(addressOfPeer('::1:4711')).toBe('::1');
    expect(addressOfPeer('[::1]:4711')).toBe('::1');
  });
});
