import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aList, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;

const uid = '018f3c2a-0000-7000-8000-000000000001';
const at = '2030-01-01T00:00:00.000Z';
const identity = {
  id: uid,
  user: 'ada@acme.io',
  provider: 'corp',
  issuer: 'https://login.acme.io',
  subject: 'sub-1',
  state: 'linked',
  linkedBy: 'Email',
  linkedAt: at,
  lastSeenAt: at,
};
const meta = (name: string): object => ({
  name,
  uid,
  labels: {},
  annotations: {},
  generation: 1,
  resourceVersion: '1',
  creationTimestamp: at,
});

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

const ambit = (...args: string[]): Promise<Captured> =>
  runCaptured(args, { env: { AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token } });

describe('accounts of a person', () => {
  test('are listed, with the subject for who asks for all', async () => {
    central.answers = { listIdentities: () => aList('Identity', [identity]) };
    const { code, out } = await ambit('user', 'identities', 'ada@acme.io', '-o', 'wide');
    expect(code).toBe(0);
    for (const said of ['corp', 'linked', 'Email', 'https://login.acme.io', 'sub-1'])
      expect(out).toContain(said);
    expect((await ambit('user', 'identities', 'ada@acme.io')).out).not.toContain('sub-1');
    expect(central.calls[0]?.params).toEqual({ name: 'ada@acme.io' });
  });

  test('are unlinked, and forgotten only when that is said', async () => {
    central.answers = { unlinkIdentity: () => ({ ...identity, state: 'unlinked' }) };
    expect((await ambit('user', 'unlink', 'ada@acme.io', uid)).out).toBe(
      `identity/${uid} of user/ada@acme.io at corp unlinked\n`,
    );
    expect((await ambit('user', 'unlink', 'ada@acme.io', uid, '--forget')).out).toContain(
      'forgotten',
    );
    expect(central.calls.map(({ query }) => query['forget'])).toEqual(['false', 'true']);
  });
});

test('a group is described with whom each source gives', async () => {
  central.answers = {
    getGroup: () => ({
      apiVersion: 'ambit.dev/v1',
      kind: 'Group',
      metadata: meta('sre'),
      spec: { members: ['bob'] },
      status: {
        memberCount: 2,
        given: [{ source: 'claims:corp', members: ['ada@acme.io', 'bob'] }],
        conditions: [],
      },
    }),
  };
  const { out } = await ambit('describe', 'group', 'sre');
  expect(out).toMatch(/Members:?\s+ada@acme\.io\n\s+bob\n/);
  expect(out).toMatch(/Given:?\s+ada@acme\.io by claims:corp\n\s+bob by claims:corp\n/);
});

test('a provider is described with what its preset says, and without a secret', async () => {
  central.answers = {
    getIdentityProvider: () => ({
      apiVersion: 'ambit.dev/v1',
      kind: 'IdentityProvider',
      metadata: meta('corp'),
      spec: {
        preset: 'entra',
        issuer: 'https://login.acme.io',
        clientId: 'ambit',
        clientSecret: { env: 'IDP_CORP' },
        domains: ['acme.io'],
        provisioning: 'OnSignIn',
        groups: [
          { value: '/a/b', group: 'b' },
          { each: 'groups', prefix: 'x-', only: ['x-a'] },
        ],
      },
      status: { conditions: [] },
    }),
  };
  const { out } = await ambit('describe', 'identityprovider', 'corp');
  for (const said of [
    'variable IDP_CORP',
    'emailVerified: xms_edov',
    'openid profile email',
    'b: group /a/b',
    'each of groups (after x-; only x-a)',
  ])
    expect(out).toContain(said);
});
