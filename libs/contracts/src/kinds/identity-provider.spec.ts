import { describe, expect, test } from '@jest/globals';
import { checkPolicyDocument } from '../policy-documents.ts';
import {
  claimsOfProvider,
  providerPresetNames,
  scopesOfProvider,
} from './identity-provider-presets.ts';
import { IdentityProviderSpecWrite } from './identity-provider.ts';

const spec = (more: object = {}): object => ({
  preset: 'oidc',
  issuer: 'https://login.acme.io',
  clientId: 'ambit',
  clientSecret: { env: 'IDP_CORP_SECRET' },
  ...more,
});
const problemsOf = (more: object): string[] => {
  const checked = checkPolicyDocument({
    apiVersion: 'ambit.dev/v1',
    kind: 'IdentityProvider',
    metadata: { name: 'corp' },
    spec: spec(more),
  });
  return checked.ok ? [] : checked.problems.map(({ pointer, message }) => `${pointer} ${message}`);
};
const rule = (...groups: readonly object[]): object => ({ groups });

describe('an identity provider', () => {
  test('links the Users there are, and none by e-mail, unless told', () => {
    expect(IdentityProviderSpecWrite.parse(spec())).toEqual({
      ...spec(),
      domains: [],
      provisioning: 'Linked',
      groups: [],
    });
  });

  test.each([
    [{ clientSecret: { env: 'AMBIT_DATABASE_URL' } }, '/spec/clientSecret/env', 'begins with IDP_'],
    [{ clientSecret: { env: 'idp_x' } }, '/spec/clientSecret/env', 'begins with IDP_'],
    [{ clientSecret: { file: '../keys/ca.key' } }, '/spec/clientSecret/file', 'without a path'],
    [{ clientSecret: { file: '/etc/shadow' } }, '/spec/clientSecret/file', 'without a path'],
    [{ clientSecret: { file: '..' } }, '/spec/clientSecret/file', 'without a path'],
    [{ clientSecret: {} }, '/spec/clientSecret', 'exactly one of "env" and "file"'],
    [{ clientSecret: 's3cret' }, '/spec/clientSecret', 'expected object'],
    [{ clientSecret: { value: 's3cret' } }, '/spec/clientSecret/value', 'unknown field'],
    [{ issuer: 'http://login.acme.io' }, '/spec/issuer', 'internal: true'],
    [{ issuer: 'login.acme.io' }, '/spec/issuer', 'the URL'],
    [{ scopes: ['profile'] }, '/spec/scopes', '"openid" is needed'],
    [{ scopes: ['openid profile'] }, '/spec/scopes/0', 'without spaces'],
    [{ domains: ['@acme.io'] }, '/spec/domains/0', 'a domain as it follows'],
    [{ domains: ['Acme.io'] }, '/spec/domains/0', 'in lower case'],
    [{ domains: ['*.acme.io'] }, '/spec/domains/0', 'a domain'],
    [{ provisioning: 'OnSignIn' }, '/spec/domains', 'everybody whom the provider knows'],
    [{ entra: { overage: 'Graph' } }, '/spec/entra', 'goes with the preset entra'],
    [{ title: 'Corp\u202e' }, '/spec/title', 'cannot be seen'],
    [{ preset: 'saml' }, '/spec/preset', 'oidc'],
    [rule({ group: 'a' }), '/spec/groups/0', 'exactly one of "value", "when" and "each"'],
    [rule({ value: 'a', when: 'true', group: 'a' }), '/spec/groups/0', 'exactly one'],
    [rule({ value: 'a' }), '/spec/groups/0', 'name the "group"'],
    [rule({ value: 'a', group: 'a', only: ['b'] }), '/spec/groups/0', 'go with "each"'],
    [rule({ each: 'groups', group: 'a', prefix: 'x' }), '/spec/groups/0', 'leave "group" out'],
    [rule({ each: 'groups' }), '/spec/groups/0', 'into any group'],
    [rule({ each: 'groups', only: [] }), '/spec/groups/0/only', 'at least one group'],
    [rule({ value: 'a', group: 'system:masters' }), '/spec/groups/0/group', 'belong to Kubernetes'],
    [rule({ when: 'true', group: 'A' }), '/spec/groups/0/group', 'cannot name a Group'],
    [rule({ when: 'x'.repeat(1025), group: 'a' }), '/spec/groups/0/when', 'at most 1024'],
    [
      rule(...Array.from({ length: 21 }, () => ({ when: 'true', group: 'a' }))),
      '/spec/groups',
      'at most 20 rules',
    ],
    [{ secret: 'x' }, '/spec/secret', 'unknown field'],
  ])('is refused with %j', (more, pointer, says) => {
    const [problem = ''] = problemsOf(more);
    expect(problem.startsWith(`${pointer} `)).toBe(true);
    expect(problem).toContain(says);
  });

  test.each([
    { issuer: 'http://10.0.0.7/realms/acme', internal: true },
    { provisioning: 'OnSignIn', domains: ['acme.io'] },
    { preset: 'entra', entra: { overage: 'Graph' } },
    { clientSecret: { file: 'corp-secret' } },
    { claims: { groups: 'https://acme.io/groups' } },
    rule({ value: '/tenant-b/admin', group: 'tenant-b-admin' }),
    rule({ each: 'groups', prefix: 'corp-' }, { when: '"a" in groups', group: 'a' }),
    rule(...Array.from({ length: 200 }, () => ({ value: 'x', group: 'a' }))),
  ])('may have %j', (more) => {
    expect(problemsOf(more)).toEqual([]);
  });

  test('differs by preset in its defaults alone, and its own words come first', () => {
    for (const preset of providerPresetNames)
      expect(scopesOfProvider({ preset })).toContain('openid');
    expect(claimsOfProvider({ preset: 'google' })).not.toHaveProperty('groups');
    expect(claimsOfProvider({ preset: 'entra' })).toMatchObject({ externalId: 'oid' });
    const claims = { groups: 'roles' };
    expect(claimsOfProvider({ preset: 'google', claims }).groups).toBe('roles');
    expect(scopesOfProvider({ preset: 'okta', scopes: ['openid'] })).toEqual(['openid']);
  });
});
