import { describe, expect, test } from '@jest/globals';
import { redisAddress } from './redis-tls.ts';

const checked = { rejectUnauthorized: true, minVersion: 'TLSv1.2' };

describe('the check of the certificate of Redis', () => {
  test.each([
    ['rediss://:secret@cache.acme.io:6380/2', 'rediss://:secret@cache.acme.io:6380/2'],
    ['REDISS://cache.acme.io', 'rediss://cache.acme.io'],
    ['rediss://cache.acme.io/?tls=false&family=6', 'rediss://cache.acme.io/?family=6'],
    ['redis://cache.acme.io/?tls=true', 'redis://cache.acme.io/'],
  ])('is said aloud with %s, so that no variable turns it off', (asked, url) => {
    expect(redisAddress(asked)).toEqual({ url, tls: checked });
  });

  test('a URL without TLS is taken as it is', () => {
    expect(redisAddress('redis://:secret@localhost:6379/1')).toEqual({
      url: 'redis://:secret@localhost:6379/1',
    });
  });
});
