import { createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { SignInSecrets } from './sign-in-secrets.ts';

const [one, same, other] = ['one', 'one', 'other'].map((key) => new SignInSecrets(key)) as [
  SignInSecrets,
  SignInSecrets,
  SignInSecrets,
];

describe('what is derived from the key of sign-in', () => {
  test('is the same at every replica, and another with another key', () => {
    const of = (secrets: SignInSecrets): unknown => [
      secrets.cookieKey,
      secrets.signingJwk,
      secrets.formToken('browser'),
      secrets.oneTimeSecret('code').toString('hex'),
      secrets.proofsOf('state'),
    ];
    expect(of(one)).toEqual(of(same));
    for (const [at, part] of (of(one) as unknown[]).entries())
      expect(part).not.toEqual((of(other) as unknown[])[at]);
  });

  test('goes with a state: two proofs that differ, and are those of no other state', () => {
    const { nonce, verifier } = one.proofsOf('state');
    const others = Object.values(one.proofsOf('another'));
    expect(new Set([nonce, verifier, ...others]).size).toBe(4);
    // As PKCE wants it.
    expect(verifier).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('makes a whole pair of keys', () => {
    const { d: _, ...publicJwk } = one.signingJwk;
    const data = Buffer.from('data');
    const signature = sign('sha256', data, { key: one.signingJwk, format: 'jwk' });
    const key = createPublicKey({ key: publicJwk, format: 'jwk' });
    expect(verify('sha256', data, key, signature)).toBe(true);
  });

  test('marks a form for one browser', () => {
    const token = one.formToken('browser');
    expect(one.isFormToken('browser', token)).toBe(true);
    for (const [browser, shown] of [
      ['another', token],
      ['browser', ''],
      ['browser', other.formToken('browser')],
    ] as const)
      expect(one.isFormToken(browser, shown)).toBe(false);
  });

  test('opens what is sealed for its person alone, unchanged', () => {
    const secret = Buffer.from('twenty bytes of this');
    const sealed = one.seal(secret, 'uid');
    expect(sealed.includes(secret)).toBe(false);
    expect(same.open(sealed, 'uid')).toEqual(secret);
    expect(() => one.open(sealed, 'another')).toThrow();
    expect(() => other.open(sealed, 'uid')).toThrow();
    const changed = Buffer.from(sealed);
    changed[30] = (changed[30] ?? 0) ^ 1;
    expect(() => one.open(changed, 'uid')).toThrow();
    expect(one.seal(secret, 'uid')).not.toEqual(sealed);
  });
});
