import type { Page } from 'playwright-core';
import { group } from '../../apps/central/src/central.test-support.ts';
import { at, longName, press } from './page-table.ts';
import type { PageRow, Walk } from './page-table.ts';
import type { PagesWorld } from './pages-world.ts';

/** As long as a title may be, with letters that would be markup. */
const title = 'Hohenfels & <Co> Beteiligungsverwaltungsgesellschaft von 1848 AG';
const domain = longName.split('@')[1] ?? '';
const teams = Array.from({ length: 60 }, (_, at) => `crew-${String(at).padStart(2, '0')}`);
/** Nothing can be called so. */
const oddTeams = ['Büro 7 <b>', `/${'very-long-path/'.repeat(20)}`];

/** One of them answers; one is down, and nobody asked it before. */
export async function addProviders(world: PagesWorld): Promise<void> {
  await world.central.apply(...teams.map((name) => group(`team-${name}`, [])));
  await world.addProvider({
    dialect: 'keycloak',
    name: 'corp',
    people: [
      { name: 'maria', email: longName, groups: [...teams, ...oddTeams] },
      { name: 'stranger', email: 'stranger@elsewhere.example', groups: [] },
    ],
    spec: { title, domains: [domain], groups: [{ each: 'claims.groups', prefix: 'team-' }] },
  });
  await world.addProvider({ dialect: 'okta', name: 'down', people: [] });
  await world.provider('down').misbehave({ down: true });
}

const named = `Sign in with ${title}`;

/** Each page that there is only with providers, and those that look otherwise with them. */
export const pagesWithProviders: readonly PageRow[] = [
  ['sign-in with providers', 'Sign in', 200, ({ fresh }) => at(fresh, '/sign-in')],
  [
    'sign-in with providers, password form open',
    'Sign in',
    200,
    async ({ fresh }) => {
      await fresh.goto('/sign-in');
      await fresh.locator('summary').click();
      return fresh;
    },
  ],
  [
    'sign-in with providers that failed',
    'Sign in',
    403,
    async ({ fresh }) => {
      await fresh.goto('/sign-in');
      await fresh.locator('summary').click();
      await fresh.getByLabel('Name').fill('nobody');
      await fresh.getByLabel('Password').fill('a guess');
      await fresh.getByLabel('Code of your authenticator').fill('123456');
      return press(fresh, 'Sign in');
    },
  ],
  ['one provider', named, 200, ({ fresh }) => at(fresh, '/sign-in/with/corp')],
  ['no such provider', 'Not found', 404, ({ fresh }) => at(fresh, '/sign-in/with/none')],
  [
    'provider that does not answer',
    'down does not answer',
    503,
    async ({ fresh }) => press(await at(fresh, '/sign-in/with/down'), 'Sign in with down'),
  ],
  [
    'provider whose answer is not right',
    'That did not work',
    502,
    (walk) => misbehaving(walk, async () => signInAs(walk, 'maria')),
  ],
  ['signed in with notes', 'Signed in', 200, async (walk) => signInAs(walk, 'maria')],
  ['not let in', 'You are not let in', 403, async (walk) => signInAs(walk, 'stranger')],
  ['not signed in there', 'Not signed in', 403, (walk) => turnedAway(walk)],
  [
    'answer of a provider that nobody waits for',
    'Please begin again',
    403,
    ({ fresh }) => at(fresh, '/sign-in/callback/corp?state=gone&code=gone'),
  ],
  ['test of a provider', 'Test of corp', 200, (walk) => openTest(walk)],
  [
    'test of a provider, with what it says',
    `Test of ${title}`,
    200,
    async (walk) => unfolded(await testAs(walk, 'maria')),
  ],
  [
    'test of a provider, of somebody who is not let in',
    `Test of ${title}`,
    200,
    async (walk) => testAs(walk, 'stranger'),
  ],
  [
    'test of a provider that failed',
    `Test of ${title}`,
    200,
    (walk) => misbehaving(walk, async () => testAs(walk, 'maria')),
  ],
  [
    'test of a provider that is over',
    'This test is over',
    404,
    ({ fresh }) => at(fresh, `/sign-in/test/${'x'.repeat(43)}`),
  ],
];

/** Whom nobody signed in yet, with the button of its page. */
async function signInAs({ fresh, world }: Walk, name: string): Promise<Page> {
  await fresh.goto('/sign-in/with/corp');
  await world.signInWith(fresh, title, name);
  await cameBack(fresh, world);
  return fresh;
}

async function openTest({ fresh, world }: Walk): Promise<Page> {
  const { body } = await world.central.call('POST', '/identityproviders/corp/tests');
  return at(fresh, body.url);
}

async function testAs(walk: Walk, name: string): Promise<Page> {
  const page = await openTest(walk);
  await press(page, 'Go on');
  await page.getByRole('heading', { level: 1, name: 'Log in', exact: true }).waitFor();
  await page.getByLabel('Name').fill(name);
  await press(page, 'Log in');
  await cameBack(page, walk.world);
  return page;
}

/** With what it hides behind a word. */
async function unfolded(page: Page): Promise<Page> {
  for (const summary of await page.locator('summary').all()) await summary.click();
  return page;
}

const cameBack = (page: Page, world: PagesWorld): Promise<void> =>
  page.waitForURL((url) => url.origin === world.url && url.pathname.endsWith('/callback/corp'));

/** The provider signs with a key that it does not publish. */
async function misbehaving({ world }: Walk, walk: () => Promise<Page>): Promise<Page> {
  const provider = world.provider('corp');
  await provider.misbehave({ signing: 'another key' });
  try {
    return await walk();
  } finally {
    await provider.misbehave({});
  }
}

/** The person says no there, or may not use Ambit. */
async function turnedAway({ fresh, world }: Walk): Promise<Page> {
  const { issuer } = world.provider('corp');
  const asked = fresh.waitForRequest(
    (request) => request.url().startsWith(issuer) && request.url().includes('state='),
  );
  await press(await at(fresh, '/sign-in/with/corp'), named);
  const state = new URL((await asked).url()).searchParams.get('state') ?? '';
  await fresh.getByRole('heading', { level: 1, name: 'Log in', exact: true }).waitFor();
  const answer = new URLSearchParams({ error: 'access_denied', state, iss: issuer });
  return at(fresh, `/sign-in/callback/corp?${String(answer)}`);
}
