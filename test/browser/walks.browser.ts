import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { codeOf, forgetCodes, password } from '../../apps/central/src/sign-in.test-support.ts';
import { runCaptured } from '../../apps/cli/src/captured-run.test-support.ts';
import {
  answerLogin,
  heading as headingOn,
  loginByBrowser,
  loginByDevice,
  press as pressOn,
} from './login.ts';
import { hasChromium, PagesWorld } from './pages-world.ts';

(hasChromium ? describe : describe.skip)('a browser without scripts', () => {
  let world: PagesWorld;
  let context: BrowserContext;
  let page: Page;
  let env: Record<string, string>;

  beforeAll(async () => {
    world = await PagesWorld.start();
    await world.addPerson('ada');
  });
  afterAll(() => world?.stop(), 60_000);
  beforeEach(async () => {
    await world.forgetAttempts();
    context = await world.newContext();
    page = await context.newPage();
    env = world.commandLine(`home-${Math.round(performance.now())}`);
  });
  afterEach(() => context.close());

  const heading = (name: string): Promise<void> => headingOn(page, name);
  const press = (name: string): Promise<void> => pressOn(page, name);
  const signIn = async (): Promise<void> => {
    await page.goto('/sign-in');
    await world.signIn(page, 'ada');
    await heading('Signed in');
  };

  test('sets up a sign-in by a code that is good once, signs in with it, and out', async () => {
    const setUpCode = await world.offerSetUp('grace');
    await page.goto('/sign-in/set-up');
    await page.getByLabel('Set-up code').fill(setUpCode);
    await press('Go on');
    const secret = (await page.locator('code').textContent()) ?? '';
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    await page.getByLabel('Password, of 12 characters or more').fill(password);
    await page.getByLabel('The same password again').fill(password);
    await page.getByLabel('Code that the authenticator shows now').fill(codeOf(secret));
    await press('Set up');
    await heading('Done');
    await page.goto('/sign-in/set-up');
    await page.getByLabel('Set-up code').fill(setUpCode);
    await press('Go on');
    expect(await page.getByRole('alert').textContent()).toContain('This code is not good');

    await forgetCodes(world.db, 'grace');
    await page.goto('/sign-in');
    await page.getByLabel('Name').fill('grace');
    await page.getByLabel('Password').fill(password);
    await page.getByLabel('Code of your authenticator').fill(codeOf(secret));
    await press('Sign in');
    await page.getByText('You are signed in as grace').waitFor();
    // No host and no path but ours can have set it, no script reads it, and no other site sends it along.
    expect(await context.cookies()).toEqual([
      expect.objectContaining({
        name: '__Host-ambit',
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
        path: '/',
      }),
    ]);
    await press('Sign out');
    await heading('Signed out');
    await page.goto('/sign-in');
    await heading('Sign in');
  });

  test('is told that a password is wrong, and how long to wait, without losing its way', async () => {
    const { code } = await world.signInFields('ada');
    const { user_code: userCode } = await world.askAsDevice();
    await page.goto(`/sign-in/device?user_code=${userCode}`);
    for (let tries = 0; tries < 6; tries++) {
      await page.getByLabel('Name').fill('ada');
      await page.getByLabel('Password').fill('not the password');
      await page.getByLabel('Code of your authenticator').fill(code);
      await press('Sign in');
    }
    expect(await page.getByRole('alert').textContent()).toMatch(/^Too many tries\. Wait \d+ s/);
    await world.forgetAttempts();
    await world.signIn(page, 'ada');
    expect(await page.getByLabel('Code that the program shows').inputValue()).toBe(userCode);
  });

  test('approves a device by the button alone: neither its link nor its code does', async () => {
    const device = await world.askAsDevice();
    await page.goto(device.verification_uri_complete);
    await world.signIn(page, 'ada');
    await heading('Let a program in');
    expect(await world.poll(device)).toMatchObject({ error: 'authorization_pending' });
    await press('Go on');
    await heading('Let this program in?');
    for (const shown of [device.user_code, 'ada', 'ambit/test <on a laptop>', '127.0.0.1'])
      await page.getByRole('definition').filter({ hasText: shown }).waitFor();
    await page.reload();
    expect(await world.poll(device)).toMatchObject({ error: 'authorization_pending' });
    await press('Approve');
    await heading('Approved');
    expect(await world.poll(device)).toMatchObject({
      access_token: expect.stringMatching(/^amba_/),
    });
    // The code is of no use again, and what was asked and answered is kept nowhere.
    const later = await context.newPage();
    await later.goto(device.verification_uri_complete);
    await later.getByRole('button', { name: 'Go on' }).click();
    expect(await later.getByRole('alert').textContent()).toContain('No program waits');
    await expect(page.goBack()).rejects.toThrow('ERR_CACHE_MISS');
  });

  test('rejects a device', async () => {
    const device = await world.askAsDevice();
    await signIn();
    await page.goto(device.verification_uri_complete);
    await press('Go on');
    await press('Reject');
    await heading('Rejected');
    expect(await world.poll(device)).toMatchObject({ error: 'access_denied' });
  });

  test('needs no mouse to sign in and to approve', async () => {
    const device = await world.askAsDevice();
    await page.goto(device.verification_uri_complete);
    const fields = await world.signInFields('ada');
    // The first field has the focus as the page opens.
    for (const text of [fields.name, fields.password, fields.code]) {
      await page.keyboard.type(text);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await heading('Let a program in');
    await page.keyboard.press('Enter');
    await heading('Let this program in?');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await heading('Approved');
  });

  test('lets `ambit login --device` in, which shows it the way', async () => {
    await loginByDevice(world, page, { env, person: 'ada' });
  });

  test('lets `ambit login` in, which opened it', async () => {
    await loginByBrowser(world, page, { env, person: 'ada' });
    const who = await runCaptured(['whoami'], { env });
    expect(who.out).toMatch(/Who: +user\/ada/);
  });

  test('brings its no back to `ambit login`', async () => {
    const { code, err } = await answerLogin(world, page, { env, person: 'ada', answer: 'Reject' });
    expect(code).toBe(4);
    expect(err).toContain('error: the sign-in was rejected');
  });
});
