import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';
import type { TestBrowser } from './sign-in.test-support.ts';
import { knownAs, signInWith, startUpstream, stopUpstreams } from './upstream.test-support.ts';
import type { TestUpstream } from './upstream.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let corp: TestUpstream;
const names = ['ada', 'ben', 'cleo', 'dan', 'eva', 'fay', 'gus', 'hal'];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  const people = names.map((name) => ({ name, groups: [] }));
  corp = await startUpstream(central, { dialect: 'keycloak', name: 'corp', people });
});
afterAll(async () => {
  await stopUpstreams();
  await central?.stop();
  await db.close();
});

const ask = async (
  path: string,
  fields: Record<string, string>,
): Promise<Record<string, string>> => {
  const reply = await fetch(`${central.running.restUrl}/oauth2${path}`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'ambit-cli', ...fields }),
  });
  return (await reply.json()) as Record<string, string>;
};

interface In {
  readonly browser: TestBrowser;
  readonly token: string;
}

/** A program on a machine without a browser that somebody lets in who signed in with the provider. */
async function letIn(name: string): Promise<In> {
  const { browser } = await signInWith(central, corp, name);
  const device = await ask('/device/auth', { scope: 'openid offline_access' });
  const asked = await browser.get('/sign-in/device');
  const shown = await browser.submit(asked, { user_code: device['user_code'] ?? '' });
  expect(await browser.submit(shown, { answer: 'approve' })).toMatchObject({ status: 200 });
  const tokens = await ask('/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device['device_code'] ?? '',
  });
  return { browser, token: tokens['access_token'] ?? '' };
}

const status = async ({ token }: In): Promise<number> =>
  (await central.get('/me', { token })).status;

async function signOut(logoutToken: string, name = 'corp'): Promise<number> {
  const url = `${central.running.restUrl}/sign-in/backchannel/${name}`;
  const body = new URLSearchParams({ logout_token: logoutToken });
  return (await fetch(url, { method: 'POST', body })).status;
}

describe('a session of a person who signed in with a provider', () => {
  test('says so, and ends with the account there', async () => {
    const inside = await letIn('ada');
    expect((await central.get('/me', { token: inside.token })).body).toMatchObject({
      actor: 'user/ada@corp.example',
    });
    const { body } = await central.get('/sessions');
    expect(body.items).toContainEqual(
      expect.objectContaining({
        principal: 'user/ada@corp.example',
        signedInBy: 'ambit-cli (corp)',
      }),
    );
    const path = `/users/${encodeURIComponent('ada@corp.example')}/identities`;
    const [{ id }] = (await central.get(path)).body.items;
    expect((await central.call('DELETE', `${path}/${id}`)).status).toBe(200);
    expect(await status(inside)).toBe(401);
    expect((await signInWith(central, corp, 'ada')).page.status).toBe(403);
  });

  test('ends when the provider says that the person signed out, and so do browsers', async () => {
    const [inside, other] = [await letIn('ben'), await letIn('cleo')];
    expect(await signOut(await corp.logoutToken('ben'))).toBe(200);
    expect(await status(inside)).toBe(401);
    expect(await knownAs(inside.browser)).toBeUndefined();
    expect(await status(other)).toBe(200);
    const { body } = await central.get('/audit/events?type=session.ended');
    expect(JSON.stringify(body)).toContain('ben@corp.example');
    // Who signs in again is in again, and the token of before is of no use to anybody.
    expect(await status(await letIn('ben'))).toBe(200);
  });

  test('ends by a logout token once', async () => {
    await letIn('dan');
    const token = await corp.logoutToken('dan');
    expect(await signOut(token)).toBe(200);
    const again = await letIn('dan');
    expect(await signOut(token)).toBe(400);
    expect(await status(again)).toBe(200);
  });
});

describe('a logout token that names a sign-in there', () => {
  /** Signed in there once, under this `sid`; null: the provider tells sign-ins not apart. */
  async function letInAs(name: string, sid: string | null): Promise<In> {
    await corp.misbehave({ tokenClaims: { sid } });
    const inside = await letIn(name);
    await corp.misbehave({});
    return inside;
  }
  const statuses = (...ins: readonly In[]): Promise<number[]> => Promise.all(ins.map(status));

  test('and nobody, ends what began with it, and its browser, and nothing else', async () => {
    const [laptop, desk] = [await letInAs('fay', 'fay-1'), await letInAs('fay', 'fay-2')];
    const other = await letInAs('gus', 'gus-1');
    expect(await signOut(await corp.logoutToken('fay', { sub: null, sid: 'fay-1' }))).toBe(200);
    expect(await statuses(laptop, desk, other)).toEqual([401, 200, 200]);
    expect(await knownAs(laptop.browser)).toBeUndefined();
    expect(await knownAs(desk.browser)).toBe('fay@corp.example');
    const { body } = await central.get('/me', { token: laptop.token });
    expect(body).toMatchObject({
      code: 'session_ended',
      why: 'corp signed the person out.',
    });
  });

  test('and its person, ends that one, and those that began before sign-ins were told apart', async () => {
    const [one, two] = [await letInAs('hal', 'hal-1'), await letInAs('hal', 'hal-2')];
    const unknown = await letInAs('hal', null);
    expect(await signOut(await corp.logoutToken('hal', { sid: 'hal-1' }))).toBe(200);
    expect(await statuses(one, two, unknown)).toEqual([401, 200, 401]);
    expect(await knownAs(unknown.browser)).toBeUndefined();
    expect(await knownAs(two.browser)).toBe('hal@corp.example');
    // Without it all of the person's end.
    expect(await signOut(await corp.logoutToken('hal'))).toBe(200);
    expect(await status(two)).toBe(401);
  });

  test('of somebody else, or of another provider, ends nothing', async () => {
    const inside = await letInAs('gus', 'gus-2');
    const people = [{ name: 'gus', groups: [] }];
    const rival = await startUpstream(central, { dialect: 'dex', name: 'rival', people });
    const tokens = [
      [await corp.logoutToken('fay', { sid: 'gus-2' }), 'corp'],
      [await corp.logoutToken('gus', { sub: null, sid: 'unknown' }), 'corp'],
      [await rival.logoutToken('gus', { sub: null, sid: 'gus-2' }), 'rival'],
    ] as const;
    for (const [token, name] of tokens) expect(await signOut(token, name)).toBe(200);
    expect(await status(inside)).toBe(200);
    expect(await knownAs(inside.browser)).toBe('gus@corp.example');
  });

  test('under a name of any length and any characters', async () => {
    const sid = `${'\u0000\ud83d\ude00'.repeat(200)}'"`;
    const inside = await letInAs('gus', sid);
    expect(await signOut(await corp.logoutToken('gus', { sub: null, sid }))).toBe(200);
    expect(await status(inside)).toBe(401);
  });
});

describe('a logout token ends nothing', () => {
  const now = (): number => Math.floor(Date.now() / 1000);
  let inside: In;
  beforeAll(async () => {
    inside = await letIn('eva');
  });

  test.each<[string, () => Promise<string>]>([
    ['that is none', async () => 'x'.repeat(100)],
    ['of another issuer', () => corp.logoutToken('eva', { iss: 'https://evil.example' })],
    ['for another client', () => corp.logoutToken('eva', { aud: 'another' })],
    ['without an event', () => corp.logoutToken('eva', { events: null })],
    ['with another event', () => corp.logoutToken('eva', { events: { other: {} } })],
    ['with a nonce', () => corp.logoutToken('eva', { nonce: 'a' })],
    ['without jti', () => corp.logoutToken('eva', { jti: null })],
    ['without a person and a sign-in', () => corp.logoutToken('eva', { sub: null })],
    ['with a list as person', () => corp.logoutToken('eva', { sub: ['eva'], sid: 'a' })],
    ['with a number as sign-in', () => corp.logoutToken('eva', { sid: 1 })],
    ['with an empty sign-in', () => corp.logoutToken('eva', { sid: '' })],
    ['of an hour ago', () => corp.logoutToken('eva', { iat: now() - 3_600 })],
    ['that is over', () => corp.logoutToken('eva', { exp: now() - 61 })],
  ])('%s', async (_, token) => {
    expect(await signOut(await token())).toBe(400);
    expect(await status(inside)).toBe(200);
  });

  test.each(['none', 'HS256', 'another key'] as const)('signed by %s', async (signing) => {
    await corp.misbehave({ signing });
    const token = await corp.logoutToken('eva');
    await corp.misbehave({});
    expect(await signOut(token)).toBe(400);
    expect(await status(inside)).toBe(200);
  });

  test('of a provider that there is not', async () => {
    expect(await signOut(await corp.logoutToken('eva'), 'none')).toBe(400);
    expect(await status(inside)).toBe(200);
  });
});
