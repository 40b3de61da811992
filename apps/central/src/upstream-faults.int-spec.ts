import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { DevFaults } from '@ambit/dev-provider';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { group, TestCentral } from './central.test-support.ts';
import type { Page } from './sign-in.test-support.ts';
import { TestBrowser } from './sign-in.test-support.ts';
import {
  begin,
  comesBack,
  knownAs,
  membersOf,
  signInWith,
  startUpstream,
  stopUpstreams,
} from './upstream.test-support.ts';
import type { TestUpstream } from './upstream.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let upstream: TestUpstream;
let other: TestUpstream;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(group('oncall', []));
  const groups = [{ value: '/oncall', group: 'oncall' }];
  const people = ['ada', 'ben', 'cleo', 'dan', 'eva'].map((name) => ({
    name,
    groups: ['/oncall'],
  }));
  upstream = await startUpstream(central, { dialect: 'keycloak', people, spec: { groups } });
  other = await startUpstream(central, { dialect: 'google', people });
});
afterAll(async () => {
  await stopUpstreams();
  await central?.stop();
  await db.close();
});
beforeEach(async () => {
  await upstream.misbehave({});
  await other.misbehave({});
});

const seconds = (): number => Math.floor(Date.now() / 1000);

/** The newest event about the provider with this reason. */
async function told(reason: string, type = 'identity_provider.failed'): Promise<string> {
  let why = '';
  await eventually(
    async () => {
      const { body } = await central.get(`/audit/events?type=${type}`);
      const found = (body.items as { details: Record<string, string> }[]).find(
        ({ details }) => details['reason'] === reason,
      );
      expect(found).toBeDefined();
      why = found?.details['why'] ?? '';
    },
    { what: `an event about ${reason}` },
  );
  return why;
}

interface Refused {
  readonly page: Page;
  readonly reference: string;
}

/** Tries to sign in, and makes sure that nobody is. */
async function refused(faults: DevFaults, person = 'ada'): Promise<Refused> {
  await upstream.misbehave(faults);
  const { browser, page } = await signInWith(central, upstream, person);
  expect(page.status).toBeGreaterThanOrEqual(400);
  expect(await knownAs(browser)).toBeUndefined();
  const [, reference = ''] = /Reference: <code>([a-z2-7]{10})<\/code>/.exec(page.text) ?? [];
  return { page, reference };
}

/** Why it was, as the log has it under the reference of the page. */
function whyOf({ reference }: Refused): unknown {
  const line = central.logger.lines.find(({ fields }) => fields?.['reference'] === reference);
  return { reason: line?.fields?.['reason'], why: line?.fields?.['why'] };
}

describe('a token of a provider lets nobody in', () => {
  test.each<[string, () => DevFaults, RegExp]>([
    ['without a signature', () => ({ signing: 'none' }), /"alg"/],
    ['signed by the client secret', () => ({ signing: 'HS256' }), /"alg"/],
    ['signed by a key that is nowhere published', () => ({ signing: 'another key' }), /signature/],
    ['of another issuer', () => ({ tokenClaims: { iss: 'https://evil.example' } }), /"iss"/],
    ['for another client', () => ({ tokenClaims: { aud: 'another' } }), /"aud"/],
    [
      'for several clients, made for another of them',
      () => ({ tokenClaims: { aud: ['ambit', 'another'], azp: 'another' } }),
      /"azp"/,
    ],
    ['for us, made for another client', () => ({ tokenClaims: { azp: 'another' } }), /"azp"/],
    ['with the nonce of another sign-in', () => ({ tokenClaims: { nonce: 'another' } }), /"nonce"/],
    ['without a nonce', () => ({ tokenClaims: { nonce: null } }), /"nonce"/],
    ['without a subject', () => ({ tokenClaims: { sub: null } }), /"sub"/],
    ['with a list as subject', () => ({ tokenClaims: { sub: ['ada'] } }), /"sub"/],
    ['that is past by 61 s', () => ({ tokenClaims: { exp: seconds() - 61 } }), /"exp"/],
    ['that is good in 2 min', () => ({ tokenClaims: { nbf: seconds() + 120 } }), /"nbf"/],
    ['that was made in 2 min', () => ({ tokenClaims: { iat: seconds() + 120 } }), /"iat"/],
  ])('%s', async (_, faults, says) => {
    const refusal = await refused(faults());
    expect(refusal.page.text).toContain('Nobody is signed in by it.');
    expect(whyOf(refusal)).toEqual({ reason: 'token', why: expect.stringMatching(says) });
    expect(await told('token')).toContain('its ID token is not good');
  });

  test('O9: and one within 60 s of skew does', async () => {
    await upstream.misbehave({ tokenClaims: { exp: seconds() - 45, iat: seconds() + 45 } });
    const { browser } = await signInWith(central, upstream, 'ben');
    expect(await knownAs(browser)).toBe('ben@keycloak.example');
  });

  test('O8: with an e-mail that is not verified', async () => {
    const { page } = await refused({ claims: { email_verified: false } });
    expect(page).toMatchObject({ status: 403 });
    await refused({ claims: { email_verified: 'true' } });
    await refused({ claims: { email_verified: null } });
  });

  test('with an e-mail in a domain that another provider speaks for', async () => {
    const people = [{ name: 'ada', email: 'ben@keycloak.example', groups: [] }];
    const rogue = await startUpstream(central, { dialect: 'dex', name: 'rogue', people });
    expect((await signInWith(central, upstream, 'ben')).page.status).toBe(303);
    const { browser, page } = await signInWith(central, rogue, 'ada');
    expect(page.status).toBe(403);
    expect(await knownAs(browser)).toBeUndefined();
  });

  test('with claims of 100 KB', async () => {
    const { page } = await refused({ claims: { more: 'x'.repeat(100_000) } });
    expect(page.status).toBe(403);
  });

  test('that comes too late', async () => {
    const browser = new TestBrowser(central);
    const back = await comesBack(await begin(browser, upstream), 'ada');
    await upstream.misbehave({ slowMs: 6_000 });
    const page = await browser.get(back);
    expect(page).toMatchObject({ status: 503, text: expect.stringContaining('does not answer') });
    expect(await knownAs(browser)).toBeUndefined();
  });

  test('with userinfo of somebody else', async () => {
    const people = [{ name: 'ada', groups: [] }];
    const okta = await startUpstream(central, { dialect: 'okta', people });
    await okta.misbehave({ claims: { sub: 'another' } });
    const { browser, page } = await signInWith(central, okta, 'ada');
    expect(page.status).toBe(502);
    expect(await knownAs(browser)).toBeUndefined();
    expect(await told('userinfo')).toContain('userinfo');
  });
});

describe('groups', () => {
  const signedIn = async (faults: DevFaults): Promise<Page> => {
    await upstream.misbehave(faults);
    return (await signInWith(central, upstream, 'cleo')).page;
  };
  const isMember = async (): Promise<boolean> =>
    (await membersOf(central, 'oncall')).includes('cleo@keycloak.example');

  test('O5: that are missing change nothing, and an empty list takes them away', async () => {
    expect((await signedIn({})).status).toBe(303);
    expect(await isMember()).toBe(true);
    const page = await signedIn({ claims: { groups: null } });
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('groups') });
    expect(await isMember()).toBe(true);
    expect((await signedIn({ claims: { groups: [] } })).status).toBe(303);
    expect(await isMember()).toBe(false);
  });

  test('O6: as a text where a list belongs are refused with the reason', async () => {
    const { page } = await refused({ claims: { groups: '/oncall' } }, 'cleo');
    expect(page).toMatchObject({ status: 403, text: expect.stringContaining('groups') });
  });

  test('may be 300', async () => {
    const groups = Array.from({ length: 300 }, (_, at) => `/group-${at}`);
    expect((await signedIn({ claims: { groups: [...groups, '/oncall'] } })).status).toBe(303);
    expect(await isMember()).toBe(true);
  });
});

describe('an answer to the browser', () => {
  const stale = { status: 403, text: expect.stringContaining('Please begin again') };

  test('is good once', async () => {
    const browser = new TestBrowser(central);
    const back = await comesBack(await begin(browser, upstream), 'ada');
    expect((await browser.get(back)).status).toBe(303);
    expect(await browser.get(back)).toMatchObject(stale);
    expect(await told('state', 'login.failed')).toContain('no browser waits');
  });

  test('is good for the browser that began alone, and stays so for it', async () => {
    const [browser, thief] = [new TestBrowser(central), new TestBrowser(central)];
    await thief.get('/sign-in');
    const back = await comesBack(await begin(browser, upstream), 'ada');
    expect(await thief.get(back)).toMatchObject(stale);
    expect(await knownAs(thief)).toBeUndefined();
    expect((await browser.get(back)).status).toBe(303);
  });

  test('is good at the address of its provider alone', async () => {
    const browser = new TestBrowser(central);
    const back = await comesBack(await begin(browser, upstream), 'ada');
    const elsewhere = back.replace('/callback/keycloak', '/callback/google');
    expect(await browser.get(elsewhere)).toMatchObject(stale);
    expect(await knownAs(browser)).toBeUndefined();
  });

  test('that names another issuer is taken from nobody', async () => {
    const refusal = await refused({ answersAs: other.issuer });
    expect(whyOf(refusal)).toMatchObject({ reason: 'mixed_up' });
    expect(await told('mixed_up')).toContain('another issuer');
    // One that need not name itself, and names another, is no better.
    await other.misbehave({ answersAs: upstream.issuer });
    const { browser, page } = await signInWith(central, other, 'ada');
    expect(page.status).toBe(502);
    expect(await knownAs(browser)).toBeUndefined();
  });

  test('with a code of another sign-in is refused by the provider', async () => {
    const [one, two] = [new TestBrowser(central), new TestBrowser(central)];
    const first = new URLSearchParams(
      (await comesBack(await begin(one, upstream), 'ada')).split('?')[1],
    );
    const second = new URL(await comesBack(await begin(two, upstream), 'ben'), 'http://central');
    second.searchParams.set('code', first.get('code') ?? '');
    const page = await two.get(`${second.pathname}${second.search}`);
    expect(page.status).toBe(502);
    expect(await told('refused')).toContain('invalid_grant');
    expect(await knownAs(two)).toBeUndefined();
  });

  test.each(['', '?code=x', '?state=x&code=x', `?state=${'x'.repeat(43)}&error=access_denied`])(
    'that nobody waits for signs nobody in: "%s"',
    async (query) => {
      const browser = new TestBrowser(central);
      await browser.get('/sign-in');
      expect(await browser.get(`/sign-in/callback/keycloak${query}`)).toMatchObject(stale);
    },
  );

  test('that says no is told as it is, without an event about the provider', async () => {
    const browser = new TestBrowser(central);
    const url = new URL(await begin(browser, upstream));
    const state = url.searchParams.get('state') ?? '';
    const query = new URLSearchParams({ state, error: 'access_denied', iss: upstream.issuer });
    const page = await browser.get(`/sign-in/callback/keycloak?${String(query)}`);
    expect(page).toMatchObject({
      status: 403,
      text: expect.stringContaining('did not sign you in'),
    });
  });

  test('begins nothing by a link, and is for providers that there are', async () => {
    const browser = new TestBrowser(central);
    const page = await browser.get('/sign-in/with/keycloak');
    expect(page).toMatchObject({
      status: 200,
      text: expect.stringContaining('Sign in with keycloak'),
    });
    expect(page.text).not.toContain('http-equiv="refresh"');
    for (const name of ['none', 'Keycloak', '..%2fkeycloak'])
      expect((await browser.get(`/sign-in/with/${name}`)).status).toBe(404);
    expect((await browser.get('/sign-in/callback/none?code=x&state=x')).status).toBe(404);
    expect((await browser.post('/sign-in/with/keycloak', {})).status).toBe(403);
  });
});
