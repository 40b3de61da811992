import { describe, expect, test } from '@jest/globals';
import { checkPolicyDocument } from '../policy-documents.ts';
import { ServiceIdentitySpecWrite } from './service-identity.ts';

const rule = (more: object = {}): object => ({
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'ambit.acme.io',
  claims: { repository: 'acme/payments', ref: 'refs/heads/main' },
  ...more,
});
const problemsOf = (...federation: readonly object[]): string[] => {
  const checked = checkPolicyDocument({
    apiVersion: 'ambit.dev/v1',
    kind: 'ServiceIdentity',
    metadata: { name: 'deploy' },
    spec: { federation },
  });
  return checked.ok ? [] : checked.problems.map(({ pointer, message }) => `${pointer} ${message}`);
};
const at = '/spec/federation/0';

describe('a service identity', () => {
  test('is a pipeline by its claims, with sessions of an hour unless told', () => {
    expect(ServiceIdentitySpecWrite.parse({ federation: [rule()] })).toEqual({
      federation: [rule()],
      maxSessionTTL: '1h',
    });
    expect(ServiceIdentitySpecWrite.parse({})).toEqual({ federation: [], maxSessionTTL: '1h' });
  });

  test.each([
    [{}, 'name repository or sub'],
    [{ ref: 'refs/heads/main' }, 'name repository or sub'],
    [{ environment: 'production', actor: 'ada' }, 'name repository or sub'],
  ])(
    'of an issuer that serves everybody names whose pipeline it is: %j does not',
    (claims, says) => {
      expect(problemsOf(rule({ claims }))).toEqual([expect.stringContaining(says)]);
    },
  );

  test('of GitLab.com names its project, whatever slash ends the issuer', () => {
    for (const issuer of ['https://gitlab.com', 'https://gitlab.com/'])
      expect(problemsOf(rule({ issuer, claims: { ref: 'main' } }))).toEqual([
        expect.stringContaining('name project_path or sub'),
      ]);
    const claims = { project_path: 'acme/payments' };
    expect(problemsOf(rule({ issuer: 'https://gitlab.com', claims }))).toEqual([]);
  });

  test('of any other issuer names at least one claim', () => {
    const issuer = 'https://ci.acme.io';
    expect(problemsOf(rule({ issuer, claims: {} }))).toEqual([
      expect.stringContaining('without one every token of this issuer is let in'),
    ]);
    expect(problemsOf(rule({ issuer, claims: { sub: 'x' } }))).toEqual([]);
  });

  test.each([
    [{ claims: { repository: 'acme/*' } }, `${at}/claims/repository`, 'compared exactly'],
    [{ audience: '*' }, `${at}/audience`, 'compared exactly'],
    [{ audience: '' }, `${at}/audience`, '1 to 512'],
    [{ claims: { repository: 1 } }, `${at}/claims/repository`, 'expected string'],
    [{ claims: { repository: 'a', iss: 'x' } }, `${at}/claims`, '"iss" is no claim to compare'],
    [{ claims: { sub: 'a', exp: '1' } }, `${at}/claims`, '"exp" is no claim to compare'],
    [{ claims: { sub: 'a', '1x': 'a' } }, `${at}/claims/1x`, 'the name of a claim'],
    [{ issuer: 'acme.io' }, `${at}/issuer`, 'the URL that tokens name'],
    [{ issuer: 'file:///etc/passwd' }, `${at}/issuer`, 'the URL that tokens name'],
    [{ issuer: 'https://a:b@acme.io' }, `${at}/issuer`, 'no user name'],
    [{ issuer: 'https://acme.io?x=1' }, `${at}/issuer`, 'no query'],
    [{ issuer: 'https://*.acme.io' }, `${at}/issuer`, 'no query, fragment, space or "*"'],
    [{ issuer: 'http://ci.acme.io' }, `${at}/issuer`, 'https:// is needed'],
    [{ issuer: 'http://127.0.0.1:1', internal: false }, `${at}/issuer`, 'internal: true'],
    [{ caData: 'x y' }, `${at}/caData`, 'base64'],
    [{ caData: btoa('no certificate') }, `${at}/caData`, 'this is none'],
    [{ match: {} }, `${at}/match`, 'unknown field'],
  ])('is refused with %j', (more, pointer, says) => {
    const [problem = ''] = problemsOf(rule(more));
    expect(problem.startsWith(`${pointer} `)).toBe(true);
    expect(problem).toContain(says);
  });

  test('takes http from an issuer that is said to be internal', () => {
    expect(problemsOf(rule({ issuer: 'http://10.0.0.7:8080', internal: true }))).toEqual([]);
  });

  test('fetches the keys of one issuer in one way', () => {
    expect(problemsOf(rule(), rule({ internal: true }))).toEqual([
      expect.stringContaining('the same "internal" and "caData"'),
    ]);
    expect(problemsOf(rule(), rule({ claims: { sub: 'x' } }))).toEqual([]);
  });

  test('has at most 20 rules', () => {
    const many = (count: number) => Array.from({ length: count }, () => rule());
    expect(problemsOf(...many(20))).toEqual([]);
    expect(problemsOf(...many(21))).toHaveLength(1);
  });

  test.each(['9m', '13h', '0s', '1', '', '1h30', '-1h', 'never'])(
    'has no sessions of %j',
    (maxSessionTTL) => {
      expect(ServiceIdentitySpecWrite.safeParse({ maxSessionTTL }).success).toBe(false);
    },
  );

  test.each(['10m', '12h', '1h30m', '600s'])('can have sessions of %j', (maxSessionTTL) => {
    expect(ServiceIdentitySpecWrite.parse({ maxSessionTTL }).maxSessionTTL).toBe(maxSessionTTL);
  });

  test('is owned by a person or a group, not by both', () => {
    const owned = (owner: object): boolean => ServiceIdentitySpecWrite.safeParse({ owner }).success;
    expect([owned({ user: 'ada' }), owned({ group: 'ops' })]).toEqual([true, true]);
    expect([owned({}), owned({ user: 'ada', group: 'ops' })]).toEqual([false, false]);
  });
});
