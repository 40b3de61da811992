import { hash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { replicaFolder, signIn, TestCentral, testSettings, user } from './central.test-support.ts';
import { offerSetUp } from './features/sign-in/public.ts';
import {
  codeOf,
  forgetCodes,
  hiddenOf,
  localUser,
  password,
  secretOn,
  signedInBrowser,
  TestBrowser,
} from './sign-in.test-support.ts';
import type { Page } from './sign-in.test-support.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;
const test_ = { kind: 'system', name: 'test' } as const;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});
beforeEach(async () => {
  await db.database.query('DELETE FROM sign_in_attempts');
});

const refusal = 'Name, password or code is not right.';
const offer = (name: string): Promise<string> => offerSetUp(policy.unit, test_, name);
const make = (name: string): Promise<string> => localUser(central, { policy, db }, name);

async function setUpPage(setUpCode: string, browser = new TestBrowser(central)): Promise<Page> {
  const first = await browser.get('/sign-in/set-up');
  return browser.submit(first, { set_up_code: setUpCode });
}

describe('set-up of a local user', () => {
  test('makes the person, and the code is good once and kept as a hash', async () => {
    const setUpCode = await offer('ada');
    expect((await central.get('/users/ada')).status).toBe(200);
    const kept = await db.database.query('SELECT * FROM local_credentials');
    expect(JSON.stringify(kept)).not.toContain(setUpCode.slice(0, 5));
    const browser = new TestBrowser(central);
    const page = await setUpPage(setUpCode.toUpperCase().replaceAll('-', ' '), browser);
    expect(page.text).toContain('setting up the sign-in of <strong>ada</strong>');
    const code = codeOf(secretOn(page));
    const done = await browser.submit(page, { password, again: password, code });
    expect(done.text).toContain('Your sign-in is set up');
    const again = await setUpPage(setUpCode);
    expect(again).toMatchObject({ status: 403, text: expect.stringContaining('not good') });
    const { body } = await central.get('/audit/events?type=login.*');
    expect(body.items.map(({ type }: { type: string }) => type)).toEqual([
      'login.set_up',
      'login.set_up_offered',
    ]);
    const told = JSON.stringify([body, central.logger.lines]);
    for (const secret of [setUpCode, password, secretOn(page)]) expect(told).not.toContain(secret);
  });

  test.each([
    ['two that differ', { password, again: `${password}.` }, 'The two passwords differ.'],
    ['a short one', { password: 'short', again: 'short' }, '12 to 256 characters'],
    [
      'one with the name',
      { password: 'i am ben, really', again: 'i am ben, really' },
      'hold the name',
    ],
    ['a wrong code', { password, again: password, code: '000000' }, 'authenticator is not right'],
  ])('refuses %s, and the code stays good', async (_, fields, words) => {
    const setUpCode = await offer('ben');
    const browser = new TestBrowser(central);
    const page = await setUpPage(setUpCode, browser);
    const refused = await browser.submit(page, { code: codeOf(secretOn(page)), ...fields });
    expect(refused).toMatchObject({ status: 422, text: expect.stringContaining(words) });
    expect((await setUpPage(setUpCode)).status).toBe(200);
  });

  test('is over after a day, and with the next code', async () => {
    const first = await offer('cleo');
    const second = await offer('cleo');
    expect((await setUpPage(first)).status).toBe(403);
    expect((await setUpPage(second)).status).toBe(200);
    await db.database.query(`UPDATE local_credentials SET set_up_until = now()`);
    expect((await setUpPage(second)).status).toBe(403);
  });

  test('again ends what ran before, and the wait that guesses of others made', async () => {
    const secret = await make('abe');
    const browser = await signedInBrowser(central, db, 'abe', secret);
    const session = await signIn(policy, 'abe');
    const guess = async (): Promise<number> => {
      const guesser = new TestBrowser(central);
      const fields = { name: 'abe', password: 'a wrong password', code: '123456' };
      return (await guesser.submit(await guesser.get('/sign-in'), fields)).status;
    };
    for (let at = 0; at < 5; at++) await guess();
    expect(await guess()).toBe(429);
    const next = await make('abe');
    expect(next).not.toBe(secret);
    expect((await browser.get('/sign-in')).text).not.toContain('signed in as');
    const { body } = await central.get('/me', { token: session.token });
    expect(body).toMatchObject({ code: 'session_ended', why: 'The password was set anew.' });
    expect((await new TestBrowser(central).signIn('abe', next)).status).toBe(303);
  });

  test('is not made for a locked person', async () => {
    await central.apply({ ...user('dan'), spec: { active: false } });
    await expect(offer('dan')).rejects.toMatchObject({ message: 'User dan is locked.' });
  });
});

describe('a local sign-in', () => {
  test('takes name, password and code, under a new id of the browser', async () => {
    const secret = await make('eva');
    const browser = new TestBrowser(central);
    const form = await browser.get('/sign-in');
    const before = browser.cookies.get('ambit')?.value;
    const signed = await browser.submit(form, { name: 'eva', password, code: codeOf(secret) });
    expect(signed).toMatchObject({ status: 303 });
    expect(signed.headers.get('location')).toBe('/sign-in');
    expect(signed.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Lax$/);
    expect(browser.cookies.get('ambit')?.value).not.toBe(before);
    const page = await browser.get('/sign-in');
    expect(page.text).toContain('signed in as <strong>eva</strong>');
    const knew = new TestBrowser(central);
    knew.cookies.set('ambit', { value: before ?? '', path: '/' });
    expect((await knew.get('/sign-in')).text).not.toContain('signed in as');
    await browser.submit(page, {});
    expect((await browser.get('/sign-in')).text).not.toContain('signed in as');
  });

  test('uses a code up', async () => {
    const secret = await make('fay');
    const code = codeOf(secret);
    const tries = [];
    for (let at = 0; at < 2; at++) {
      const browser = new TestBrowser(central);
      const form = await browser.get('/sign-in');
      tries.push((await browser.submit(form, { name: 'fay', password, code })).status);
    }
    expect(tries).toEqual([303, 403]);
  });

  test('says the same to unknown names, wrong passwords, wrong codes, locked people and people without a password', async () => {
    const secret = await make('gus');
    const locked = await make('hal');
    await central.apply({ ...user('hal'), spec: { active: false } }, user('ivy'));
    const right = { name: 'gus', password, code: codeOf(secret) };
    const wrong = [
      { ...right, name: 'nobody-at-all' },
      { ...right, password: 'another long password' },
      { ...right, code: '000000' },
      { name: 'hal', password, code: codeOf(locked) },
      { ...right, name: 'ivy' },
    ];
    const texts = new Set<string>();
    for (const fields of wrong) {
      const browser = new TestBrowser(central);
      const reply = await browser.submit(await browser.get('/sign-in'), fields);
      expect(reply.status).toBe(403);
      texts.add(reply.text.replace(hiddenOf(reply.text)['form'] ?? '', ''));
    }
    expect(texts.size).toBe(1);
    expect([...texts][0]).toContain(refusal);
    const { body } = await central.get('/audit/events?type=login.failed');
    const messages = body.items.map(({ message }: { message: string }) => message);
    expect(messages.filter((each: string) => each.includes('unknown name'))).toHaveLength(3);
    expect(JSON.stringify(body)).not.toContain('nobody-at-all');
  });

  test('makes who guesses wait longer and longer, at every browser, and looks at nothing meanwhile', async () => {
    const secret = await make('jan');
    const tries = async (fields: object): Promise<Page> => {
      const browser = new TestBrowser(central);
      const form = await browser.get('/sign-in');
      return browser.submit(form, { name: 'jan', password, code: codeOf(secret), ...fields });
    };
    for (let at = 0; at < 5; at++)
      expect((await tries({ password: 'a wrong password' })).status).toBe(403);
    const waits = await tries({});
    expect(waits).toMatchObject({ status: 429, text: expect.stringContaining('Too many tries.') });
    expect(Number(waits.headers.get('retry-after'))).toBeGreaterThan(0);
    for (const least of [1, 3]) {
      await db.database.query('UPDATE sign_in_attempts SET next_at = now()');
      expect((await tries({ password: 'a wrong password' })).status).toBe(403);
      expect(Number((await tries({})).headers.get('retry-after'))).toBeGreaterThan(least);
    }
    await db.database.query('UPDATE sign_in_attempts SET next_at = now()');
    expect((await tries({})).status).toBe(303);
    await forgetCodes(db, 'jan');
    expect((await tries({ password: 'a wrong password' })).status).toBe(403);
    expect((await tries({})).status).toBe(303);
  });

  test('looks at few of many guesses that come at once', async () => {
    const guesses = Array.from({ length: 30 }, async () => {
      const browser = new TestBrowser(central);
      const form = await browser.get('/sign-in');
      return browser.submit(form, { name: 'kim', password: 'a wrong password', code: '123456' });
    });
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 403).length).toBeLessThan(8);
  });

  test('makes an address wait that tries one name after the other', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 22; at++) {
      const browser = new TestBrowser(central);
      const form = await browser.get('/sign-in');
      const fields = { name: `name-${at}`, password: 'a wrong password', code: '123456' };
      statuses.push((await browser.submit(form, fields)).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 403));
    expect(statuses.slice(20)).toContain(429);
  });
});

describe('a page of sign-in', () => {
  test.each(['no token', 'a token of another browser'])('refuses a form with %s', async (what) => {
    const secret = await make('lea');
    const [browser, other] = [new TestBrowser(central), new TestBrowser(central)];
    await browser.get('/sign-in');
    const token = what === 'no token' ? '' : hiddenOf((await other.get('/sign-in')).text)['form'];
    const fields = { form: token ?? '', name: 'lea', password, code: codeOf(secret) };
    const refused = await browser.post('/sign-in', fields);
    expect(refused).toMatchObject({
      status: 403,
      text: expect.stringContaining('another browser'),
    });
    expect((await browser.get('/sign-in')).text).not.toContain('signed in as');
  });

  test.each([
    'https://evil.example',
    '//evil.example',
    '/sign-in/device?user_code=A&x=//evil.example',
    '/oauth2/auth',
    'javascript:alert(1)',
  ])('leads nobody to %s', async (to) => {
    const secret = await make('mia');
    const browser = new TestBrowser(central);
    const path = `/sign-in?${String(new URLSearchParams({ to }))}`;
    const form = await browser.get(path);
    expect(form.text).not.toContain('name="to"');
    const fields = { name: 'mia', password, code: codeOf(secret), to };
    const signed = await browser.submit(form, fields);
    expect(signed.headers.get('location')).toBe('/sign-in');
    expect((await browser.get(path)).headers.get('location')).toBe(null);
  });

  test('allows no script and no frame, and is not kept', async () => {
    const { headers, text } = await new TestBrowser(central).get('/sign-in');
    const policyText = headers.get('content-security-policy') ?? '';
    expect(policyText).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self';/,
    );
    expect(policyText).toContain("frame-ancestors 'none'");
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(text) ?? [];
    expect(policyText).toContain(hash('sha256', style, 'base64'));
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/<script|style="|\son\w+="/);
    expect((await new TestBrowser(central).get('/sign-in/elsewhere')).status).toBe(404);
  });

  test('shows what people typed as text', async () => {
    const secret = await make('noa');
    const browser = await signedInBrowser(central, db, 'noa', secret);
    const typed = '"><script>x</script>';
    const { text } = await browser.get(`/sign-in/device?user_code=${encodeURIComponent(typed)}`);
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;x&lt;/sc');
    expect(text).not.toContain('<script');
  });

  test('takes no large form, and nothing that is no form', async () => {
    const browser = new TestBrowser(central);
    const form = await browser.get('/sign-in');
    const large = await browser.submit(form, { name: 'x'.repeat(9_000) });
    expect(large).toMatchObject({ status: 400, text: expect.stringContaining('too large') });
    const url = `${central.running.restUrl}/sign-in`;
    const json = await fetch(url, { method: 'POST', body: '{}' });
    expect(json.status).toBe(400);
  });

  test('knows a locked person no longer', async () => {
    const secret = await make('ole');
    const browser = await signedInBrowser(central, db, 'ole', secret);
    await central.apply({ ...user('ole'), spec: { active: false } });
    expect((await browser.get('/sign-in')).text).not.toContain('signed in as');
    expect((await browser.get('/sign-in/device')).status).toBe(303);
  });
});

describe('central behind a public URL', () => {
  test('binds cookies to it and to https, and says where it is', async () => {
    const dataDir = await replicaFolder(central);
    const flags = { publicUrl: 'https://ambit.example.com/' };
    const replica = await TestCentral.start(db.url, { dataDir, flags });
    try {
      const page = await new TestBrowser(replica).get('/sign-in');
      expect(page.headers.get('set-cookie')).toMatch(
        /^__Host-ambit=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
      const url = `${replica.running.restUrl}/oauth2/.well-known/openid-configuration`;
      const told = (await (await fetch(url)).json()) as Record<string, string>;
      expect(told['issuer']).toBe('https://ambit.example.com/oauth2');
      const query = new URLSearchParams({
        client_id: 'ambit-cli',
        response_type: 'code',
        scope: 'openid',
        redirect_uri: 'http://127.0.0.1:1/callback',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      });
      const sent = await new TestBrowser(replica).get(`/oauth2/auth?${String(query)}`);
      const cookies = sent.headers.getSetCookie();
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) expect(cookie).toMatch(/^__Secure-.*; secure; httponly$/i);
    } finally {
      await replica.stop();
    }
  });

  test('does not start with another key of sign-in, or without it', async () => {
    const dataDir = await replicaFolder(central);
    const path = join(dataDir, 'central/keys/sign-in.key');
    await writeFile(path, `${'x'.repeat(43)}\n`);
    const start = (): Promise<TestCentral> => TestCentral.start(db.url, { dataDir });
    await expect(start()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('is not that of this installation'),
    });
    await rm(path);
    await expect(start()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('is missing'),
    });
  });

  test.each(['http://ambit.example.com', 'https://ambit.example.com/path', 'ambit'])(
    'does not start as %s',
    async (publicUrl) => {
      await expect(testSettings({ publicUrl }, {})).rejects.toMatchObject({
        code: 'config_invalid',
      });
    },
  );
});
