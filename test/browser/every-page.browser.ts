import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page, Response } from 'playwright-core';
import { keyboardReachesAll, looksRight, runsNoScript } from './look-at-page.ts';
import { deviceToAnswer, longName, oddProgram, pages } from './page-table.ts';
import type { Walk } from './page-table.ts';
import { hasChromium, PagesWorld } from './pages-world.ts';
import { addProviders, pagesWithProviders } from './provider-page-table.ts';

const without = { pages, prepare: async (): Promise<void> => undefined };
const withProviders = { pages: pagesWithProviders, prepare: addProviders };

(hasChromium ? describe : describe.skip).each([
  ['without providers', without],
  ['with providers', withProviders],
])('every page of sign-in %s, in a real browser', (_, { pages: table, prepare }) => {
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
    await prepare(world);
  });
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

  test.each(table)(
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
