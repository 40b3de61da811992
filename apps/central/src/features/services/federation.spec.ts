import { describe, expect, test } from '@jest/globals';
import { lettingRule, stillLetsIn } from './federation.ts';
import type { FederationRule } from './federation.ts';

const pem = (text: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----\n`;
const caData = (...names: readonly string[]): string =>
  Buffer.from(names.map(pem).join('')).toString('base64');

const rule = (more: Partial<FederationRule> = {}): FederationRule => ({
  issuer: 'https://ci.acme.io',
  audience: 'ambit',
  claims: { sub: 'deploy', ref: 'main' },
  ...more,
});

describe('who came in by a rule stays in when', () => {
  test.each<[string, Partial<FederationRule>, Partial<FederationRule>]>([
    ['nothing is other', {}, {}],
    ['fewer claims are asked for', {}, { claims: { sub: 'deploy' } }],
    ['the issuer may lie at a private address too', {}, { internal: true }],
    ['not internal is written out', {}, { internal: false }],
    ['a CA comes beside that of before', { caData: caData('a') }, { caData: caData('b', 'a') }],
    [
      'the text around its CA is another',
      { caData: caData('a') },
      { caData: Buffer.from(`of now\n${pem('a').replaceAll('\n', '\r\n')}`).toString('base64') },
    ],
  ])('%s', (_, before, after) => {
    expect(stillLetsIn([rule(after)], lettingRule(rule(before)))).toBe(true);
  });
});

describe('who came in by a rule is out when', () => {
  test.each<[string, Partial<FederationRule>, Partial<FederationRule>]>([
    ['one more claim is asked for', {}, { claims: { sub: 'deploy', ref: 'main', env: 'prod' } }],
    ['a claim has to be another', {}, { claims: { sub: 'deploy', ref: 'next' } }],
    ['it is for another audience', {}, { audience: 'other' }],
    ['it is of another issuer', {}, { issuer: 'https://other.acme.io' }],
    ['the issuer may lie at no private address any more', { internal: true }, {}],
    ['a CA of its own is named where everybody’s were trusted', {}, { caData: caData('a') }],
    ['everybody’s CAs are trusted where its own was named', { caData: caData('a') }, {}],
    ['another CA is named', { caData: caData('a') }, { caData: caData('b') }],
    ['one of two CAs is gone', { caData: caData('a', 'b') }, { caData: caData('a') }],
  ])('%s', (_, before, after) => {
    expect(stillLetsIn([rule(after)], lettingRule(rule(before)))).toBe(false);
  });

  test('there is no rule', () => {
    expect(stillLetsIn([], lettingRule(rule()))).toBe(false);
  });
});
