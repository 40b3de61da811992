import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { logInByForm, startDevProvider } from '@ambit/dev-provider';
import type { DevPerson, DevProvider, DialectName, ServingPair } from '@ambit/dev-provider';
import { defined } from '@ambit/kernel';
import type { TestCentral } from './central.test-support.ts';
import { document } from './central.test-support.ts';
import { TestBrowser } from './sign-in.test-support.ts';
import type { Page } from './sign-in.test-support.ts';

/** A provider that runs, under the name that it has in central. */
export interface TestUpstream extends DevProvider {
  readonly name: string;
}

export interface UpstreamOptions {
  readonly dialect: DialectName;
  /** Without an e-mail they have one in the provider's domain. */
  readonly people: readonly (Omit<DevPerson, 'email'> & { readonly email?: string })[];
  /** More of its spec. */
  readonly spec?: object;
  readonly name?: string;
  readonly start?: typeof startDevProvider;
  readonly tls?: ServingPair;
  /** Where people reach central, when that is not where it listens. */
  readonly centralUrl?: string;
}

/** Starts a provider and makes it known to central; its secret stands where central looks for it. */
export async function startUpstream(
  central: TestCentral,
  {
    dialect,
    people,
    spec = {},
    name = dialect,
    start = startDevProvider,
    centralUrl,
    tls,
  }: UpstreamOptions,
): Promise<TestUpstream> {
  const redirectUris = [`${centralUrl ?? central.running.restUrl}/sign-in/callback/${name}`];
  const domain = `${name}.example`;
  const known = people.map((one) => ({ email: `${one.name}@${domain}`, ...one }));
  const provider = await start({ dialect, people: known, redirectUris, ...defined({ tls }) });
  await keepSecret(central, name, provider.clientSecret);
  const { issuer, clientId } = provider;
  const whole = {
    ...{ preset: dialect, issuer, clientId, clientSecret: { file: name }, internal: true },
    ...{ provisioning: 'OnSignIn', domains: [domain] },
    ...spec,
  };
  running.push(provider);
  await central.apply(document('IdentityProvider', name, whole));
  return { ...provider, name, ...bound(provider) };
}

/** Where central looks for secrets that are named as files. */
export const secretsOf = ({ dataDir }: TestCentral): string =>
  join(dataDir, 'central', 'idp-secrets');

async function keepSecret(central: TestCentral, name: string, secret: string): Promise<void> {
  await mkdir(secretsOf(central), { recursive: true });
  await writeFile(join(secretsOf(central), name), `${secret}\n`);
}

const running: DevProvider[] = [];

/** Stops every provider that was started here. */
export async function stopUpstreams(): Promise<void> {
  await Promise.all(running.splice(0).map((provider) => provider.stop()));
}

/** What a spread of a class leaves behind. */
const bound = (
  provider: DevProvider,
): Pick<DevProvider, 'misbehave' | 'rotateKeys' | 'logoutToken' | 'stop'> => ({
  misbehave: (faults) => provider.misbehave(faults),
  rotateKeys: () => provider.rotateKeys(),
  logoutToken: (name, claims) => provider.logoutToken(name, claims),
  stop: () => provider.stop(),
});

/** Where the button leads. */
export async function begin(
  browser: TestBrowser,
  { name }: { readonly name: string },
  path = '/sign-in',
): Promise<string> {
  const page = await browser.get(path);
  return leadsTo(await browser.submit(page, {}, `/sign-in/with/${name}`));
}

/** Where a page goes by itself. */
export function leadsTo({ status, text }: Page): string {
  const url = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(text)?.[1];
  if (url === undefined) throw new Error(`the page leads nowhere: ${status} ${text}`);
  return url.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
}

/** Path and query with which the browser comes back once somebody signed in there. */
export async function comesBack(
  url: string,
  person: string,
  trust: { readonly ca?: string } = {},
): Promise<string> {
  const back = await logInByForm(url, person, trust);
  return `${back.pathname}${back.search}`;
}

/** The whole way, from the button to what central answers. */
export async function signInWith(
  central: TestCentral,
  upstream: { readonly name: string },
  person: string,
): Promise<{ readonly browser: TestBrowser; readonly page: Page }> {
  const browser = new TestBrowser(central);
  const url = await begin(browser, upstream);
  return { browser, page: await browser.get(await comesBack(url, person)) };
}

/** Whom central knows the browser as; undefined: nobody. */
export async function knownAs(browser: TestBrowser): Promise<string | undefined> {
  const { status, text } = await browser.get('/sign-in');
  expect(status).toBe(200);
  return /signed in as <strong>([^<]+)<\/strong>/.exec(text)?.[1];
}

export async function membersOf(central: TestCentral, group: string): Promise<readonly string[]> {
  const { body } = await central.get(`/groups/${group}/members`);
  return body.items.map(({ user }: { readonly user: string }) => user);
}
