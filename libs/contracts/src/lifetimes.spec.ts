import { describe, expect, test } from '@jest/globals';
import { ApiTokenCreate } from './api-tokens.ts';
import { GrantSpecWrite } from './kinds/grant.ts';
import { JoinTokenCreate } from './join-tokens.ts';
import { RevisionStatusQuery } from './revisions.ts';

const boundaries = [0, -1, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER, 1.5, null, '600', '0'];

describe('lifetimes', () => {
  test.each(boundaries)('case b8: a lifetime of %p never means for ever', (ttlSeconds) => {
    expect(JoinTokenCreate.safeParse({ ttlSeconds }).success).toBe(false);
    const token = { name: 'ci', role: 'viewer', ttlSeconds };
    expect(ApiTokenCreate.safeParse(token).success).toBe(false);
  });

  test('case 67: a token made without a lifetime has an end', () => {
    expect(ApiTokenCreate.parse({ name: 'ci', role: 'viewer' }).ttlSeconds).toBe(90 * 86_400);
    expect(JoinTokenCreate.parse({}).ttlSeconds).toBe(600);
  });

  test('an API token lasts a year at most, and a join token a day', () => {
    const token = { name: 'ci', role: 'viewer' };
    expect(ApiTokenCreate.safeParse({ ...token, ttlSeconds: 365 * 86_400 }).success).toBe(true);
    expect(ApiTokenCreate.safeParse({ ...token, ttlSeconds: 365 * 86_400 + 1 }).success).toBe(
      false,
    );
    expect(JoinTokenCreate.safeParse({ ttlSeconds: 86_400 }).success).toBe(true);
    expect(JoinTokenCreate.safeParse({ ttlSeconds: 86_401 }).success).toBe(false);
  });

  test.each(['', '0', 'never', '9999-99-99', '2026-01-01', 0, null])(
    'case 67: %p is no end of a grant, and not the absence of one either',
    (until) => {
      const spec = {
        subjects: [{ user: 'alice' }],
        role: 'view',
        scope: { clusters: { all: true }, clusterWide: true },
        until,
      };
      expect(GrantSpecWrite.safeParse(spec).success).toBe(false);
    },
  );

  test('an end before the beginning is refused', () => {
    const spec = {
      subjects: [{ user: 'alice' }],
      role: 'view',
      scope: { clusters: { all: true }, clusterWide: true },
      notBefore: '2026-06-01T00:00:00Z',
      until: '2026-06-01T01:00:00+02:00',
    };
    expect(GrantSpecWrite.safeParse(spec).success).toBe(false);
  });

  test.each(['31s', '-1s', '30', '1m', '', '00s', '1.5s'])('a wait of %j is refused', (wait) => {
    expect(RevisionStatusQuery.safeParse({ wait }).success).toBe(false);
  });

  test.each(['0s', '9s', '30s'])('a wait of %j is taken', (wait) => {
    expect(RevisionStatusQuery.parse({ wait })).toEqual({ wait });
  });
});
