import { expect } from '@jest/globals';
import { generateSync } from 'otplib';
import type { PolicyWriter, TestDatabase } from '@ambit/testing';
import type { TestCentral } from './central.test-support.ts';
import { offerSetUp } from './features/sign-in/public.ts';

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export const password = 'a long enough passphrase';
export type Fields = Readonly<Record<string, string>>;

/** A browser without scripts: it keeps cookies by their paths, sends forms, and follows nothing by itself. */
export class TestBrowser {
  readonly #central: TestCentral;
  readonly #from: string | undefined;
  readonly cookies = new Map<string, { readonly value: string; readonly path: string }>();

  /** `from`: the address that a proxy in front says it has. */
  constructor(central: TestCentral, from?: string) {
    this.#central = central;
    this.#from = from;
  }

  get(path: string): Promise<Page> {
    return this.#send(path, {});
  }

  post(path: string, fields: Fields): Promise<Page> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields) });
  }

  /** Sends the form of a page with these fields beside its hidden ones. */
  submit({ text }: Page, fields: Fields, action?: string): Promise<Page> {
    const target = action ?? /<form method="post" action="([^"]+)"/.exec(text)?.[1] ?? '';
    return this.post(target, { ...hiddenOf(text), ...fields });
  }

  async signIn(name: string, secret: string, path = '/sign-in'): Promise<Page> {
    const page = await this.get(path);
    return this.submit(page, { name, password, code: codeOf(secret) });
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const url = new URL(path, this.#central.running.restUrl);
    const cookie = [...this.cookies]
      .filter(([, { path: of }]) => url.pathname.startsWith(of))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const headers = {
      ...(cookie === '' ? {} : { cookie }),
      ...(this.#from === undefined ? {} : { 'x-forwarded-for': this.#from }),
    };
    const reply = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const set of reply.headers.getSetCookie()) this.#keep(set);
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  }

  #keep(set: string): void {
    const [pair = '', ...attributes] = set.split(/; */);
    const [name = '', ...value] = pair.split('=');
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
    this.cookies.set(name, { value: value.join('='), path });
  }
}

/** Hidden fields of the first form of a page. */
export function hiddenOf(text: string): Fields {
  const [first = ''] = text.split('</form>');
  const found = first.matchAll(
    /<input type="hidden" name="([^"]+)" (?:autocomplete="\w+" )?value="([^"]*)"/g,
  );
  return Object.fromEntries(Array.from(found, ([, name = '', value = '']) => [name, value]));
}

/** What the authenticator shows now. */
export const codeOf = (secret: string): string => generateSync({ secret });

/** The key that goes into the authenticator, as a page of set-up shows it. */
export const secretOn = ({ text }: Page): string =>
  /<code>([A-Z2-7]{32})<\/code>/.exec(text)?.[1] ?? '';

/** A person with a password and an authenticator, set up as people do it. Gives the authenticator's key. */
export async function localUser(
  central: TestCentral,
  { policy, db }: { readonly policy: PolicyWriter; readonly db: TestDatabase },
  name: string,
): Promise<string> {
  const setUpCode = await offerSetUp(policy.unit, { kind: 'system', name: 'test' }, name);
  const browser = new TestBrowser(central);
  const second = await browser.submit(await browser.get('/sign-in/set-up'), {
    set_up_code: setUpCode,
  });
  const secret = secretOn(second);
  const code = codeOf(secret);
  const done = await browser.submit(second, { password, again: password, code });
  expect(done).toMatchObject({
    status: 200,
    text: expect.stringContaining('Your sign-in is set up'),
  });
  await forgetCodes(db, name);
  return secret;
}

/** Lets the code of now be used again, so that no test waits for the next one. */
export async function forgetCodes({ database }: TestDatabase, name: string): Promise<void> {
  await database.query(
    `UPDATE local_credentials SET last_totp_step = NULL WHERE user_uid = (SELECT uid FROM users WHERE name = $1)`,
    [name],
  );
}

/** A browser in which the person is signed in. */
export async function signedInBrowser(
  central: TestCentral,
  db: TestDatabase,
  name: string,
  secret: string,
): Promise<TestBrowser> {
  const browser = new TestBrowser(central);
  expect(await browser.signIn(name, secret)).toMatchObject({ status: 303 });
  await forgetCodes(db, name);
  return browser;
}
