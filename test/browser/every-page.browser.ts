import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page, Response } from 'playwright-core';
import { keyboardReachesAll, looksRight, runsNoScript } from './look-at-page.ts';
import { hasChromium, PagesWorld } from './pages-world.ts';

const longName = `maria-${'von-und-zu-'.repeat(8)}hohenfels@very-long-subsidiary-name.example.com`;
/** Letters that would be markup, and no place to break a line. */
const oddProgram = `<b>ambit</b>/1 ${'x'.repeat(150)} "quoted" & 'so'`;

interface Walk {
  readonly world: PagesWorld;
  /** Nobody is signed in with it. */
  readonly fresh: Page;
  /** Somebody with a long name is. */
  readonly signed: Page;
}

/** Each page there is: how one comes to it, what its heading says, and its status. */
const pages: readonly (readonly [
  name: string,
  heading: string,
  status: number,
  walk: (walk: Walk) => Promise<Page>,
])[] = [
  ['sign-in', 'Sign in', 200, ({ fresh }) => at(fresh, '/sign-in')],
  [
    'sign-in that failed',
    'Sign in',
    403,
    async ({ fresh }) => {
      await fresh.goto('/sign-in');
      await fresh.getByLabel('Name').fill('nobody');
      await fresh.getByLabel('Password').fill('a guess');
      await fresh.getByLabel('Code of your authenticator').fill('123456');
      return press(fresh, 'Sign in');
    },
  ],
  ['signed in', 'Signed in', 200, ({ signed }) => at(signed, '/sign-in')],
  [
    'signed out',
    'Signed out',
    200,
    async ({ fresh, world }) => {
      await fresh.goto('/sign-in');
      await world.signIn(fresh, 'ben');
      return press(fresh, 'Sign out');
    },
  ],
  ['set-up', 'Set up your sign-in', 200, ({ fresh }) => at(fresh, '/sign-in/set-up')],
  [
    'set-up with a wrong code',
    'Set up your sign-in',
    403,
    async ({ fresh }) => setUpBy(fresh, 'aaaaa-bbbbb-ccccc-ddddd-eeeee'),
  ],
  [
    'set-up with a code',
    'Set up your sign-in',
    200,
    async ({ fresh, world }) => setUpBy(fresh, await world.offerSetUp(`new-${longName}`)),
  ],
  [
    'set-up that failed',
    'Set up your sign-in',
    422,
    async ({ fresh, world }) => {
      await setUpBy(fresh, await world.offerSetUp('gil'));
      await fresh.getByLabel('Password, of 12').fill('one long passphrase');
      await fresh.getByLabel('The same password').fill('quite another one');
      await fresh.getByLabel('Code that the').fill('123456');
      return press(fresh, 'Set up');
    },
  ],
  ['device', 'Let a program in', 200, ({ signed }) => at(signed, '/sign-in/device')],
  [
    'device with a wrong code',
    'Let a program in',
    403,
    async ({ signed }) => {
      await signed.goto('/sign-in/device?user_code=BCDF-GHJK');
      return press(signed, 'Go on');
    },
  ],
  ['device to approve', 'Let this program in?', 200, (walk) => deviceToAnswer(walk)],
  [
    'device approved',
    'Approved',
    200,
    async (walk) => press(await deviceToAnswer(walk), 'Approve'),
  ],
  ['device rejected', 'Rejected', 200, async (walk) => press(await deviceToAnswer(walk), 'Reject')],
  [
    'program on this machine to approve',
    'Let this program in?',
    200,
    async ({ signed }) => at(signed, authorization('http://127.0.0.1:9/callback')),
  ],
  [
    'program that does not wait any more',
    'Nobody waits',
    403,
    ({ signed }) => at(signed, '/sign-in/request/gone'),
  ],
  [
    'program that asks for what it may not',
    'That did not work',
    400,
    ({ fresh }) => at(fresh, authorization('https://elsewhere.example/callback')),
  ],
  [
    'form of another browser',
    'Please try again',
    403,
    async ({ fresh }) => {
      await fresh.goto('/sign-in/set-up');
      await fresh.getByLabel('Set-up code').fill('aaaaa');
      await fresh.context().clearCookies();
      return press(fresh, 'Go on');
    },
  ],
  ['a page that there is not', 'Not found', 404, ({ fresh }) => at(fresh, '/sign-in/nowhere')],
];

async function at(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  return page;
}

async function press(page: Page, name: string): Promise<Page> {
  await page.getByRole('button', { name, exact: true }).click();
  return page;
}

async function setUpBy(page: Page, code: string): Promise<Page> {
  await page.goto('/sign-in/set-up');
  await page.getByLabel('Set-up code').fill(code);
  return press(page, 'Go on');
}

async function deviceToAnswer({ signed, world }: Walk): Promise<Page> {
  const { verification_uri_complete: link } = await world.askAsDevice(oddProgram);
  await signed.goto(link);
  return press(signed, 'Go on');
}

function authorization(redirect: string): string {
  const asked = new URLSearchParams({
    client_id: 'ambit-cli',
    response_type: 'code',
    scope: 'openid offline_access',
    redirect_uri: redirect,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  return `/oauth2/auth?${String(asked)}`;
}

(hasChromium ? describe : describe.skip)('every page of sign-in, in a real browser', () => {
  let world: PagesWorld;
  let signedState: Awaited<ReturnType<BrowserContext['storageState']>>;
  const open: BrowserContext[] = [];

  beforeAll(async () => {
    world = await PagesWorld.start();
    await world.addPerson('ben');
    await world.addPerson(longName);
    const context = await world.newContext();
    const page = await context.newPage();
    await page.goto('/sign-in');
    await world.signIn(page, longName);
    signedState = await context.storageState();
    await context.close();
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);
  beforeEach(() => world.forgetAttempts());

  /** With scripts, which axe is one of. */
  async function walk(): Promise<Walk> {
    const fresh = await world.newContext({ javaScriptEnabled: true });
    const signed = await world.newContext({ javaScriptEnabled: true, storageState: signedState });
    open.push(fresh, signed);
    return { world, fresh: await fresh.newPage(), signed: await signed.newPage() };
  }

  /** The answer that the page on show came with. */
  function lastDocument(page: Page): () => Response | undefined {
    let last: Response | undefined;
    page.on('response', (response) => {
      if (response.request().isNavigationRequest() && response.status() !== 303) last = response;
    });
    return () => last;
  }

  test.each(pages)(
    '%s: fits and reads well in both themes, for axe, by keyboard, and runs no script',
    async (name, heading, status, go) => {
      const way = await walk();
      const [fresh, signed] = [lastDocument(way.fresh), lastDocument(way.signed)];
      const page = await go(way);
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
      expect(await page.title()).toBe(`${heading} - Ambit`);
      const answer = page === way.fresh ? fresh() : signed();
      expect(answer?.status()).toBe(status);
      const headers = (await answer?.allHeaders()) ?? {};
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(await page.content()).not.toMatch(/<script|javascript:|\son\w+=/i);
      await looksRight(page, name);
      await keyboardReachesAll(page);
      await runsNoScript(page);
      for (const context of open.splice(0)) await context.close();
    },
    60_000,
  );

  test('a program cannot write into the page what it says of itself', async () => {
    const page = await deviceToAnswer(await walk());
    await page.getByText(oddProgram.slice(0, 20)).waitFor();
    expect(await page.locator('b').count()).toBe(0);
    for (const context of open.splice(0)) await context.close();
  });
});
