import { describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { exchangeTarget, webhookTarget } from './token-targets.ts';
import { attackTokens } from './tokens.ts';

const now = Date.now();
const times = { times: 1_000 };
const targets = [webhookTarget(now), exchangeTarget(now)];

/** What a token says, whoever signed it; undefined for what nobody can read. */
function said(token: string): Record<string, unknown> | undefined {
  try {
    return { ...decodeProtectedHeader(token), ...decodeJwt(token) };
  } catch {
    return undefined;
  }
}

/** Signatures differ from run to run: a character that is put there can be the one that was there. */
const withoutChance = (note: string): string =>
  note.replaceAll(/\d+ tokens|(characters|bits of the signature|parts) \d+/g, '');

describe.each(targets)('forged tokens at the $name', (target) => {
  test('let in nobody, and are the same for the same seed', async () => {
    const [one, two] = [await attackTokens(target, 7, times), await attackTokens(target, 7, times)];
    expect(one.escapes).toEqual([]);
    expect(one.attacks).toBeGreaterThanOrEqual(times.times);
    expect(one.notes.map(withoutChance)).toEqual(two.notes.map(withoutChance));
    expect(one.notes.join()).toContain('claim twice');
  });

  test.each([
    [
      'a signature that is not looked at',
      (token: string) => said(token)?.['iss'] === target.claims['iss'],
    ],
    ['an algorithm that is believed', (token: string) => said(token)?.['alg'] === 'none'],
    ['a name that is not compared', (token: string) => said(token)?.['kid'] === '__proto__'],
    ['an end that does not come', (token: string) => Number(said(token)?.['exp']) < now / 1_000],
  ] as const)('find %s', async (_, planted) => {
    const weak = {
      ...target,
      accepts: async (token: string) => (await target.accepts(token)) || planted(token),
    };
    const { escapes } = await attackTokens(weak, 7, times);
    expect(escapes.length).toBeGreaterThan(0);
    expect(escapes[0]).toMatchObject({ got: 'accepted' });
  });

  test('find a verification that throws, and refuse to look at one that lets in nobody', async () => {
    const throwing = {
      ...target,
      accepts: async (token: string) => {
        if (token.startsWith('.')) throw new Error('planted');
        return target.accepts(token);
      },
    };
    const { escapes } = await attackTokens(throwing, 7, times);
    expect(escapes[0]).toMatchObject({ got: 'threw Error: planted' });
    const closed = { ...target, accepts: async () => false };
    await expect(attackTokens(closed, 7, times)).rejects.toThrow('refuses a good token');
  });
});
