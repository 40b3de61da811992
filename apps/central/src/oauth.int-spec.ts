import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import * as client from 'openid-client';
import { replicaFolder, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { forgetCodes, localUser, signedInBrowser, TestBrowser } from './sign-in.test-support.ts';
import type { Fields, Page } from './sign-in.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let other: TestCentral;
let secrets: Readonly<Record<string, string>>;

beforeAll(async () => {
  db = await testDatabase();
  const policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  // A replica behind the same address as people see it.
  const publicUrl = central.running.restUrl ?? '';
  const dataDir = await replicaFolder(central);
  other = await TestCentral.start(db.url, { dataDir, flags: { publicUrl } });
  const made: Record<string, string> = {};
  for (const name of ['ada', 'ben', 'cleo', 'dan'])
    made[name] = await localUser(central, { policy, db }, name);
  secrets = made;
});
afterAll(async () => {
  await other?.stop();
  await central?.stop();
  await db.close();
});
beforeEach(async () => {
  await db.database.query('DELETE FROM sign_in_attempts');
});

const programName = 'ambit-cli';
const scope = 'openid offline_access';
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

const browserOf = (name: string): Promise<TestBrowser> =>
  signedInBrowser(central, db, name, secrets[name] ?? '');

interface Tokens {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  readonly body: any;
}

async function ask(path: string, fields: Fields, at = central): Promise<Tokens> {
  const reply = await fetch(`${at.running.restUrl}/oauth2${path}`, {
    method: 'POST',
    headers: { 'user-agent': 'ambit/test <on a laptop>' },
    body: new URLSearchParams({ client_id: programName, ...fields }),
  });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
}

interface Device {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

const device = async (): Promise<Device> => (await ask('/device/auth', { scope })).body;
const poll = ({ device_code }: Device, at = central): Promise<Tokens> =>
  ask('/token', { grant_type: deviceGrant, device_code }, at);
const refresh = (refresh_token: string, at = central): Promise<Tokens> =>
  ask('/token', { grant_type: 'refresh_token', refresh_token }, at);
const me = (token: string | undefined, at = central): Promise<Reply> =>
  at.get('/me', { token: token ?? 'none' });

async function answer(browser: TestBrowser, { user_code }: Device, given: string): Promise<Page> {
  const asked = await browser.get('/sign-in/device');
  const shown = await browser.submit(asked, { user_code });
  return browser.submit(shown, { answer: given });
}

/** Tokens of a person who approved a device. */
async function signedInDevice(name: string): Promise<Tokens['body']> {
  const waiting = await device();
  expect((await answer(await browserOf(name), waiting, 'approve')).status).toBe(200);
  const { status, body } = await poll(waiting);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}

describe('the device flow', () => {
  test('lets a program in as the person who approves, and not before', async () => {
    const waiting = await device();
    expect(waiting.verification_uri).toBe(`${central.running.restUrl}/oauth2/device`);
    expect((await poll(waiting)).body.error).toBe('authorization_pending');
    const browser = await browserOf('ada');
    const link = await browser.get(
      new URL(waiting.verification_uri_complete).pathname +
        new URL(waiting.verification_uri_complete).search,
    );
    expect(link.headers.get('location')).toBe(`/sign-in/device?user_code=${waiting.user_code}`);
    const asked = await browser.get(link.headers.get('location') ?? '');
    expect(asked.text).toContain(`value="${waiting.user_code}"`);
    const shown = await browser.submit(asked, { user_code: waiting.user_code.toLowerCase() });
    for (const words of [waiting.user_code, '<dd>ada</dd>', '127.0.0.1', '&lt;on a laptop&gt;'])
      expect(shown.text).toContain(words);
    expect((await poll(waiting)).body.error).toBe('authorization_pending');
    const done = await browser.submit(shown, { answer: 'approve' });
    expect(done.text).toContain('let in as ada');
    const { body } = await poll(waiting);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope });
    expect(await me(body.access_token)).toMatchObject({
      status: 200,
      body: { actor: 'user/ada', permissions: ['self'], session: {} },
    });
    expect((await me(body.access_token, other)).status).toBe(200);
    expect(await me(body.refresh_token)).toMatchObject({ status: 401 });
    const [{ hours }] = (await db.database.query<{ hours: number }>(
      `SELECT extract(epoch FROM expires_at - created_at)::float8 / 3600 AS hours FROM sessions`,
    )) as [{ hours: number }];
    expect(hours).toBe(12);
  });

  test('refuses for good what a person rejects', async () => {
    const waiting = await device();
    expect((await answer(await browserOf('ada'), waiting, 'reject')).text).toContain('not let in');
    expect((await poll(waiting)).body.error).toBe('access_denied');
    expect((await answer(await browserOf('ada'), waiting, 'approve')).status).toBe(403);
  });

  test('names whoever approves, whatever browser opened the link, and takes one answer', async () => {
    const waiting = await device();
    const [ada, ben] = [await browserOf('ada'), await browserOf('ben')];
    const seen = await ada.submit(await ada.get('/sign-in/device'), {
      user_code: waiting.user_code,
    });
    expect(seen.text).toContain('<dd>ada</dd>');
    const shown = await ben.submit(await ben.get('/sign-in/device'), {
      user_code: waiting.user_code,
    });
    expect(shown.text).toContain('<dd>ben</dd>');
    const answers = await Promise.all([
      ben.submit(shown, { answer: 'approve' }),
      ben.submit(shown, { answer: 'approve' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    expect((await ada.submit(seen, { answer: 'approve' })).status).toBe(403);
    const { body } = await poll(waiting, other);
    expect((await me(body.access_token)).body.actor).toBe('user/ben');
    expect((await poll(waiting)).body.error).toBe('invalid_grant');
    const running = (await central.get('/sessions')).body.items;
    const ofBen = running.filter((each: { principal: string }) => each.principal === 'user/ben');
    // The one approval began one session, and using the code twice ended it.
    expect(ofBen).toEqual([]);
    expect((await me(body.access_token)).status).toBe(401);
  });

  test('takes no answer without the mark of the form, and none from a stranger', async () => {
    const waiting = await device();
    const browser = await browserOf('ada');
    const fields = { user_code: waiting.user_code, answer: 'approve' };
    expect((await browser.post('/sign-in/device/answer', fields)).status).toBe(403);
    const stranger = new TestBrowser(central);
    const form = await stranger.get('/sign-in');
    const sent = await stranger.submit(form, fields, '/sign-in/device/answer');
    expect(sent.headers.get('location')).toBe('/sign-in');
    expect((await poll(waiting)).body.error).toBe('authorization_pending');
  });

  test('limits guesses at codes', async () => {
    const waiting = await device();
    const browser = await browserOf('ada');
    const asked = await browser.get('/sign-in/device');
    const statuses: number[] = [];
    for (let at = 0; at < 6; at++)
      statuses.push((await browser.submit(asked, { user_code: `BBBB-CCC${'BCDFGH'[at]}` })).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
    const guessed = await browser.submit(
      asked,
      { user_code: waiting.user_code, answer: 'approve' },
      '/sign-in/device/answer',
    );
    expect(guessed.status).toBe(429);
  });

  test('keeps nothing by which somebody who reads the database comes in', async () => {
    const waiting = await device();
    const browser = await browserOf('ada');
    await answer(browser, waiting, 'approve');
    const { body } = await poll(waiting);
    const kept = JSON.stringify(await db.database.query('SELECT * FROM sign_in_records'));
    const shown = [
      body.access_token,
      body.refresh_token,
      waiting.device_code,
      waiting.user_code.replace('-', ''),
      browser.cookies.get('ambit')?.value ?? '',
    ];
    const logged = JSON.stringify(central.logger.lines);
    for (const secret of shown) {
      expect(secret.length).toBeGreaterThan(7);
      expect(kept).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
  });

  test('works with a client that somebody else wrote', async () => {
    const server = new URL(`${central.running.restUrl}/oauth2`);
    const options = { execute: [client.allowInsecureRequests] };
    const config = await client.discovery(server, programName, undefined, client.None(), options);
    const waiting = await client.initiateDeviceAuthorization(config, { scope });
    await answer(await browserOf('ada'), waiting as unknown as Device, 'approve');
    const tokens = await client.pollDeviceAuthorizationGrant(config, waiting);
    expect(tokens.claims()).toMatchObject({ aud: programName, iss: server.href });
    const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect((await me(next.access_token)).status).toBe(200);
    await client.tokenRevocation(config, next.refresh_token ?? '');
    expect((await me(next.access_token)).status).toBe(401);
  });
});

interface Request {
  readonly verifier: string;
  readonly path: string;
}

const redirectUri = 'http://127.0.0.1:43117/callback';

function authorization(more: Fields = {}, challenge = true): Request {
  const verifier = randomBytes(32).toString('base64url');
  const pkce = challenge
    ? {
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }
    : {};
  const query = new URLSearchParams({
    client_id: programName,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: 'the state',
    nonce: 'the nonce',
    ...pkce,
    ...more,
  });
  return { verifier, path: `/oauth2/auth?${String(query)}` };
}

/** Goes to the page where the request is approved. */
async function toRequest(browser: TestBrowser, { path }: Request): Promise<Page> {
  const sent = await browser.get(path);
  expect(sent.status).toBe(303);
  return browser.get(sent.headers.get('location') ?? '');
}

/** Answers, and gives the address of the program where the browser ends. */
async function answered(browser: TestBrowser, page: Page, given: string): Promise<URL> {
  const thanks = await browser.submit(page, { answer: given });
  const [, next = ''] = /<a href="([^"]+)">Go on/.exec(thanks.text) ?? [];
  expect(thanks.text).toContain(`content="0;url=${next}"`);
  const back = await browser.get(next);
  return new URL(back.headers.get('location') ?? '');
}

const exchange = (code: string, code_verifier: string, more: Fields = {}): Promise<Tokens> =>
  ask('/token', {
    grant_type: 'authorization_code',
    code,
    code_verifier,
    redirect_uri: redirectUri,
    ...more,
  });

describe('the authorization code flow', () => {
  test('lets a program on this machine in, with state, nonce and PKCE', async () => {
    const browser = await browserOf('ada');
    const request = authorization();
    const page = await toRequest(browser, request);
    expect(page.text).toContain('<dd>127.0.0.1:43117</dd>');
    const back = await answered(browser, page, 'approve');
    expect(back.href).toMatch(/^http:\/\/127\.0\.0\.1:43117\/callback\?/);
    expect(back.searchParams.get('state')).toBe('the state');
    const code = back.searchParams.get('code') ?? '';
    const { body } = await exchange(code, request.verifier);
    const [, claims = ''] = body.id_token.split('.');
    const uid = (await central.get('/users/ada')).body.metadata.uid;
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      nonce: 'the nonce',
      sub: uid,
      aud: programName,
    });
    expect((await me(body.access_token)).body.actor).toBe('user/ada');
  });

  test('asks each time, and asks for a sign-in of a browser that has none', async () => {
    const browser = new TestBrowser(central);
    const first = await toRequest(browser, authorization());
    const form = first.headers.get('location') ?? '';
    expect(form).toMatch(/^\/sign-in\?to=%2Fsign-in%2Frequest%2F/);
    const signed = await browser.signIn('cleo', secrets['cleo'] ?? '', form);
    const page = await browser.get(signed.headers.get('location') ?? '');
    expect(page.text).toContain('<dd>cleo</dd>');
    await forgetCodes(db, 'cleo');
    await answered(browser, page, 'approve');
    const again = await toRequest(browser, authorization());
    expect(again.text).toContain('Let this program in?');
    const other = await browser.submit(again, {}, '/sign-in/out');
    expect(other.status).toBe(200);
    const request = authorization();
    const third = await toRequest(browser, request);
    const next = await browser.signIn(
      'ben',
      secrets['ben'] ?? '',
      third.headers.get('location') ?? '',
    );
    await forgetCodes(db, 'ben');
    const shown = await browser.get(next.headers.get('location') ?? '');
    const back = await answered(browser, shown, 'approve');
    const { body } = await exchange(back.searchParams.get('code') ?? '', request.verifier);
    expect((await me(body.access_token)).body.actor).toBe('user/ben');
    await central.call('DELETE', '/me/session', { token: body.access_token });
  });

  test('tells the program that the person said no', async () => {
    const browser = await browserOf('ada');
    const back = await answered(browser, await toRequest(browser, authorization()), 'reject');
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('state')).toBe('the state');
  });

  test('takes a code once, and the second time ends the session', async () => {
    const browser = await browserOf('ada');
    const request = authorization();
    const back = await answered(browser, await toRequest(browser, request), 'approve');
    const code = back.searchParams.get('code') ?? '';
    const { body } = await exchange(code, request.verifier);
    expect((await me(body.access_token)).status).toBe(200);
    expect((await exchange(code, request.verifier)).body.error).toBe('invalid_grant');
    expect((await me(body.access_token)).status).toBe(401);
    expect((await refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });

  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:1/callback' }],
    ['another client', { client_id: 'somebody' }],
  ])('takes no code with %s', async (_, more) => {
    const browser = await browserOf('ada');
    const request = authorization();
    const back = await answered(browser, await toRequest(browser, request), 'approve');
    const { status, body } = await exchange(
      back.searchParams.get('code') ?? '',
      request.verifier,
      more,
    );
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.access_token).toBeUndefined();
  });

  test.each([
    ['https://evil.example/callback'],
    ['http://127.0.0.1:43117/elsewhere'],
    ['http://localhost.evil.example/callback'],
  ])('sends nobody to %s', async (redirect_uri) => {
    const browser = await browserOf('ada');
    const refused = await browser.get(authorization({ redirect_uri }).path);
    expect(refused.status).toBe(400);
    expect(refused.headers.get('location')).toBeNull();
  });

  test('takes no request without PKCE', async () => {
    const browser = await browserOf('ada');
    const refused = await browser.get(authorization({}, false).path);
    const location = new URL(refused.headers.get('location') ?? '');
    expect(location.searchParams.get('error')).toBe('invalid_request');
  });

  test('takes the answer only from the browser that was sent', async () => {
    const [browser, second] = [await browserOf('ada'), await browserOf('ben')];
    const sent = await browser.get(authorization().path);
    const path = sent.headers.get('location') ?? '';
    expect((await second.get(path)).text).toContain('Nobody waits');
    const form = await second.get('/sign-in');
    expect((await second.submit(form, { answer: 'approve' }, path)).status).toBe(403);
    for (const name of ['ambit-request', 'ambit-request.sig'])
      second.cookies.set(name, browser.cookies.get(name)!);
    const page = await second.get(path);
    const forged = await browser.submit(page, { answer: 'approve' });
    expect(forged).toMatchObject({ status: 403, text: expect.stringContaining('another browser') });
  });
});

describe('a refresh token', () => {
  test('is good once: the second use ends the session, and the newest token with it', async () => {
    const first = await signedInDevice('ada');
    const second = (await refresh(first.refresh_token, other)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await me(second.access_token)).status).toBe(200);
    const third = (await refresh(second.refresh_token)).body;
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    for (const at of [central, other]) expect((await me(third.access_token, at)).status).toBe(401);
    expect((await refresh(third.refresh_token)).body.error).toBe('invalid_grant');
    const { body } = await central.get('/audit/events?type=session.ended&limit=1');
    expect(body.items[0].message).toContain('used twice');
  });

  test('used by three at once lets at most one go on, and ends the session', async () => {
    const { refresh_token: token } = await signedInDevice('ada');
    const replies = await Promise.all([refresh(token), refresh(token, other), refresh(token)]);
    const good = replies.filter(({ status }) => status === 200);
    expect(good.length).toBeLessThanOrEqual(1);
    for (const { body } of good) {
      expect((await me(body.access_token)).status).toBe(401);
      expect((await refresh(body.refresh_token)).body.error).toBe('invalid_grant');
    }
  });

  test('given back ends the session', async () => {
    const tokens = await signedInDevice('ada');
    expect((await ask('/token/revocation', { token: tokens.refresh_token })).status).toBe(200);
    expect((await me(tokens.access_token)).status).toBe(401);
  });
});

describe('a signed-in program', () => {
  test.each([
    ['the session is ended', async (id: string) => central.call('DELETE', `/sessions/${id}`)],
    [
      'the person is locked',
      async () => central.apply({ ...user('dan'), spec: { active: false } }),
    ],
  ])('is refused everywhere at once when %s', async (_, end) => {
    await central.apply({ ...user('dan'), spec: { active: true } });
    const { access_token: token, refresh_token: next } = await signedInDevice('dan');
    const { id } = (await me(token, other)).body.session;
    await end(id);
    for (const at of [central, other])
      expect(await me(token, at)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    expect((await refresh(next)).body.error).toBe('invalid_grant');
  });

  test('is refused when its access token is over, and lives on with the next', async () => {
    const { access_token: token, refresh_token: next } = await signedInDevice('ada');
    await db.database.query(
      `UPDATE sign_in_records SET expires_at = now() WHERE model = 'AccessToken'`,
    );
    expect(await me(token)).toMatchObject({ status: 401, body: { code: 'token_expired' } });
    expect((await me((await refresh(next)).body.access_token)).status).toBe(200);
  });

  test('ends its own session', async () => {
    const { access_token: token } = await signedInDevice('ada');
    expect((await central.call('DELETE', '/me/session', { token })).status).toBe(200);
    expect((await me(token)).body.code).toBe('session_ended');
  });
});

describe('the OAuth server', () => {
  test('says where it is by its own settings, not by what a request says', async () => {
    const url = `${other.running.restUrl}/oauth2/.well-known/openid-configuration`;
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    const told = (await (await fetch(url, { headers })).json()) as Record<string, string>;
    expect(told['issuer']).toBe(`${central.running.restUrl}/oauth2`);
    expect(told['token_endpoint']).toBe(`${central.running.restUrl}/oauth2/token`);
    expect(JSON.stringify(told)).not.toContain('evil');
  });

  test('shows an error as a page without a script', async () => {
    const reply = await fetch(`${central.running.restUrl}/oauth2/auth?client_id=nobody`, {
      headers: { accept: 'text/html' },
    });
    const text = await reply.text();
    expect(reply.status).toBe(400);
    expect(text).toContain('That did not work');
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
