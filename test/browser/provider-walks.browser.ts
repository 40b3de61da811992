import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { runCaptured } from '../../apps/cli/src/captured-run.test-support.ts';
import { heading as headingOn, loginByBrowser, loginByDevice, press as pressOn } from './login.ts';
import { hasChromium, PagesWorld } from './pages-world.ts';

(hasChromium ? describe : describe.skip)('a browser without scripts, through a provider', () => {
  const person = 'ada@corp.example';
  let world: PagesWorld;
  let context: BrowserContext;
  let page: Page;
  let env: Record<string, string>;

  beforeAll(async () => {
    world = await PagesWorld.start();
    await world.addPerson('ben');
    await world.addProvider({
      dialect: 'okta',
      name: 'corp',
      people: [
        { name: 'ada', groups: [] },
        { name: 'stranger', email: 'stranger@elsewhere.example', groups: [] },
      ],
      spec: { title: 'Corp' },
    });
  });
  afterAll(() => world?.stop(), 60_000);
  beforeEach(async () => {
    context = await world.newContext();
    page = await context.newPage();
    env = world.commandLine(`home-${Math.round(performance.now())}`);
  });
  afterEach(() => context.close());

  const heading = (name: string): Promise<void> => headingOn(page, name);
  const press = (name: string): Promise<void> => pressOn(page, name);
  const ownCookie = async () =>
    (await context.cookies(world.url)).find(({ name }) => name === '__Host-ambit');
  const signIn = (): Promise<void> => world.signInWith(page, 'Corp', 'ada');

  test('signs in, under another id of the browser, and out again', async () => {
    await page.goto('/sign-in');
    const before = await ownCookie();
    await signIn();
    await page.getByText(`You are signed in as ${person}`).waitFor();
    const after = await ownCookie();
    expect(after).toMatchObject({ secure: true, httpOnly: true });
    expect(after?.value).not.toBe(before?.value);
    // Nothing that the provider sent stands where the person, or whoever looks over a shoulder, finds it.
    expect(page.url()).toBe(`${world.url}/sign-in`);
    await press('Sign out');
    await heading('Signed out');
    await page.goto('/sign-in');
    await heading('Sign in');
  });

  test('signs in with a password of ours, which is folded below', async () => {
    await page.goto('/sign-in');
    expect(await page.getByLabel('Password').isVisible()).toBe(false);
    await world.signIn(page, 'ben');
    await page.getByText('You are signed in as ben').waitFor();
  });

  test('comes back to the device that waits, and approves it by the button alone', async () => {
    const device = await world.askAsDevice();
    await page.goto(device.verification_uri_complete);
    await signIn();
    await heading('Let a program in');
    expect(await world.poll(device)).toMatchObject({ error: 'authorization_pending' });
    await press('Go on');
    await page.getByRole('definition').filter({ hasText: person }).waitFor();
    await press('Approve');
    await heading('Approved');
    expect(await world.poll(device)).toMatchObject({
      access_token: expect.stringMatching(/^amba_/),
    });
  });

  test('lets `ambit login --device` in', async () => {
    await loginByDevice(world, page, { env, person, signIn });
  });

  test('lets `ambit login` in, which opened it', async () => {
    await loginByBrowser(world, page, { env, person, signIn });
    const who = await runCaptured(['whoami'], { env });
    expect(who.out).toContain(`user/${person}`);
  });

  test('whom the company may not speak for is not let in, and can sign in otherwise', async () => {
    await page.goto('/sign-in');
    await world.signInWith(page, 'Corp', 'stranger');
    await heading('You are not let in');
    await page.getByRole('link', { name: 'Back to sign-in' }).click();
    await world.signIn(page, 'ben');
    await page.getByText('You are signed in as ben').waitFor();
  });

  test('that a provider does not name as it should is nobody, and is shown the way back', async () => {
    await world.provider('corp').misbehave({ signing: 'another key' });
    await page.goto('/sign-in');
    await signIn();
    await heading('That did not work');
    await world.provider('corp').misbehave({});
    await page.getByRole('link', { name: 'Back to sign-in' }).click();
    await heading('Sign in');
  });
});
