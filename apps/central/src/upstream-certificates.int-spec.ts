import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthority } from '@ambit/dev-cluster';
import type { ServingPair } from '@ambit/dev-provider';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral } from './central.test-support.ts';
import { TestBrowser } from './sign-in.test-support.ts';
import {
  begin,
  comesBack,
  knownAs,
  leadsTo,
  startUpstream,
  stopUpstreams,
} from './upstream.test-support.ts';

const people = [{ name: 'ada', groups: [] }];
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let db: TestDatabase;
let central: TestCentral;
let ca: string;
let another: string;
let tls: ServingPair;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  const authority = await createAuthority('corp');
  ca = authority.certPem;
  tls = await authority.serving('idp');
  another = (await createAuthority('another')).certPem;
});
afterAll(async () => {
  await stopUpstreams();
  await central?.stop();
  await db.close();
});

const start = (name: string, spec: object): ReturnType<typeof startUpstream> =>
  startUpstream(central, { dialect: 'okta', name, people, tls, spec });

/** Why signing in with it failed, as the audit trail tells it. */
async function toldOf(provider: string): Promise<Record<string, string>> {
  let details: Record<string, string> = {};
  await eventually(
    async () => {
      const { body } = await central.get('/audit/events?type=identity_provider.failed');
      const items = body.items as { details: Record<string, string> }[];
      const found = items.find((one) => one.details['provider'] === provider);
      expect(found).toBeDefined();
      details = found?.details ?? {};
    },
    { what: `an event about ${provider}` },
  );
  return details;
}

describe('a provider whose certificate is signed by a CA of the company', () => {
  test('lets people in once its caData names this CA', async () => {
    const right = await start('right', { caData: base64(ca) });
    const browser = new TestBrowser(central);
    const url = await begin(browser, right);
    expect(url).toMatch(/^https:/);
    expect((await browser.get(await comesBack(url, 'ada', { ca }))).status).toBe(303);
    expect(await knownAs(browser)).toBe('ada@right.example');
  });

  test.each([
    ['none', () => ({})],
    ['another', () => ({ caData: base64(another) })],
  ])('lets nobody in with %s named, and says what to set', async (name, spec) => {
    const provider = await start(name, spec());
    const browser = new TestBrowser(central);
    const form = await browser.get('/sign-in');
    const page = await browser.submit(form, {}, `/sign-in/with/${name}`);
    expect(page.status).toBe(502);
    expect(page.text).toContain(`certificate of ${name} is not trusted`);
    expect(page.text).toContain('caData');
    expect(page.text).toMatch(/Reference: <code>[a-z2-7]{10}<\/code>/);
    const { reason, why } = await toldOf(name);
    expect(reason).toBe('untrusted');
    expect(why).toContain(new URL(provider.issuer).host);
    expect(why).toMatch(/not issued by a CA known here .*set caData of this IdentityProvider/);
    expect(
      await central.metric(`ambit_idp_errors_total{provider="${name}",reason="untrusted"}`),
    ).toBe(1);
  });

  test('is told to who tests it before anybody signs in', async () => {
    await start('tried', { caData: base64(another) });
    const { body } = await central.call('POST', '/identityproviders/tried/tests');
    const browser = new TestBrowser(central);
    const asked = await browser.get(new URL(body.url).pathname);
    expect((await browser.submit(asked, {})).text).toContain('set caData');
    const { body: outcome } = await central.get(`/identityproviders/tried/tests/${body.id}`);
    expect(outcome).toMatchObject({ state: 'Failed', why: expect.stringContaining('set caData') });
  });

  test('is believed again within seconds of its caData being mended', async () => {
    const mended = await start('mended', { caData: base64(another) });
    const browser = new TestBrowser(central);
    const form = await browser.get('/sign-in');
    expect((await browser.submit(form, {}, '/sign-in/with/mended')).status).toBe(502);
    const { body } = await central.get('/identityproviders/mended');
    const spec = { ...body.spec, caData: base64(ca) };
    await central.apply(document('IdentityProvider', 'mended', spec));
    const again = await browser.get('/sign-in');
    const url = leadsTo(await browser.submit(again, {}, '/sign-in/with/mended'));
    expect(new URL(url).origin).toBe(new URL(mended.issuer).origin);
  });
});
