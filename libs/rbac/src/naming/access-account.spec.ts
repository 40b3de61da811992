import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { accountName, accountUser, isAccountName } from './access-account.ts';

const alice = 'ambit:alice@acme.io';
const uid = '019a0000-0000-7000-8000-000000000001';

/** Names that fold to the same text, and any others. */
const name = fc.oneof(
  fc.constantFrom(alice, 'ambit:alice.acme.io', 'ambit:alice-acme-io', 'ambit:alice@acme_io'),
  fc.string({ unit: 'binary', maxLength: 300 }),
);
const uids = fc.oneof(fc.uuid(), fc.constantFrom('', '1', uid));

describe('names of ServiceAccounts that stand for people', () => {
  test('people recognise themselves in it', () => {
    expect(accountName(alice, uid, digests)).toMatch(/^ambit-alice-acme-io-[a-z2-7]{16}$/);
    expect(accountName('ambit:service:deploy', uid, digests)).toMatch(
      /^ambit-service-deploy-[a-z2-7]{16}$/,
    );
    expect(accountUser('x')).toBe('system:serviceaccount:ambit-access:x');
  });

  test('case b56: whatever somebody is called, it is a DNS label and no name of Kubernetes', () => {
    fc.assert(
      fc.property(name, uids, (one, its) => {
        const account = accountName(one, its, digests);
        expect(account).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        expect(isAccountName(account)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(accountName('役割', uid, digests)).toMatch(/^person-/);
    for (const foreign of [
      'default',
      'ambit-agent',
      '',
      '-aaaaaaaaaaaaaaaa',
      'A-aaaaaaaaaaaaaaaa',
    ]) {
      expect(isAccountName(foreign)).toBe(false);
    }
  });

  test('case b56: two names, or one name of two people, never share an account', () => {
    fc.assert(
      fc.property(name, uids, name, uids, (one, its, other, others) => {
        const same = one === other && its === others;
        expect(accountName(one, its, digests) === accountName(other, others, digests)).toBe(same);
      }),
      { numRuns: 1000 },
    );
    // However name and uid are cut.
    expect(accountName('ambit:a', 'bc', digests)).not.toBe(accountName('ambit:ab', 'c', digests));
  });
});
