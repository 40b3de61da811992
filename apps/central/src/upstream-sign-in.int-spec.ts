import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDevProvider } from '@ambit/dev-provider';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, replicaFolder, TestCentral, user } from './central.test-support.ts';
import { TestDirectory } from './scim.test-support.ts';
import { hiddenOf, TestBrowser } from './sign-in.test-support.ts';
import {
  begin,
  comesBack,
  knownAs,
  leadsTo,
  secretsOf,
  signInWith,
  startUpstream,
  stopUpstreams,
} from './upstream.test-support.ts';
import type { TestUpstream } from './upstream.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let replica: TestCentral;
let corp: TestUpstream;
const people = ['ada', 'ben', 'cleo', 'dan', 'eva'].map((name) => ({ name, groups: ['/a'] }));

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  const publicUrl = central.running.restUrl ?? '';
  const dataDir = await replicaFolder(central);
  replica = await TestCentral.start(db.url, {
    dataDir,
    flags: { publicUrl, idpSecrets: secretsOf(central) },
  });
  corp = await startUpstream(central, {
    dialect: 'keycloak',
    name: 'corp',
    people,
    spec: { title: 'Corp <sso>' },
  });
});
afterAll(async () => {
  await stopUpstreams();
  await replica?.stop();
  await central?.stop();
  await db.close();
});

describe('the page of sign-in', () => {
  test('has a button for each provider, and the password form folded below', async () => {
    const { text } = await new TestBrowser(central).get('/sign-in');
    expect(text).toContain('Sign in with Corp &lt;sso&gt;');
    const [before = '', after = ''] = text.split('<details>');
    expect(before).toContain('action="/sign-in/with/corp"');
    expect(after).toContain('action="/sign-in"');
    expect(text).not.toMatch(/<script|style="|\son\w+="/);
  });

  test('shows the password form at once to who mistyped', async () => {
    const browser = new TestBrowser(central);
    const page = await browser.get('/sign-in');
    const fields = { ...hiddenOf(page.text), name: 'x', password: 'wrong', code: '123456' };
    const refused = await browser.post('/sign-in', fields);
    expect(refused).toMatchObject({ status: 403, text: expect.stringContaining('<details open>') });
  });

  test.each(['https://evil.example', '//evil.example', '/oauth2/auth', '/sign-in/callback/corp'])(
    'leads nobody to %s after a provider',
    async (to) => {
      const browser = new TestBrowser(central);
      const page = await browser.get(`/sign-in?${String(new URLSearchParams({ to }))}`);
      expect(page.text).not.toContain('name="to"');
      const forced = await browser.submit(page, { to }, '/sign-in/with/corp');
      const done = await browser.get(await comesBack(leadsTo(forced), 'ada'));
      expect(done.headers.get('location')).toBe('/sign-in');
    },
  );

  test('leads on to where the person was going', async () => {
    const browser = new TestBrowser(central);
    const asked = await browser.get('/sign-in/device?user_code=ABCD-EFGH');
    const url = await begin(browser, corp, asked.headers.get('location') ?? '');
    const done = await browser.get(await comesBack(url, 'ada'));
    expect(done.headers.get('location')).toBe('/sign-in/device?user_code=ABCD-EFGH');
  });
});

test('the provider is asked with PKCE, state and nonce of this sign-in alone', async () => {
  const asked = await Promise.all(
    [1, 2].map(async () => new URL(await begin(new TestBrowser(central), corp)).searchParams),
  );
  for (const query of asked)
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${central.running.restUrl}/sign-in/callback/corp`,
    });
  for (const name of ['state', 'nonce', 'code_challenge'])
    expect(asked[0]?.get(name)).not.toBe(asked[1]?.get(name));
  // What is kept shows nobody the proofs.
  const kept = JSON.stringify(await db.database.query('SELECT * FROM sign_in_records'));
  for (const name of ['state', 'nonce']) expect(kept).not.toContain(asked[0]?.get(name));
});

test('a browser has another id once somebody is signed in with it', async () => {
  const browser = new TestBrowser(central);
  const url = await begin(browser, corp);
  const before = browser.cookies.get('ambit')?.value ?? '';
  await browser.get(await comesBack(url, 'ada'));
  expect(await knownAs(browser)).toBe('ada@corp.example');
  const fixed = new TestBrowser(central);
  fixed.cookies.set('ambit', { value: before, path: '/' });
  expect(await knownAs(fixed)).toBeUndefined();
});

test('a sign-in goes on at whichever replica the browser comes back to', async () => {
  const browser = new TestBrowser(central);
  const back = await comesBack(await begin(browser, corp), 'ben');
  const there = new TestBrowser(replica);
  for (const [name, cookie] of browser.cookies) there.cookies.set(name, cookie);
  expect(await there.get(back)).toMatchObject({ status: 303 });
  expect(await knownAs(there)).toBe('ben@corp.example');
  expect((await browser.get(back)).status).toBe(403);
});

describe('a provider', () => {
  test('O10: that rotates its keys in the middle of a sign-in, and between two, lets people in', async () => {
    await signInWith(central, corp, 'cleo');
    const browser = new TestBrowser(central);
    const back = await comesBack(await begin(browser, corp), 'cleo');
    await corp.rotateKeys();
    expect((await browser.get(back)).status).toBe(303);
    await corp.rotateKeys();
    expect((await signInWith(central, corp, 'cleo')).page.status).toBe(303);
  });

  test('that is started again with other keys lets people in', async () => {
    const options = { dialect: 'dex', name: 'again', people } as const;
    const first = await startUpstream(central, options);
    await signInWith(central, first, 'ada');
    await first.stop();
    const port = Number(new URL(first.issuer).port);
    const start: typeof startDevProvider = (given) => startDevProvider({ ...given, port });
    const second = await startUpstream(central, { ...options, start });
    expect(second.issuer).toBe(first.issuer);
    expect((await signInWith(central, second, 'ada')).page.status).toBe(303);
  });

  test('O11: that is down is told as it is, and the others and those who are in go on', async () => {
    const down = await startUpstream(central, { dialect: 'okta', name: 'down', people });
    const { browser: inside } = await signInWith(central, down, 'ada');
    await down.misbehave({ down: true });
    const back = new TestBrowser(central);
    const page = await back.get('/sign-in');
    // Its discovery document is known still: the person is sent there, and comes back to nobody.
    expect(leadsTo(await back.submit(page, {}, '/sign-in/with/down'))).toContain(down.issuer);
    expect(await knownAs(inside)).toBe('ada@down.example');
    expect((await signInWith(central, corp, 'dan')).page.status).toBe(303);
    // Whoever does not know it yet.
    const browser = new TestBrowser(replica);
    const form = await browser.get('/sign-in');
    const refused = await browser.submit(form, {}, '/sign-in/with/down');
    expect(refused).toMatchObject({
      status: 503,
      text: expect.stringMatching(/down does not answer[^]*Reference: <code>/),
    });
    expect(
      await replica.metric('ambit_idp_errors_total{provider="down",reason="unreachable"}'),
    ).toBe(1);
    await down.misbehave({});
  });

  test('that goes down in the middle of a sign-in lets nobody in', async () => {
    const browser = new TestBrowser(central);
    const back = await comesBack(await begin(browser, corp), 'eva');
    await corp.misbehave({ down: true });
    const page = await browser.get(back);
    await corp.misbehave({});
    expect(page).toMatchObject({ status: 503, text: expect.stringContaining('does not answer') });
    expect(await knownAs(browser)).toBeUndefined();
  });

  test('whose secret is not there is told to who runs central, and the place to nobody else', async () => {
    const spec = { clientSecret: { env: 'IDP_NOT_THERE' } };
    await startUpstream(central, { dialect: 'dex', name: 'no-secret', people, spec });
    const browser = new TestBrowser(central);
    const page = await browser.get('/sign-in');
    const refused = await browser.submit(page, {}, '/sign-in/with/no-secret');
    expect(refused.text).toContain('something is missing on our side');
    expect(refused.status).toBe(502);
    expect(refused.text).not.toContain('IDP_NOT_THERE');
    expect(JSON.stringify(central.logger.lines)).toContain('IDP_NOT_THERE');
  });

  test('at a private address is not asked unless an administrator said that it is there', async () => {
    const { clientId } = corp;
    const issuer = corp.issuer.replace('http://', 'https://');
    const clientSecret = { file: 'corp' };
    await central.apply(
      document('IdentityProvider', 'inside', { preset: 'oidc', issuer, clientId, clientSecret }),
    );
    const browser = new TestBrowser(central);
    const page = await browser.get('/sign-in');
    expect((await browser.submit(page, {}, '/sign-in/with/inside')).status).toBe(503);
    expect(JSON.stringify(central.logger.lines)).toContain('private address 127.0.0.1');
  });

  test('O7: that names another issuer than was written, by a slash at its end, is refused', async () => {
    const provider = await startDevProvider({ dialect: 'okta', people: [], redirectUris: [] });
    const issuer = `${provider.issuer}/`;
    const clientSecret = { file: 'corp' };
    const spec = { preset: 'oidc', issuer, clientId: 'ambit', clientSecret, internal: true };
    await central.apply(document('IdentityProvider', 'slash', spec));
    const browser = new TestBrowser(central);
    const page = await browser.get('/sign-in');
    const refused = await browser.submit(page, {}, '/sign-in/with/slash');
    await provider.stop();
    expect(refused.status).toBe(502);
    const whys = central.logger.lines.map(({ fields }) => fields?.['why']);
    expect(whys).toContainEqual(expect.stringContaining('letter by letter'));
  });
});

test('no secret, code or token of a sign-in is in the log or the audit trail', async () => {
  await signInWith(central, corp, 'ada');
  const { body } = await central.get('/audit/events');
  const said = JSON.stringify([body, central.logger.lines, replica.logger.lines]);
  expect(said).not.toContain(corp.clientSecret);
  expect(said).not.toMatch(/eyJ|[?&]code=/);
});

describe('a test of a provider', () => {
  const start = async (name = 'corp'): Promise<{ id: string; url: string }> => {
    const { body } = await central.call('POST', `/identityproviders/${name}/tests`);
    return body;
  };

  test('changes nothing, and shows both sides what would come of it', async () => {
    await central.apply(user('zoe@corp.example'));
    const { id, url } = await start();
    const path = new URL(url).pathname;
    const waiting = await central.get(`/identityproviders/corp/tests/${id}`);
    expect(waiting.body).toMatchObject({ state: 'Waiting', provider: 'corp' });
    expect(waiting.body).not.toHaveProperty('url');
    const browser = new TestBrowser(central);
    const asked = await browser.get(path);
    expect(asked.text).toContain('nothing is changed');
    const users = await central.get('/users');
    const back = await comesBack(leadsTo(await browser.submit(asked, {})), 'eva');
    const page = await browser.get(back);
    expect(page.text).toContain('<strong>eva@corp.example</strong>');
    expect(page.text).toContain('&quot;/a&quot;');
    expect(await knownAs(browser)).toBeUndefined();
    const { body } = await central.get(`/identityproviders/corp/tests/${id}`);
    expect(body).toMatchObject({
      state: 'Done',
      preview: {
        person: { name: 'eva@corp.example', how: 'OnSignIn', isNew: true },
        claims: { groups: ['/a'] },
      },
    });
    expect((await central.get('/users')).body.items.length).toBe(users.body.items.length);
    expect((await browser.get(path)).status).toBe(404);
  });

  test('O2: says what the ids of groups are called, where the directory of the provider knows', async () => {
    const known = '6f3a1c52-0d1e-4b8a-9d0e-1f2a3b4c5d6e';
    const directory = await TestDirectory.of(central, 'azure');
    const people = [{ name: 'kim', groups: [known, 'b2a6a0b1-0000-4000-8000-000000000000'] }];
    await startUpstream(central, {
      dialect: 'entra',
      name: 'azure',
      people,
      spec: { directory: { service: 'azure-scim' } },
    });
    const made = { displayName: 'On Call', externalId: known };
    expect((await directory.call('POST', '/Groups', { body: made })).status).toBe(201);
    const { id, url } = await start('azure');
    const browser = new TestBrowser(central);
    const asked = await browser.get(new URL(url).pathname);
    await browser.get(await comesBack(leadsTo(await browser.submit(asked, {})), 'kim'));
    const { body } = await central.get(`/identityproviders/azure/tests/${id}`);
    expect(body.preview.namedById).toEqual([
      { id: known, displayName: 'On Call', group: 'on-call' },
    ]);
  });

  test('tells the administrator why nobody came in', async () => {
    const { id, url } = await start();
    const browser = new TestBrowser(central);
    const asked = await browser.get(new URL(url).pathname);
    const back = await comesBack(leadsTo(await browser.submit(asked, {})), 'eva');
    await corp.misbehave({ signing: 'HS256' });
    const page = await browser.get(back);
    await corp.misbehave({});
    expect(page.text).toContain('Nobody would be let in');
    const { body } = await central.get(`/identityproviders/corp/tests/${id}`);
    expect(body).toMatchObject({ state: 'Failed', why: expect.stringContaining('ID token') });
  });

  test('is told in the audit trail: by whom, of which provider, and nothing that opens it', async () => {
    const { id } = await start();
    const { body } = await central.get('/audit/events?type=identity_provider.tested');
    expect(body.items[0]).toMatchObject({
      actor: { kind: 'token', name: 'token/first-admin' },
      object: { kind: 'IdentityProvider', name: 'corp' },
      message: 'token/first-admin began a test of signing in with corp',
    });
    expect(JSON.stringify(body)).not.toContain(id);
    const before = body.items.length;
    await central.call('POST', '/identityproviders/none/tests');
    const after = await central.get('/audit/events?type=identity_provider.tested');
    expect(after.body.items.length).toBe(before);
  });

  test('is of one provider, is there, and knows its link', async () => {
    expect((await central.call('POST', '/identityproviders/none/tests')).status).toBe(404);
    const { id } = await start();
    expect((await central.get(`/identityproviders/again/tests/${id}`)).status).toBe(404);
    expect((await central.get(`/identityproviders/corp/tests/${'x'.repeat(43)}`)).status).toBe(404);
    const link = `/sign-in/test/${'x'.repeat(43)}`;
    expect((await new TestBrowser(central).get(link)).status).toBe(404);
  });
});
