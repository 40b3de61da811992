import type { Page } from 'playwright-core';
import type { PagesWorld } from './pages-world.ts';

export const longName = `maria-${'von-und-zu-'.repeat(8)}hohenfels@very-long-subsidiary-name.example.com`;
/** Letters that would be markup, and no place to break a line. */
export const oddProgram = `<b>ambit</b>/1 ${'x'.repeat(150)} "quoted" & 'so'`;

export interface Walk {
  readonly world: PagesWorld;
  /** Nobody is signed in with it. */
  readonly fresh: Page;
  /** Somebody with a long name is. */
  readonly signed: Page;
}

/** A page: how one comes to it, what its heading says, and its status. */
export type PageRow = readonly [
  name: string,
  heading: string,
  status: number,
  walk: (walk: Walk) => Promise<Page>,
];

/** Each page there is while no provider is known. */
export const pages: readonly PageRow[] = [
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

export async function at(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  return page;
}

export async function press(page: Page, name: string): Promise<Page> {
  await page.getByRole('button', { name, exact: true }).click();
  return page;
}

async function setUpBy(page: Page, code: string): Promise<Page> {
  await page.goto('/sign-in/set-up');
  await page.getByLabel('Set-up code').fill(code);
  return press(page, 'Go on');
}

export async function deviceToAnswer({ signed, world }: Walk): Promise<Page> {
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
