import { describe, expect, test } from '@jest/globals';
import { checkName } from '@ambit/domain';
import fc from 'fast-check';
import { linkDecision, nameOfEmail } from './link-rule.ts';
import type { LinkClaims, LinkFacts, LinkTrust } from './link-rule.ts';

const ada = { uid: 'u-ada', name: 'ada@acme.io', active: true };
const ben = { uid: 'u-ben', name: 'ben@acme.io', active: true };
const locked = { ...ada, active: false };
const claims: LinkClaims = { email: 'ada@acme.io', emailVerified: true };
const linkedOnly: LinkTrust = { domains: ['acme.io'], provisioning: 'Linked' };
const onSignIn: LinkTrust = { ...linkedOnly, provisioning: 'OnSignIn' };
const free = { user: ada, taken: false };

type Row = readonly [string, LinkClaims, LinkTrust, LinkFacts, object];

const rows: readonly Row[] = [
  [
    'the link that exists comes first',
    claims,
    onSignIn,
    { linked: { user: ben, unlinked: false }, byExternalId: ada, byName: free },
    { how: 'Link', user: ben },
  ],
  [
    'a link needs no e-mail',
    { emailVerified: false },
    linkedOnly,
    { linked: { user: ben, unlinked: false } },
    { how: 'Link', user: ben },
  ],
  [
    'a link to somebody who is locked',
    claims,
    onSignIn,
    { linked: { user: locked, unlinked: false } },
    { refused: 'locked', name: ada.name },
  ],
  [
    'what was unlinked is linked to nobody',
    claims,
    onSignIn,
    { linked: { user: ben, unlinked: true }, byName: free },
    { refused: 'unlinked', name: ben.name },
  ],
  [
    'the directory comes before the address',
    claims,
    onSignIn,
    { byExternalId: ben, byName: free },
    { how: 'ExternalId', user: ben },
  ],
  [
    'the directory needs no e-mail',
    { emailVerified: false },
    linkedOnly,
    { byExternalId: ben },
    { how: 'ExternalId', user: ben },
  ],
  [
    'somebody of the directory who is locked',
    claims,
    onSignIn,
    { byExternalId: locked, byName: free },
    { refused: 'locked', name: ada.name },
  ],
  [
    'a verified address in a domain',
    claims,
    linkedOnly,
    { byName: free },
    { how: 'Email', user: ada },
  ],
  [
    'an address in upper case',
    { ...claims, email: 'Ada@ACME.io' },
    linkedOnly,
    { byName: free },
    { how: 'Email', user: ada },
  ],
  [
    'an address whose User is locked',
    claims,
    onSignIn,
    { byName: { user: locked, taken: false } },
    { refused: 'locked', name: ada.name },
  ],
  [
    'a User with another account of the provider',
    claims,
    onSignIn,
    { byName: { user: ada, taken: true } },
    { refused: 'taken', name: ada.name },
  ],
  [
    'an address that is not verified',
    { ...claims, emailVerified: false },
    onSignIn,
    { byName: free },
    { refused: 'email_unverified' },
  ],
  [
    'an address in no domain of the provider',
    claims,
    { ...onSignIn, domains: ['other.io'] },
    { byName: free },
    { refused: 'foreign_domain' },
  ],
  [
    'an address below a domain',
    { ...claims, email: 'ada@eu.acme.io' },
    onSignIn,
    {},
    { refused: 'foreign_domain' },
  ],
  [
    'a provider without domains',
    claims,
    { ...onSignIn, domains: [] },
    { byName: free },
    { refused: 'foreign_domain' },
  ],
  ['no address', { emailVerified: true }, onSignIn, {}, { refused: 'no_email' }],
  [
    'nobody has the address and Users are made',
    claims,
    onSignIn,
    {},
    { how: 'OnSignIn', name: ada.name },
  ],
  [
    'nobody has the address and Users are not made',
    claims,
    linkedOnly,
    {},
    { refused: 'unknown', name: ada.name },
  ],
];

describe('whose account it is', () => {
  test.each(rows)('%s', (_what, ...[said, trust, facts, expected]) => {
    expect(linkDecision(said, trust, facts)).toEqual(expected);
  });

  const person = fc.constantFrom(ada, ben, locked);
  const facts: fc.Arbitrary<LinkFacts> = fc.record(
    {
      linked: fc.record({ user: person, unlinked: fc.boolean() }),
      byExternalId: person,
      byName: fc.record({ user: person, taken: fc.boolean() }),
    },
    { requiredKeys: [] },
  );
  const trusts: fc.Arbitrary<LinkTrust> = fc.record({
    domains: fc.subarray(['acme.io', 'other.io']),
    provisioning: fc.constantFrom('Linked', 'OnSignIn'),
  });
  const said: fc.Arbitrary<LinkClaims> = fc.record(
    {
      email: fc.constantFrom('ada@acme.io', 'ADA@acme.io', 'x@evil.io', ''),
      emailVerified: fc.boolean(),
    },
    { requiredKeys: ['emailVerified'] },
  );

  test('nobody who is locked comes in, what is linked moves to nobody, and no address counts that is not verified', () => {
    fc.assert(
      fc.property(said, trusts, facts, (claimed, trust, known) => {
        const decision = linkDecision(claimed, trust, known);
        if ('user' in decision) expect(decision.user.active).toBe(true);
        if (known.linked !== undefined && 'how' in decision)
          expect(decision).toEqual({ how: 'Link', user: known.linked.user });
        if (known.linked?.unlinked === true) expect(decision).toHaveProperty('refused');
        if ('how' in decision && ['Email', 'OnSignIn'].includes(decision.how)) {
          expect(claimed.emailVerified).toBe(true);
          expect(trust.domains).toContain(claimed.email?.toLowerCase().split('@')[1]);
        }
      }),
    );
  });
});

describe('the name that an address stands for', () => {
  const trust = { domains: ['acme.io'] };
  const nameOf = (email: string) => nameOfEmail({ email, emailVerified: true }, trust);

  test.each([
    'system:masters@acme.io',
    'SYSTEM:node@acme.io',
    'ada\n@acme.io',
    'ada\u0000@acme.io',
    'a da@acme.io',
    '\u212aevin@acme.io',
    'аda@acme.io',
    'ada@acme.io@acme.io',
    '@acme.io',
    'acme.io',
    '"ada"@acme.io',
    `${'a'.repeat(250)}@acme.io`,
    '.ada@acme.io',
  ])('case b56: %j stands for nobody', (email) => {
    expect(nameOf(email)).toEqual({ refused: 'email_refused' });
  });

  test('two addresses have one name only when they differ in the case of ASCII letters alone', () => {
    const parts = fc.array(
      fc.constantFrom(
        'a',
        'A',
        'k',
        'K',
        '\u212a',
        'ı',
        'i',
        'I',
        'İ',
        '.',
        '+',
        '_',
        'ß',
        's',
        'S',
        'ſ',
      ),
      { minLength: 1, maxLength: 6 },
    );
    const address = parts.map((all) => `${all.join('')}@acme.io`);
    const ascii = (text: string): string =>
      text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
    fc.assert(
      fc.property(address, address, (one, other) => {
        const [a, b] = [nameOf(one), nameOf(other)];
        if ('name' in a && 'name' in b) {
          expect(a.name === b.name).toBe(ascii(one) === ascii(other));
          expect(checkName('User', a.name)).toBeUndefined();
        }
      }),
      { numRuns: 2000 },
    );
  });
});
